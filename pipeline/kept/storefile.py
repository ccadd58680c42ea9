"""Opens the store's SQLite file in whatever state it was left. One that cannot be used is begun again."""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
import sqlite3
import tempfile
from pathlib import Path

from pipeline.errors import OutputError
from pipeline.files.database import connect, database_errors, discard_database, unchanging_address
from pipeline.text import printable

STORE_NAME = ".deepvisualminer.findings.sqlite"

VERSION = 1
"""Of the tables. A store of another version is replaced by an empty one."""
_APPLICATION_ID = 0x44564D46
"""`DVMF`."""
_PAGE_BYTES = 32_768
"""So that rows of 1.4 KB, of photos with two described faces, fill their pages: 1,457 bytes a photo; 1,510
with 16 KB, 1,661 with 8."""
_TABLES = (
    # Sets of keys of components, and fingerprints of pipelines.
    "CREATE TABLE words (id INTEGER PRIMARY KEY, word BLOB NOT NULL UNIQUE)",
    """CREATE TABLE inputs (
        id INTEGER PRIMARY KEY, number INTEGER NOT NULL, sha256 BLOB NOT NULL, fingerprint INTEGER NOT NULL,
        keys INTEGER NOT NULL, state BLOB NOT NULL, chunk BLOB)""",
    "CREATE UNIQUE INDEX inputs_number ON inputs (number)",
    "CREATE INDEX inputs_counts ON inputs (keys, fingerprint)",  # so that counting reads no findings
    # Of videos, whose `chunk` is NULL.
    """CREATE TABLE segments (
        input INTEGER NOT NULL, number INTEGER NOT NULL, chunk BLOB NOT NULL, PRIMARY KEY (input, number))""",
)

WHAT = "the store of findings"
_log = logging.getLogger(__name__)


def open_store_for_reading(path: Path) -> sqlite3.Connection:
    """Open a copy in memory, which leaves the file and its log as they are.

    It says which components' findings are known, and does not hold the findings.
    """
    connection = sqlite3.connect("file::memory:", uri=True, isolation_level=None)
    _prepare(connection)
    if not path.is_file():
        return connection
    with contextlib.suppress(sqlite3.Error, OSError), tempfile.TemporaryDirectory() as scratch:
        address, log = unchanging_address(path), path.with_name(f"{path.name}-wal")
        if log.exists():  # of a run that was killed: reading it would leave a third file beside the two
            for file in (path, log):
                shutil.copyfile(file, os.path.join(scratch, file.name))
            address = os.path.join(scratch, path.name)
        connection.execute("ATTACH ? AS disk", (address,))
        connection.execute("INSERT INTO words SELECT id, word FROM disk.words")
        connection.execute(
            "INSERT INTO inputs SELECT id, number, sha256, fingerprint, keys, x'', NULL FROM disk.inputs"
        )
        connection.execute("DETACH disk")
    return connection


def open_store_file(path: Path) -> sqlite3.Connection:
    """Open the store's file for the one process that holds the output folder's lock.

    Returns: the connection, in autocommit mode.
    Raises: OutputError: it cannot be opened or written.
    """
    if path.exists() and not path.is_file():
        raise OutputError(f"{printable(path)}: something else stands where the findings belong; remove it")
    try:
        return _checked(path)
    except _UnusableError as error:
        _log.warning("%s: cannot be used (%s) and is begun again", printable(path), error)
    discard_database(path)
    return _checked(path)


class _UnusableError(Exception):
    """The file is no store of this version, or is damaged."""


def _checked(path: Path) -> sqlite3.Connection:
    try:
        with database_errors(path, WHAT):
            connection = connect(path, page_bytes=_PAGE_BYTES)
            try:
                _prepare(connection)
            except BaseException:
                connection.close()
                raise
            return connection
    except sqlite3.Error as error:  # it is damaged
        raise _UnusableError(str(error)) from None


def _prepare(connection: sqlite3.Connection) -> None:
    """Create the tables of a new file.

    Raises: _UnusableError: it is no store, or one of another version.
    """
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if tables and application != _APPLICATION_ID:
        raise _UnusableError("it was not written by this program")
    if version not in (0, VERSION):
        raise _UnusableError(f"it is of version {version}, this program writes {VERSION}")
    if version == 0:
        connection.execute("BEGIN IMMEDIATE")
        for statement in _TABLES:
            connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {_APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {VERSION}")
        connection.execute("COMMIT")
