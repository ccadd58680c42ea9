"""An update of the index from its beginning to its end: lock, open, walk, and making it again where it is
damaged.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

from pipeline.text import printable
from search.ledgermark import ledger_mark
from search.sqlite.index import SqliteIndex
from search.sqlite.indexfile import DamagedIndexError, discard
from search.updatelock import lock_updates
from search.updating import Updated, update

WAIT_S = 60.0
"""How long an update waits for another one to end."""
LEDGER_MARK = "ledger"
"""The key of the ledger's mark in the index: what the ledger was like when the index was last complete."""

_log = logging.getLogger(__name__)


def update_index(
    output_root: Path,
    path: Path,
    *,
    rebuild: bool = False,
    on_progress: Callable[[Updated], None] = lambda _: None,
) -> Updated:
    """Bring the index of an OUTPUT up to date, whatever state it is in.

    Args:
        output_root: absolute.
        path: of the index's file.
        rebuild: whether an index that is there is thrown away.
        on_progress: called after each batch.
    Raises: MinerError: it cannot be written, or another process is updating it.
    """
    with lock_updates(path, WAIT_S):
        if rebuild:
            discard(path)
        try:
            return _update(output_root, path, on_progress, checks=True)
        except DamagedIndexError as error:
            _log.warning("%s", str(error).partition(";")[0] + "; making it again")
        discard(path)
        return _update(output_root, path, on_progress, checks=False)


def _update(
    output_root: Path, path: Path, on_progress: Callable[[Updated], None], *, checks: bool
) -> Updated:
    mark = ledger_mark(output_root)
    with SqliteIndex(path, writable=True) as index:
        if checks:
            index.check()
        updated = update(index, output_root, on_progress)
        index.set_meta(LEDGER_MARK, mark)
    _log.debug("%s: %d put, %d removed", printable(path), updated.put, updated.removed)
    return updated
