"""The ledger: the results of all inputs so far, one row each in an SQLite file in OUTPUT, found by path."""

from __future__ import annotations

import logging
import os
import sqlite3
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from pipeline.errors import OutputError
from pipeline.files.database import give_back
from pipeline.ledger.entry import COLUMNS, Entry, Row, join_names
from pipeline.ledger.ledgerfile import LEDGER_NAME, ledger_errors, open_ledger_file
from pipeline.ledger.readahead import ReadAhead
from pipeline.ledger.record import Context, Record
from pipeline.outcome import Status
from pipeline.source import Stamp

_TO_DISK_S = 5.0
"""A kill loses no record; a power cut loses those of this long, and their inputs are mined once more."""
_PAGE = 1000

_SELECT = f"SELECT {COLUMNS} FROM inputs WHERE "  # noqa: S608 - contains no values
_INSERT = f"INSERT OR REPLACE INTO inputs ({COLUMNS}) VALUES ({', '.join('?' * 18)})"  # noqa: S608

_log = logging.getLogger(__name__)


class Ledger:
    """The rows of one output folder, written by the one process that holds the folder's lock.

    Every change is committed by itself and survives a kill. Nothing is kept in memory but SQLite's own cache
    of half a MB. Stamps are stored, and come back, as `Stamp.in_64_bits` gives them.

    Args:
        output_root: the folder; its ledger is created if it is missing.
    Raises: OutputError: the file cannot be used; all methods raise it too.
    """

    def __init__(self, output_root: Path) -> None:
        self.path = output_root / LEDGER_NAME
        self._connection = open_ledger_file(self.path)
        self._context_ids: dict[Context, int] = {}
        self._contexts: dict[int, Context] = {}
        self._to_disk_at = time.monotonic() + _TO_DISK_S
        self._ahead = ReadAhead(self._rows_from)

    def __enter__(self) -> Ledger:
        return self

    def __exit__(self, error: object = None, *_: object) -> None:
        try:
            with ledger_errors(self.path):
                self._connection.close()
        except OutputError:
            if error is None:  # the other error says it already
                raise

    def __len__(self) -> int:
        return int(self._one("SELECT count(*) FROM inputs", ())[0])

    def count_mined(self) -> int:
        """Number of inputs that were mined, and whose content's hash is known."""
        where = "status = ? AND sha256 IS NOT NULL"
        return int(self._one(f"SELECT count(*) FROM inputs WHERE {where}", (Status.MINED.value,))[0])  # noqa: S608

    def has_begun(self) -> bool:
        """Whether a run has begun to replace the outputs of an input, and no run has recorded their end."""
        begun = "context IN (SELECT id FROM contexts WHERE pipeline = '') AND status = ?"
        return self._one(f"SELECT 1 FROM inputs WHERE {begun} LIMIT 1", (Status.MINED.value,)) is not None  # noqa: S608

    @property
    def is_empty(self) -> bool:
        """Whether it holds no input, because it is new or was lost."""
        return self._one("SELECT 1 FROM inputs LIMIT 1", ()) is None

    def find(self, relative: str) -> Entry | None:
        """The row of the input at this path. Quick for a walk that asks for paths in their order."""
        row = self._ahead.find(os.fsencode(relative))
        return None if row is None else Entry(row, self.context_of)

    def look_up(self, relative: str) -> Record | None:
        """The record of the input at this path."""
        row = self._one(_SELECT + "path = ?", (os.fsencode(relative),))
        return None if row is None else Entry(row, self.context_of).record

    def _rows_from(self, path: bytes, limit: int) -> list[Row]:
        return self._all(f"{_SELECT}path >= ? ORDER BY path LIMIT {limit:d}", (path,))

    def record(self, record: Record) -> None:
        """Store one record and replace any earlier one of its path."""
        self._execute(_INSERT, self._to_row(record))
        if time.monotonic() >= self._to_disk_at and not self._connection.in_transaction:
            self._execute("PRAGMA wal_checkpoint(PASSIVE)")
            self._to_disk_at = time.monotonic() + _TO_DISK_S

    def record_many(self, records: Iterable[Record]) -> int:
        """Store many records at once, all of them or none; their number."""
        count = 0
        self._execute("BEGIN IMMEDIATE")
        try:
            for record in records:
                self.record(record)
                count += 1
        except BaseException:
            self._execute("ROLLBACK")
            self._context_ids.clear()
            self._contexts.clear()
            raise
        self._execute("COMMIT")
        return count

    def renumber_device(self, root: str, before: int, now: int) -> None:
        """Note for all inputs under a root that their disk has got another device number."""
        self._execute(
            "UPDATE inputs SET device = ? WHERE device = ? "
            "AND context IN (SELECT id FROM contexts WHERE root = ?)",
            (now, before, os.fsencode(root)),
        )

    def devices(self, root: str) -> frozenset[int]:
        """The numbers of the disks on which the inputs under a root are; without 0, which is unknown."""
        rows = self._all(
            "SELECT DISTINCT device FROM inputs WHERE device != 0 "
            "AND context IN (SELECT id FROM contexts WHERE root = ?)",
            (os.fsencode(root),),
        )
        return frozenset(device for (device,) in rows)

    def forget(self, relative: str) -> None:
        """Delete the record of the input at this path."""
        self._execute("DELETE FROM inputs WHERE path = ?", (os.fsencode(relative),))

    def shrink(self) -> None:
        """Give the space of deleted records back to the file system where that is worth a rewrite."""
        with ledger_errors(self.path):
            give_back(self._connection)

    def has_like(self, stamp: Stamp) -> bool:
        """Whether the content of any input of this size and modification time is known."""
        values = stamp.in_64_bits()[:2]
        found = self._one(
            "SELECT 1 FROM inputs WHERE size = ? AND mtime_ns = ? AND sha256 IS NOT NULL LIMIT 1", values
        )
        return found is not None

    def iter_same(self, stamp: Stamp, sha256: str) -> Iterator[Record]:
        """Yield the inputs of this size, modification time and content (SHA-256, hexadecimal)."""
        values = (*stamp.in_64_bits()[:2], bytes.fromhex(sha256))
        for row in self._all(_SELECT + "size = ? AND mtime_ns = ? AND sha256 = ?", values):
            yield Entry(row, self.context_of).record

    def iter_records(self) -> Iterator[Record]:
        """Yield all records in the order of paths; they may be changed and deleted meanwhile."""
        after = b""
        while rows := self._all(f"{_SELECT}path > ? ORDER BY path LIMIT {_PAGE}", (after,)):
            after = rows[-1][0]
            for row in rows:
                yield Entry(row, self.context_of).record

    def iter_of_sidecar(self, relative: str) -> Iterator[Record]:
        """Yield the inputs that a sidecar can belong to: `a.jpg.xmp` to `a.jpg`, `a.xmp` to `a.*`."""
        stem = os.fsencode(os.path.splitext(relative)[0])
        rows = self._all(_SELECT + "path = ?", (stem,))
        rows += self._all(_SELECT + "path > ? AND path < ?", (stem + b".", stem + b"/"))
        for row in rows:
            if stem in (row[0], os.path.splitext(row[0])[0]):
                yield Entry(row, self.context_of).record

    def mark_reported(self, relatives: Iterable[str]) -> None:
        """Note that a run which completed has listed these failures."""
        self._execute("BEGIN IMMEDIATE")
        for relative in relatives:
            self._execute("UPDATE inputs SET told = 1 WHERE path = ?", (os.fsencode(relative),))
        self._execute("COMMIT")

    def context_of(self, number: int) -> Context:
        """The context with this number in the database."""
        if number not in self._contexts:
            row = self._one("SELECT root, pipeline, limits FROM contexts WHERE id = ?", (number,))
            self._contexts[number] = Context(os.fsdecode(row[0]), row[1], row[2])
        return self._contexts[number]

    def _one(self, statement: str, values: tuple[Any, ...]) -> Any:
        try:
            return self._connection.execute(statement, values).fetchone()
        except sqlite3.Error:
            with ledger_errors(self.path):
                raise

    def _all(self, statement: str, values: tuple[Any, ...]) -> list[Any]:
        with ledger_errors(self.path):
            return self._connection.execute(statement, values).fetchall()

    def _execute(self, statement: str, values: tuple[Any, ...] = ()) -> None:
        """Change the database, and with it what was read ahead."""
        self._ahead.forget()
        with ledger_errors(self.path):
            self._connection.execute(statement, values)

    def _to_row(self, record: Record) -> tuple[Any, ...]:
        return (
            os.fsencode(record.relative),
            *record.stamp.in_64_bits(),
            self._id_of(record.context),
            record.format,
            str(record.status),
            None if record.code is None else str(record.code),
            record.sentence.encode("utf-8", "backslashreplace").decode("utf-8"),
            record.frames,
            record.duration_s,
            None if record.sha256 is None else bytes.fromhex(record.sha256),
            join_names(record.outputs),
            join_names(record.older_outputs),
            record.attempts,
            record.is_reported,
        )

    def _id_of(self, context: Context) -> int:
        if context not in self._context_ids:
            values = (os.fsencode(context.root), context.pipeline, context.limits)
            self._execute("INSERT OR IGNORE INTO contexts (root, pipeline, limits) VALUES (?, ?, ?)", values)
            row = self._one("SELECT id FROM contexts WHERE root = ? AND pipeline = ? AND limits = ?", values)
            self._context_ids[context] = row[0]
        return self._context_ids[context]
