"""Opens the ledger's SQLite file in whatever state it was left, and brings its tables up to date.

The file is only a cache of what the output folder shows: a damaged one is replaced by an empty one. It is in
write-ahead mode, and its lock is held while it is open. So it needs no shared memory (which network file
systems do not have), a kill at any moment leaves it intact, and a commit does not wait for the disk.
Source: sqlite.org/wal.html, "Use of WAL Without Shared-Memory".
"""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from pipeline.errors import OutputError
from pipeline.files.outputs import output_errors
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
    discard_ledger_file(path)
    return _open_checked(path)


def discard_ledger_file(path: Path) -> None:
    """Remove the file and its companions; the log first, which a new file would take for its own."""
    with output_errors(path):
        for suffix in ("-wal", "-journal", "-shm", ""):
            path.with_name(path.name + suffix).unlink(missing_ok=True)


class _DamagedError(Exception):
    """The file is not a ledger of this program, or is no longer intact."""


def _open_checked(path: Path) -> sqlite3.Connection:
    with ledger_errors(path):
        connection = sqlite3.connect(path, isolation_level=None, timeout=10.0, check_same_thread=False)
        try:
            connection.execute("PRAGMA locking_mode = EXCLUSIVE")
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")
            connection.execute("PRAGMA cell_size_check = ON")
            _migrate(connection, path)
            return connection
        except BaseException as error:
            connection.close()
            if _is_damage(error):
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


def _is_damage(error: BaseException) -> bool:
    code = getattr(error, "sqlite_errorcode", None)
    return code is not None and code & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


@contextlib.contextmanager
def ledger_errors(path: Path) -> Iterator[None]:
    """Turn SQLite's errors into a sentence with a remedy; remove a damaged ledger.

    Raises: OutputError: names the file and, where the disk is full, its mount point.
    """
    try:
        yield
    except sqlite3.Error as error:
        if _is_damage(error):
            discard_ledger_file(path)
            raise OutputError(
                f"{printable(path)}: the ledger is damaged ({error}); start again: "
                "it is rebuilt from the reports"
            ) from None
        with output_errors(path):
            match getattr(error, "sqlite_errorcode", 0) & 0xFF:
                case sqlite3.SQLITE_FULL:
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)) from None
                case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_PERM:
                    raise OSError(errno.EACCES, str(error)) from None
        raise OutputError(
            f"{printable(path)}: the ledger cannot be written ({error}); "
            "see that the disk is sound and that nothing else has the file open"
        ) from None
