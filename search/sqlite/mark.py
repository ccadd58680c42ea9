"""The ledger's state when the index was last complete, read and written without loading the rest."""

from __future__ import annotations

import contextlib
from pathlib import Path

from search.sqlite.indexfile import open_to_write, sqlite_errors

MARK = "ledger"
"""The key of the mark in `meta`."""


def move_mark(path: Path, before: str, now: str | None) -> bool:
    """Record a new state of the ledger for an index that was complete with the old one.

    Args:
        path: of the index's file.
        before, now: marks of the ledger.
    Returns: whether it was; else nothing is changed.
    Raises: MinerError: the index cannot be written.
    """
    if not path.exists():
        return False
    with contextlib.closing(open_to_write(path)) as connection, sqlite_errors(path):
        row = connection.execute("SELECT value FROM meta WHERE key = ?", (MARK,)).fetchone()
        if row != (before,):
            return False
        if now != before:
            connection.execute("UPDATE meta SET value = ? WHERE key = ?", (now, MARK))
    return True
