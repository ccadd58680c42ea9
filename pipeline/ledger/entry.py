"""One row of the ledger."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from pipeline.ledger.record import Context, Record
from pipeline.outcome import Status
from pipeline.source import Stamp

COLUMNS = (
    "path, size, mtime_ns, device, inode, ctime_ns, context, format, status, code, sentence, frames, "
    "duration_s, sha256, outputs, older_outputs, attempts, told"
)
Row = tuple[Any, ...]
"""The values of `COLUMNS`."""

_FAILED = Status.FAILED.value


class Entry:
    """One input's row as the database returned it. Its values are converted only when they are asked for,
    because most inputs of a nightly run are unchanged and need few of them.

    Args:
        row: the values of `COLUMNS`.
        context_of: returns the context with a number.
    """

    __slots__ = ("_context_of", "_row")

    def __init__(self, row: Row, context_of: Callable[[int], Context]) -> None:
        self._row = row
        self._context_of = context_of

    def is_as(self, stamp: Stamp) -> bool:
        """Whether a file with this stamp is certainly the unchanged input.

        A time of change before the recorded one says nothing: some file systems do not keep it.
        """
        row = self._row
        if row[1:5] == stamp[:4] and row[5] >= stamp.ctime_ns:
            return True
        now = stamp.in_64_bits()
        return now is not stamp and row[1:5] == now[:4] and row[5] >= now.ctime_ns

    @property
    def context_and_format(self) -> tuple[int, str | None]:
        """The context's number in the database, and the format."""
        return self._row[6:8]

    @property
    def context(self) -> Context:
        """As in `Record`."""
        return self._context_of(self._row[6])

    @property
    def format(self) -> str | None:
        """As in `Record`."""
        return self._row[7]  # type: ignore[no-any-return]

    @property
    def failed(self) -> bool:
        """Whether the status is `failed`."""
        return self._row[8] == _FAILED  # type: ignore[no-any-return]

    @property
    def sentence(self) -> str:
        """As in `Record`."""
        return self._row[10]  # type: ignore[no-any-return]

    @property
    def outputs(self) -> tuple[str, ...]:
        """As in `Record`."""
        return split_names(self._row[14])

    @property
    def record(self) -> Record:
        """All values."""
        row = self._row
        return Record(
            relative=os.fsdecode(row[0]),
            stamp=Stamp(*row[1:6]),
            context=self.context,
            format=row[7],
            status=Status(row[8]),
            code=row[9],
            sentence=row[10],
            frames=row[11],
            duration_s=row[12],
            sha256=row[13] and row[13].hex(),
            outputs=split_names(row[14]),
            older_outputs=split_names(row[15]),
            attempts=row[16],
            is_reported=bool(row[17]),
        )


def join_names(names: tuple[str, ...]) -> bytes:
    """File names as one value of a row."""
    return b"\0".join(map(os.fsencode, names))


def split_names(names: bytes) -> tuple[str, ...]:
    """The file names that `join_names` joined."""
    return tuple(os.fsdecode(names).split("\0")) if names else ()
