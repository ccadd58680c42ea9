"""Read from a ledger, while no run uses it, where inputs were when they were mined."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from typing import NamedTuple

from pipeline.files.database import unchanging_address
from pipeline.ledger.ledgerfile import LEDGER_NAME, MIGRATIONS

_PLACE = """SELECT c.root, i.device FROM inputs i JOIN contexts c ON c.id = i.context WHERE i.path = ?"""


class Place(NamedTuple):
    """The place of an input.

    Args:
        root: INPUT, absolute.
        device: the number of its disk; 0 for unknown.
    """

    root: str
    device: int


class LedgerLookup:
    """Reads an OUTPUT's ledger without changing it. Knows nothing during a run or after a killed one.

    Args:
        output_root: the folder.
    """

    def __init__(self, output_root: Path) -> None:
        self._connection = _open(output_root / LEDGER_NAME)

    def place_of(self, relative: bytes) -> Place | None:
        """Return the place of the input with this path below INPUT, or None if it is unknown."""
        if self._connection is None:
            return None
        try:
            row = self._connection.execute(_PLACE, (relative,)).fetchone()
        except sqlite3.Error:  # a run has begun to write meanwhile
            self.close()
            return None
        return None if row is None else Place(os.fsdecode(row[0]), row[1])

    def close(self) -> None:
        """Close the file."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _open(path: Path) -> sqlite3.Connection | None:
    """A connection that takes no lock and leaves no file, or None where the ledger is in use or is none of
    ours.
    """
    if not path.is_file() or os.path.exists(f"{path}-wal"):
        return None
    try:
        connection = sqlite3.connect(unchanging_address(path), uri=True, isolation_level=None)
        if connection.execute("PRAGMA user_version").fetchone() == (len(MIGRATIONS),):
            return connection
        connection.close()
    except sqlite3.Error:
        pass
    return None
