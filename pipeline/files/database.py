"""SQLite files in OUTPUT that one process at a time uses: how they are opened, and what their errors mean.

They are in write-ahead mode, and their lock is held while they are open. So they need no shared memory (which
network file systems do not have), a kill at any moment leaves them intact, and a commit does not wait for the
disk. Source: sqlite.org/wal.html, "Use of WAL Without Shared-Memory".
"""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote_from_bytes

from pipeline.errors import OutputError
from pipeline.files.outputerrors import output_errors
from pipeline.text import printable

_CACHE_KB = 512
"""Of each file, in memory. A run reads rows in their order, so that more makes it no quicker."""
_MOST_FREE = 0.2
"""Part of a file's pages that may be unused before `give_back` rewrites it."""
_LEAST_FREE_BYTES = 1 << 20

_log = logging.getLogger(__name__)


def connect(path: Path, *, page_bytes: int = 4096) -> sqlite3.Connection:
    """Open a file for the one process that holds the output folder's lock, in autocommit mode.

    Args:
        path: of the file; it is created if it is missing.
        page_bytes: of a new file.
    Raises: sqlite3.Error: it cannot be opened.
    """
    connection = sqlite3.connect(path, isolation_level=None, timeout=10.0, check_same_thread=False)
    try:
        connection.execute(f"PRAGMA page_size = {page_bytes}")
        connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA cell_size_check = ON")
        connection.execute(f"PRAGMA cache_size = -{_CACHE_KB}")
        # A savepoint's journal would be a file in a temporary folder, which a sealed container does not have.
        connection.execute("PRAGMA temp_store = MEMORY")
    except BaseException:
        connection.close()
        raise
    return connection


def unchanging_address(path: Path) -> str:
    """The URI of a file that no process writes, for opening it without a lock and without files beside it."""
    return f"file:{quote_from_bytes(os.fsencode(path))}?mode=ro&immutable=1"


def give_back(connection: sqlite3.Connection) -> None:
    """Give the space of deleted rows back to the file system where that is worth a rewrite.

    A disk without room for the rewrite is no error: the file stays as it is.

    Raises: sqlite3.Error: the file cannot be read or written for another reason.
    """
    (free,) = connection.execute("PRAGMA freelist_count").fetchone()
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    (page_bytes,) = connection.execute("PRAGMA page_size").fetchone()
    if free < pages * _MOST_FREE or free * page_bytes < _LEAST_FREE_BYTES:
        return
    with contextlib.suppress(sqlite3.OperationalError):
        connection.execute("VACUUM")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        _log.debug("a database gave %d unused pages of %d back", free, pages)


def discard_database(path: Path) -> None:
    """Remove a file and its companions; the log first, which a new file would take for its own.

    Raises: OutputError: one of them cannot be removed.
    """
    with output_errors(path):
        for suffix in ("-wal", "-journal", "-shm", ""):
            path.with_name(path.name + suffix).unlink(missing_ok=True)


def is_damage(error: BaseException) -> bool:
    """Whether an error says that a file is damaged, or is none of SQLite's."""
    code = getattr(error, "sqlite_errorcode", None)
    return code is not None and code & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


@contextlib.contextmanager
def database_errors(path: Path, what: str) -> Iterator[None]:
    """Turn SQLite's errors, but for damage, into a sentence with a remedy.

    Args:
        path: of the file.
        what: it is, for the sentence.
    Raises:
        OutputError: names the file and, where the disk is full, its mount point.
        sqlite3.Error: the file is damaged.
    """
    try:
        yield
    except sqlite3.Error as error:
        if is_damage(error):
            raise
        with output_errors(path):
            match getattr(error, "sqlite_errorcode", 0) & 0xFF:
                case sqlite3.SQLITE_FULL:
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)) from None
                case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_PERM:
                    raise OSError(errno.EACCES, str(error)) from None
        raise OutputError(
            f"{printable(path)}: {what} cannot be written ({error}); "
            "see that the disk is sound and that nothing else has the file open"
        ) from None
