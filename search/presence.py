"""Find out whether the files of INPUT still exist, with one listing for each folder."""

from __future__ import annotations

import os
from pathlib import Path

from pipeline.ledger.lookup import LedgerLookup
from pipeline.runs.prune import is_gone


class Presence:
    """Says which inputs are gone for certain: by the same rule as `--prune`, for which the ledger must know
    them.

    Args:
        output_root: whose ledger is asked.
    """

    def __init__(self, output_root: Path) -> None:
        self._ledger = LedgerLookup(output_root)
        self._folder = b""
        self._names: frozenset[bytes] | None = frozenset()

    def is_gone(self, path: bytes, source: bytes) -> bool:
        """Return whether the input no longer exists although its disk is mounted.

        Args:
            path: below INPUT.
            source: absolute.
        """
        folder, _, name = source.rpartition(b"/")
        if folder != self._folder:
            self._folder, self._names = folder, _names_in(folder)
        if self._names is not None and name in self._names:
            return False
        place = self._ledger.place_of(path)
        if place is None or os.fsencode(os.path.join(place.root, os.fsdecode(path))) != source:
            return False
        return is_gone(os.fsdecode(source), place.device)

    def close(self) -> None:
        """Close the ledger."""
        self._ledger.close()


def _names_in(folder: bytes) -> frozenset[bytes] | None:
    """Return the names in a folder, or None if it cannot be listed."""
    try:
        return frozenset(os.listdir(folder or b"/"))
    except OSError:
        return None
