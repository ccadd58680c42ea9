"""Open the index's file for reading or writing in any state, and turn SQLite's errors into sentences.

The file is in write-ahead mode, so that queries run during an update. On a read-only disk it is read without
a log.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import shlex
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote_from_bytes

from pipeline.errors import MinerError, OutputError, UsageError
from pipeline.files.outputerrors import output_errors
from pipeline.host.command import command
from pipeline.text import printable
from search.sqlite import schema

_log = logging.getLogger(__name__)
_BUSY_S = 20.0
_WRITER_CACHE_KIB = 96 << 10
_READER_CACHE_KIB = 16 << 10
_DAMAGE = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_FORMAT)
_LEAST_FREE_BYTES = 1 << 20
_SIDE_FILES = ("-wal", "-journal", "-shm", "")
"""The file's log first: a new file would take it for its own."""


class DamagedIndexError(MinerError):
    """The index is damaged or of another version."""


def open_to_write(path: Path) -> sqlite3.Connection:
    """Open the index for its one writer. A missing, damaged or outdated one is made again, empty.

    Returns: the connection, in autocommit mode.
    Raises: OutputError: it cannot be written there.
    """
    if path.exists() and not path.is_file():
        raise OutputError(f"{printable(path)}: something else stands where the index belongs; remove it")
    try:
        return _open_writable(path)
    except DamagedIndexError as error:
        warn_of_remaking(error)
    discard(path)
    return _open_writable(path)


def open_to_read(path: Path) -> sqlite3.Connection:
    """Open the index for queries.

    Returns: a connection that cannot change anything.
    Raises:
        UsageError: there is none.
        DamagedIndexError: it is damaged or of another version.
        OutputError: it cannot be read.
    """
    if not path.is_file():
        raise UsageError(
            f"{printable(path.parent)}: there is no search index yet; make it: {_index_command(path)}"
        )
    with sqlite_errors(path):
        connection = _connect_readable(path)
        try:
            connection.execute(f"PRAGMA cache_size = -{_READER_CACHE_KIB}")
            if not schema.is_current(connection):
                raise DamagedIndexError(_remake(path, "is of another version of this program"))
        except BaseException:
            connection.close()
            raise
    return connection


def discard(path: Path) -> None:
    """Remove the file, its log and its shared memory."""
    with output_errors(path):
        for suffix in _SIDE_FILES:
            path.with_name(path.name + suffix).unlink(missing_ok=True)


def warn_of_remaking(error: DamagedIndexError) -> None:
    """Log that an index is made again, and why."""
    _log.warning("%s; it is made again", str(error).partition(";")[0])


def check_structure(connection: sqlite3.Connection, path: Path) -> None:
    """Check the whole file for damage; takes a second for some 300 MB.

    Raises: DamagedIndexError: there is some.
    """
    with sqlite_errors(path):
        (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
        if verdict != "ok":
            raise DamagedIndexError(_remake(path, f"is damaged ({' '.join(str(verdict).split())})"))


@contextlib.contextmanager
def sqlite_errors(path: Path) -> Iterator[None]:
    """Turn SQLite's errors into a sentence with a remedy.

    Raises:
        DamagedIndexError: the file is damaged.
        OutputError: it cannot be read or written; names the file and, where a disk is full, its mount point.
    """
    try:
        yield
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code in _DAMAGE:
            raise DamagedIndexError(_remake(path, f"is damaged ({error})")) from None
        with output_errors(path):
            if code == sqlite3.SQLITE_FULL or (code == sqlite3.SQLITE_IOERR and _is_full(path)):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)) from None
            if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM):
                raise OSError(errno.EACCES, str(error)) from None
        if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            raise OutputError(
                f"{printable(path)}: another program has the index open and does not let go of it; try later"
            ) from None
        raise OutputError(f"{printable(path)}: the index cannot be used ({error})") from None


def _is_full(path: Path) -> bool:
    """Return whether the disk is full. SQLite reports a log that cannot grow as an I/O error only."""
    try:
        disk = os.statvfs(path.parent)
    except OSError:
        return False
    return disk.f_bavail * disk.f_frsize < _LEAST_FREE_BYTES


def _remake(path: Path, what: str) -> str:
    return f"{printable(path)}: the index {what}; make it again: {_index_command(path)}"


def _index_command(path: Path) -> str:
    return f"{command('visualsearch')} index {shlex.quote(printable(path.parent))}"


def _open_writable(path: Path) -> sqlite3.Connection:
    with sqlite_errors(path):
        connection = sqlite3.connect(path, isolation_level=None, timeout=_BUSY_S)
        try:
            if connection.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,):
                connection.execute("PRAGMA page_size = 8192")
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")
            connection.execute(f"PRAGMA cache_size = -{_WRITER_CACHE_KIB}")
            connection.execute("PRAGMA temp_store = MEMORY")
            connection.execute("PRAGMA journal_size_limit = 67108864")
            if connection.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,):
                schema.create(connection)
            elif not schema.is_current(connection):
                raise DamagedIndexError(_remake(path, "is of another version of this program"))
        except BaseException:
            connection.close()
            raise
    return connection


def _connect_readable(path: Path) -> sqlite3.Connection:
    """Return a read-only connection; if the disk allows it, one that can remove the log."""
    address = f"file:{quote_from_bytes(os.fsencode(path.absolute()))}"
    for mode in ("mode=rw", "mode=ro", "mode=ro&immutable=1"):
        try:
            connection = sqlite3.connect(
                f"{address}?{mode}", uri=True, isolation_level=None, timeout=_BUSY_S, check_same_thread=False
            )
        except sqlite3.OperationalError:
            continue
        try:
            connection.execute("PRAGMA query_only = ON")
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        except sqlite3.OperationalError as error:
            connection.close()
            if error.sqlite_errorcode & 0xFF in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY):
                continue
            raise
        except BaseException:
            connection.close()
            raise
        return connection
    raise OutputError(f"{printable(path)}: the index cannot be opened; see that you may read it")
