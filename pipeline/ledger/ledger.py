"""What became of every input so far, in OUTPUT's SQLite file: one row an input, looked up by its path."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from pipeline.errors import OutputError
from pipeline.ledger.ledgerfile import LEDGER_NAME, ledger_errors, open_ledger_file
from pipeline.outcome import Status
from pipeline.source import Stamp, results_fingerprint

_TO_DISK_S = 5.0
"""A kill loses no record; a power cut loses those of this long, and their inputs are mined once more."""
_PAGE = 1000

_COLUMNS = (
    "path, size, mtime_ns, device, inode, ctime_ns, context, format, status, code, sentence, frames, "
    "duration_s, sha256, outputs, older_outputs, attempts, told"
)
_SELECT = f"SELECT {_COLUMNS} FROM inputs WHERE "  # noqa: S608 - no value of anybody's in it
_KNOWN = """SELECT format, sentence, outputs, context FROM inputs WHERE path = ? AND size = ? AND mtime_ns = ?
    AND device = ? AND inode = ? AND status != 'failed'"""
_INSERT = f"INSERT OR REPLACE INTO inputs ({_COLUMNS}) VALUES ({', '.join('?' * 18)})"  # noqa: S608


class Context(NamedTuple):
    """What a run brings along that decides what becomes of an input.

    Args:
        root: the folder that inputs' paths are relative to, absolute.
        pipeline: its fingerprint.
        limits: what else decides what becomes of an input that is not mined: what the command line allows
            it to cost, and the program's version.
    """

    root: str
    pipeline: str
    limits: str

    def of_format(self, format_: str | None) -> Context:
        """The same for an input of this format, a word of `pipeline.source.FORMATS`."""
        pipeline = results_fingerprint(self.pipeline, format_)
        return self if pipeline is self.pipeline else self._replace(pipeline=pipeline)


class Known(NamedTuple):
    """As much of a record as suffices where nothing has changed."""

    format: str | None
    sentence: str
    outputs: tuple[str, ...]
    context: Context


@dataclass(frozen=True, slots=True)
class Record:
    """What became of one input.

    Args:
        relative: its path under the context's root, as `os.fsdecode` gives it.
        stamp: what it was when it was looked at.
        context: of the run that looked at it.
        status: the end it came to.
        format: a word of `pipeline.source.FORMATS`; None for what is neither photo nor video, or unknown.
        code: the failure code; None if it did not fail.
        sentence: the reason for people.
        frames: how many frames were mined.
        duration_s: how long that took.
        sha256: of its content, hexadecimal; None where nobody computed it.
        outputs: names of the files made of it, in its own output folder.
        older_outputs: names of files that earlier pipelines made of it and this one did not.
        attempts: how many times in a row it failed just so.
        told: whether a run that came to its end has listed the failure.
    """

    relative: str
    stamp: Stamp
    context: Context
    status: Status
    format: str | None = None
    code: str | None = None
    sentence: str = ""
    frames: int = 0
    duration_s: float = 0.0
    sha256: str | None = None
    outputs: tuple[str, ...] = ()
    older_outputs: tuple[str, ...] = ()
    attempts: int = 0
    told: bool = True


class Ledger:
    """The rows of one output folder; one writer, who holds the folder's lock.

    Every change is committed by itself and survives a kill. Nothing is kept in memory but SQLite's own cache
    of 2 MB.

    Args:
        output_root: the folder; its ledger is made if it is missing.
    Raises: OutputError: the file cannot be used; all methods raise it too.
    """

    def __init__(self, output_root: Path) -> None:
        self.path = output_root / LEDGER_NAME
        self._connection = open_ledger_file(self.path)
        self._context_ids: dict[Context, int] = {}
        self._contexts: dict[int, Context] = {}
        self._to_disk_at = time.monotonic() + _TO_DISK_S

    def __enter__(self) -> Ledger:
        return self

    def __exit__(self, error: object = None, *_: object) -> None:
        try:
            with ledger_errors(self.path):
                self._connection.close()
        except OutputError:
            if error is None:  # else that one says it already
                raise

    @property
    def is_empty(self) -> bool:
        """Whether it knows of no input: new, or lost and begun anew."""
        return self._one("SELECT 1 FROM inputs LIMIT 1", ()) is None

    def look_up(self, relative: str) -> Record | None:
        """The record of the input at this path."""
        row = self._one(_SELECT + "path = ?", (os.fsencode(relative),))
        return None if row is None else self._to_record(row)

    def known(self, relative: str, stamp: Stamp) -> Known | None:
        """What came of an input that is as it was, unless it failed. Made to be fast."""
        row = self._one(_KNOWN, (os.fsencode(relative), *stamp[:4]))
        return None if row is None else Known(row[0], row[1], _parted(row[2]), self._context_of(row[3]))

    def record(self, record: Record) -> None:
        """Put one record in, in place of any earlier one of its path."""
        self._execute(_INSERT, self._to_row(record))
        if time.monotonic() >= self._to_disk_at and not self._connection.in_transaction:
            self._execute("PRAGMA wal_checkpoint(PASSIVE)")
            self._to_disk_at = time.monotonic() + _TO_DISK_S

    def record_many(self, records: Iterable[Record]) -> int:
        """Put many records in at once, all of them or none; how many."""
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
        """A disk that was one device is another since it was mounted anew: note it for all inputs there."""
        self._execute(
            "UPDATE inputs SET device = ? WHERE device = ? "
            "AND context IN (SELECT id FROM contexts WHERE root = ?)",
            (now, before, os.fsencode(root)),
        )

    def forget(self, relative: str) -> None:
        """Take the record of the input at this path out."""
        self._execute("DELETE FROM inputs WHERE path = ?", (os.fsencode(relative),))

    def iter_like(self, size_bytes: int, mtime_ns: int) -> Iterator[Record]:
        """Inputs of this size and time whose content is known: one may be the same file by another name."""
        rows = self._all(
            _SELECT + "size = ? AND mtime_ns = ? AND sha256 IS NOT NULL LIMIT 100",
            (size_bytes, mtime_ns),
        )
        return (self._to_record(row) for row in rows)

    def iter_records(self) -> Iterator[Record]:
        """All records in the order of paths; they may be changed and taken out meanwhile."""
        after = b""
        while rows := self._all(f"{_SELECT}path > ? ORDER BY path LIMIT {_PAGE}", (after,)):
            after = rows[-1][0]
            yield from map(self._to_record, rows)

    def mark_told(self, relatives: Iterable[str]) -> None:
        """A run has come to its end and listed these failures."""
        self._execute("BEGIN IMMEDIATE")
        for relative in relatives:
            self._execute("UPDATE inputs SET told = 1 WHERE path = ?", (os.fsencode(relative),))
        self._execute("COMMIT")

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
        with ledger_errors(self.path):
            self._connection.execute(statement, values)

    def _to_row(self, record: Record) -> tuple[Any, ...]:
        return (
            *(os.fsencode(record.relative), *record.stamp, self._id_of(record.context), record.format),
            *(str(record.status), None if record.code is None else str(record.code)),
            *(_as_text(record.sentence), record.frames, record.duration_s),
            None if record.sha256 is None else bytes.fromhex(record.sha256),
            *(_joined(record.outputs), _joined(record.older_outputs), record.attempts, record.told),
        )

    def _to_record(self, row: tuple[Any, ...]) -> Record:
        return Record(
            relative=os.fsdecode(row[0]),
            stamp=Stamp(*row[1:6]),
            context=self._context_of(row[6]),
            format=row[7],
            status=Status(row[8]),
            code=row[9],
            sentence=row[10],
            frames=row[11],
            duration_s=row[12],
            sha256=row[13] and row[13].hex(),
            outputs=_parted(row[14]),
            older_outputs=_parted(row[15]),
            attempts=row[16],
            told=bool(row[17]),
        )

    def _id_of(self, context: Context) -> int:
        if context not in self._context_ids:
            values = (os.fsencode(context.root), context.pipeline, context.limits)
            self._execute("INSERT OR IGNORE INTO contexts (root, pipeline, limits) VALUES (?, ?, ?)", values)
            row = self._one("SELECT id FROM contexts WHERE root = ? AND pipeline = ? AND limits = ?", values)
            self._context_ids[context] = row[0]
        return self._context_ids[context]

    def _context_of(self, number: int) -> Context:
        if number not in self._contexts:
            row = self._one("SELECT root, pipeline, limits FROM contexts WHERE id = ?", (number,))
            self._contexts[number] = Context(os.fsdecode(row[0]), row[1], row[2])
        return self._contexts[number]


def _as_text(sentence: str) -> str:
    return sentence.encode("utf-8", "backslashreplace").decode("utf-8")


def _joined(names: tuple[str, ...]) -> bytes:
    return b"\0".join(map(os.fsencode, names))


def _parted(names: bytes) -> tuple[str, ...]:
    return tuple(os.fsdecode(names).split("\0")) if names else ()
