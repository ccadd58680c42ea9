"""The tables of the index. They are derived from reports, so another version is made again, not migrated."""

from __future__ import annotations

import sqlite3

from search.tokens import TOKENS_VERSION

APPLICATION_ID = 0x44564D53
"""`DVMS`: what `file` and this program know the file by."""
VERSION = 3
"""Raised with every change of a table or of what stands in it."""

LADDER_DIGITS = 4
"""A step of `posting.ladder`, as `search.sql.step_of` returns it."""

_TABLES = (
    "CREATE TABLE meta (key TEXT PRIMARY KEY, value) WITHOUT ROWID",
    # INPUT's folders, absolute; folders below them; strings that stand on many rows.
    "CREATE TABLE root (id INTEGER PRIMARY KEY, path BLOB UNIQUE NOT NULL)",
    "CREATE TABLE folder (id INTEGER PRIMARY KEY, path BLOB UNIQUE NOT NULL)",
    "CREATE TABLE word (id INTEGER PRIMARY KEY, text TEXT UNIQUE NOT NULL)",
    "CREATE TABLE camera (id INTEGER PRIMARY KEY, name TEXT UNIQUE NOT NULL)",
    # Labels (kind 1), names (2), keywords (3); key: what they are compared by; files: how many have it.
    """CREATE TABLE term (id INTEGER PRIMARY KEY, kind INTEGER NOT NULL, text TEXT NOT NULL,
        key TEXT NOT NULL, files INTEGER NOT NULL DEFAULT 0, UNIQUE (kind, text))""",
    # Names are bytes: SQLite's text refuses what is not Unicode. age: the date's digits with a minus sign, so
    # that ascending is newest first and unknown (0) comes last. sure: the best confidence of any box. cell:
    # of a grid of 0.05 degrees. reports: names joined by NUL, where they are not just name.json. source:
    # where it is not root/folder/name.
    """CREATE TABLE file (id INTEGER PRIMARY KEY, folder INTEGER NOT NULL, name BLOB NOT NULL,
        root INTEGER NOT NULL, age INTEGER NOT NULL, kind INTEGER NOT NULL, flags INTEGER NOT NULL,
        faces INTEGER NOT NULL, sure INTEGER, camera INTEGER, rating INTEGER NOT NULL, title TEXT,
        offset_min INTEGER, width INTEGER NOT NULL, height INTEGER NOT NULL, format INTEGER NOT NULL,
        latitude REAL, longitude REAL, altitude REAL, cell INTEGER, sha256 BLOB, bytes INTEGER NOT NULL,
        duration REAL, pipeline INTEGER NOT NULL, stamp INTEGER NOT NULL, reports BLOB, source BLOB,
        UNIQUE (folder, name))""",
    # All that a walk from newest to oldest may ask of a row is in this index, a fifth of the table's size.
    "CREATE INDEX file_age ON file (age, kind, flags, faces, sure, camera, rating)",
    "CREATE INDEX file_cell ON file (cell) WHERE cell IS NOT NULL",
    # A term's files, newest first. n: how often at once; best: the first step of the ladder (NULL: no
    # confidence); ladder: all steps, where there are several.
    """CREATE TABLE posting (term INTEGER NOT NULL, age INTEGER NOT NULL, file INTEGER NOT NULL,
        n INTEGER NOT NULL, best INTEGER, ladder TEXT, PRIMARY KEY (term, age, file)) WITHOUT ROWID""",
    # The boxes of photos.
    """CREATE TABLE detection (file INTEGER NOT NULL, n INTEGER NOT NULL, term INTEGER NOT NULL,
        component INTEGER NOT NULL, confidence INTEGER, distance REAL, x1 INTEGER NOT NULL,
        y1 INTEGER NOT NULL, x2 INTEGER NOT NULL, y2 INTEGER NOT NULL,
        PRIMARY KEY (file, n)) WITHOUT ROWID""",
    # The terms of files that have neither a detection nor a moment: keywords.
    """CREATE TABLE boxless (file INTEGER NOT NULL, term INTEGER NOT NULL,
        PRIMARY KEY (file, term)) WITHOUT ROWID""",
    # The spans of videos, each with its best box; seconds.
    """CREATE TABLE moment (file INTEGER NOT NULL, term INTEGER NOT NULL, first REAL NOT NULL,
        last REAL NOT NULL, frames INTEGER NOT NULL, component INTEGER NOT NULL, confidence INTEGER,
        time REAL NOT NULL, frame INTEGER NOT NULL, x1 INTEGER NOT NULL, y1 INTEGER NOT NULL,
        x2 INTEGER NOT NULL, y2 INTEGER NOT NULL, PRIMARY KEY (file, term, first)) WITHOUT ROWID""",
    # How many files there are of each year, type (1, 2) and camera.
    """CREATE TABLE facet (kind TEXT NOT NULL, value INTEGER NOT NULL, files INTEGER NOT NULL,
        PRIMARY KEY (kind, value)) WITHOUT ROWID""",
    # The tokens of paths and titles. They are made in Python: this tokenizer only splits them at spaces.
    "CREATE VIRTUAL TABLE words USING fts5(path, title, content='', columnsize=0, tokenize='ascii')",
)


TERMS_OF_FILE = (
    "SELECT term FROM detection WHERE file = ?1 UNION SELECT term FROM moment WHERE file = ?1 "
    "UNION SELECT term FROM boxless WHERE file = ?1"
)
"""The numbers of a file's terms, each once; `posting` cannot be searched by file."""


def create(connection: sqlite3.Connection) -> None:
    """Create the tables in an empty file, in one transaction."""
    connection.execute("BEGIN IMMEDIATE")
    for statement in _TABLES:
        connection.execute(statement)
    connection.execute("INSERT INTO meta VALUES ('tokens', ?)", (TOKENS_VERSION,))
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {VERSION}")
    connection.execute("COMMIT")


def is_current(connection: sqlite3.Connection) -> bool:
    """Return whether the file has this version's tables and definition of words. False for an empty file."""
    if connection.execute("PRAGMA application_id").fetchone() != (APPLICATION_ID,):
        return False
    if connection.execute("PRAGMA user_version").fetchone() != (VERSION,):
        return False
    tokens = connection.execute("SELECT value FROM meta WHERE key = 'tokens'").fetchone()
    return bool(tokens == (TOKENS_VERSION,))
