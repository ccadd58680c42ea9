"""The tables in PostgreSQL. They are derived: tables of another version are dropped and loaded again."""

from __future__ import annotations

from typing import Any

from search import serialized
from search.sql import PARTIAL
from search.tokens import TOKENS_VERSION

SCHEMA = "deepvisualminer"
"""The schema that holds all tables and belongs to this program alone."""
VERSION = f"3/{serialized.VERSION}/{TOKENS_VERSION}"
LOADING_LOCK = 0x44564D53
"""The advisory lock that a process holds while it loads."""

_STATEMENTS = (
    f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}",
    "CREATE TABLE meta (key text PRIMARY KEY, value text NOT NULL)",
    # Labels (kind 1), names (2), keywords (3); key: what they are compared by; files: how many have it.
    """CREATE TABLE term (id serial PRIMARY KEY, kind smallint NOT NULL, text text NOT NULL,
        key text NOT NULL, files bigint NOT NULL DEFAULT 0, UNIQUE (kind, text))""",
    # age: the date's digits with a minus sign, so that ascending is newest first and unknown (0) comes last.
    # document: all of it, compressed. words: the tokens of the path, and of the title with weight A, made by
    # this program. best: the best confidence of any box, millionths.
    """CREATE TABLE file (id bigserial PRIMARY KEY, path bytea NOT NULL UNIQUE, age bigint NOT NULL,
        kind smallint NOT NULL, flags smallint NOT NULL, faces integer NOT NULL, best integer, camera text,
        rating smallint NOT NULL, latitude double precision, longitude double precision, cell integer,
        terms integer[] NOT NULL, words tsvector NOT NULL, stamp bigint NOT NULL, document bytea NOT NULL)""",
    "CREATE INDEX file_age ON file (age, id)",
    "CREATE INDEX file_terms ON file USING gin (terms)",
    "CREATE INDEX file_words ON file USING gin (words)",
    "CREATE INDEX file_cell ON file (cell) WHERE cell IS NOT NULL",
    # Few files are truncated: a walk from the newest to the oldest would look at most others.
    f"CREATE INDEX file_partial ON file (age, id) WHERE flags & {PARTIAL} <> 0",
    "CREATE INDEX file_rating ON file (rating) WHERE rating <> 0",
    "CREATE INDEX file_camera ON file (camera) WHERE camera IS NOT NULL",
    # A term's files, newest first. n: how often at once; ladder: the least confidence of 1, 2, 3 ... of it,
    # thousandths, 9999 for a box without a confidence; best: the first step in millionths.
    """CREATE TABLE posting (term integer NOT NULL, age bigint NOT NULL, file bigint NOT NULL,
        n integer NOT NULL, best integer, ladder smallint[], PRIMARY KEY (term, age, file))""",
    "CREATE INDEX posting_file ON posting (file)",
    "CREATE INDEX posting_several ON posting (term, age, file) WHERE n > 1",
    # The spans of videos, seconds; confidence in millionths.
    """CREATE TABLE moment (file bigint NOT NULL, term integer NOT NULL, first double precision NOT NULL,
        last double precision NOT NULL, confidence integer)""",
    "CREATE INDEX moment_file ON moment (file, term)",
)


def prepare(connection: Any) -> None:
    """Make the tables, or make them again if they are of another version."""
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (LOADING_LOCK + 1,))
        if is_current(connection):
            return
        connection.execute(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE")
        for statement in _STATEMENTS:
            connection.execute(statement)
        connection.execute("INSERT INTO meta VALUES ('version', %s)", (VERSION,))


def is_current(connection: Any) -> bool:
    """Whether the tables of this version are there."""
    if connection.execute("SELECT to_regclass(%s)", (f"{SCHEMA}.meta",)).fetchone() == (None,):
        return False
    found = connection.execute("SELECT value FROM meta WHERE key = 'version'").fetchone()
    return bool(found == (VERSION,))
