"""Opens the ledger's SQLite file in whatever state it was left, and brings its tables up to date.

The file is only a cache of what the output folder shows: a damaged one is replaced by an empty one.
"""

from __future__ import annotations

import contextlib
import logging
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from pipeline.errors import OutputError
from pipeline.files.database import connect, database_errors, discard_database, is_damage
from pipeline.text import printable

LEDGER_NAME = ".deepvisualminer.sqlite"

_APPLICATION_ID = 0x44564D4C
"""`DVML`: marks the file as this program's, also for `file(1)`."""

MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        # Where INPUT lay, the pipeline, and the limits that may have caused a failure.
        """CREATE TABLE contexts (
            id INTEGER PRIMARY KEY, root BLOB NOT NULL, pipeline TEXT NOT NULL, limits TEXT NOT NULL,
            UNIQUE (root, pipeline, limits))""",
        # Names are bytes, because SQLite's text has to be Unicode. Lists of names are joined by NUL.
        # `told` says whether a failure was reported.
        """CREATE TABLE inputs (
            path BLOB PRIMARY KEY, size INTEGER NOT NULL, mtime_ns INTEGER NOT NULL,
            device INTEGER NOT NULL, inode INTEGER NOT NULL, ctime_ns INTEGER NOT NULL,
            context INTEGER NOT NULL, format TEXT, status TEXT NOT NULL, code TEXT, sentence TEXT NOT NULL,
            frames INTEGER NOT NULL, duration_s REAL NOT NULL, sha256 BLOB, outputs BLOB NOT NULL,
            older_outputs BLOB NOT NULL, attempts INTEGER NOT NULL, told INTEGER NOT NULL
            ) WITHOUT ROWID""",
        "CREATE INDEX inputs_like ON inputs (size, mtime_ns) WHERE sha256 IS NOT NULL",
    ),
)
"""Step i migrates from schema version i to i + 1. Add steps; never change one that was released."""

_log = logging.getLogger(__name__)


def open_ledger_file(path: Path) -> sqlite3.Connection:
    """Open the ledger's file for the one process that holds the output folder's lock.

    Returns: the connection, in autocommit mode.
    Raises:
        OutputError: it cannot be opened or written, or a newer version wrote it.
    """
    if path.exists() and not path.is_file():
        raise OutputError(f"{printable(path)}: something else stands where the ledger belongs; remove it")
    try:
        return _open_checked(path)
    except _DamagedError as error:
        _log.warning("%s: the ledger is damaged (%s) and is rebuilt", printable(path), error)
    discard_database(path)
    return _open_checked(path)


class _DamagedError(Exception):
    """The file is not a ledger of this program, or is no longer intact."""


def _open_checked(path: Path) -> sqlite3.Connection:
    connection = None
    try:
        with database_errors(path, "the ledger"):
            connection = connect(path)
            _migrate(connection, path)
            return connection
    except BaseException as error:
        if connection is not None:
            connection.close()
        if is_damage(error):
            raise _DamagedError(str(error)) from None
        raise


def _migrate(connection: sqlite3.Connection, path: Path) -> None:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if tables and application != _APPLICATION_ID:
        raise _DamagedError("it is no ledger")
    if version > len(MIGRATIONS):
        raise OutputError(
            f"{printable(path)}: a ledger of version {version}, written by a newer version of this program, "
            f"which knows {len(MIGRATIONS)}; use that one, or delete the file: "
            "it is rebuilt from the reports"
        )
    if version:
        (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
        if verdict != "ok":
            raise _DamagedError(" ".join(str(verdict).split()))
    connection.execute("BEGIN IMMEDIATE")  # all steps or none
    _take_steps(connection, version)
    connection.execute(f"PRAGMA application_id = {_APPLICATION_ID}")
    connection.execute("COMMIT")
    with contextlib.closing(sqlite3.connect(":memory:", isolation_level=None)) as fresh:
        _take_steps(fresh, 0)
        if _tables(connection) != _tables(fresh):
            raise _DamagedError("its tables are not those that this program creates")


def _take_steps(connection: sqlite3.Connection, version: int) -> None:
    for number, step in enumerate(MIGRATIONS[version:], version + 1):
        for statement in step:
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {number}")


def _tables(connection: sqlite3.Connection) -> set[tuple[str, str]]:
    return set(connection.execute("SELECT name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_%'"))


@contextlib.contextmanager
def ledger_errors(path: Path) -> Iterator[None]:
    """Turn SQLite's errors into a sentence with a remedy; remove a damaged ledger.

    Raises: OutputError: names the file and, where the disk is full, its mount point.
    """
    try:
        with database_errors(path, "the ledger"):
            yield
    except sqlite3.Error as error:  # it is damaged
        discard_database(path)
        raise OutputError(
            f"{printable(path)}: the ledger is damaged ({error}); start again: it is rebuilt from the reports"
        ) from None
