"""Find out whether the files of INPUT still exist, with one listing for each folder."""

from __future__ import annotations

import os
from pathlib import Path

from pipeline.ledger.lookup import LedgerLookup
from pipeline.runs.prune import is_gone

_MAX_FOLDERS = 16


class Presence:
    """Tells which inputs are gone for certain: those that `--prune` would call gone, of an INPUT that exists.

    An OUTPUT whose INPUT does not exist, as on another machine, keeps all its files. Inputs that the ledger
    does not know stay too.

    Args:
        output_root: whose ledger is asked.
    """

    def __init__(self, output_root: Path) -> None:
        self._ledger = LedgerLookup(output_root)
        self._names: dict[bytes, frozenset[bytes]] = {}
        self._roots: dict[str, bool] = {}

    def is_gone(self, path: bytes, source: bytes) -> bool:
        """Return whether the input no longer exists although its disk is mounted.

        Args:
            path: below INPUT.
            source: absolute.
        """
        folder, _, name = source.rpartition(b"/")
        if name in self._names_in(folder):
            return False
        place = self._ledger.place_of(path)
        if place is None or os.fsencode(os.path.join(place.root, os.fsdecode(path))) != source:
            return False
        return self._exists(place.root) and is_gone(os.fsdecode(source), place.device)

    def close(self) -> None:
        """Close the ledger."""
        self._ledger.close()

    def _names_in(self, folder: bytes) -> frozenset[bytes]:
        """Return the names in a folder; none if it cannot be listed."""
        names = self._names.get(folder)
        if names is None:
            try:
                names = frozenset(os.listdir(folder or b"/"))
            except OSError:
                names = frozenset()
            if len(self._names) >= _MAX_FOLDERS:
                self._names.clear()
            self._names[folder] = names
        return names

    def _exists(self, root: str) -> bool:
        if root not in self._roots:
            self._roots[root] = os.path.isdir(root)
        return self._roots[root]
