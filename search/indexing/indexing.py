"""Update an index from beginning to end: lock it, and make it again if it is damaged."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path

from pipeline.errors import UsageError
from pipeline.ledger.ledgerfile import LEDGER_NAME
from pipeline.text import printable
from reporters.reportfile import is_own_report
from search.indexing.ledgermark import ledger_mark
from search.indexing.outputfolder import iter_output_folders
from search.indexing.updatelock import lock_updates
from search.indexing.updating import Updated, update, update_folders
from search.place import index_path
from search.sqlite.contents import IndexContents
from search.sqlite.indexfile import DamagedIndexError, discard, warn_of_remaking
from search.sqlite.mark import MARK

_WAIT_S = 60.0
"""How long an update that a person asks for waits for another one to end."""
_WAIT_AFTER_RUN_S = 5.0


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
    Raises:
        UsageError: no run has written into OUTPUT; an index would only litter it.
        MinerError: the index cannot be written, or another process is updating it.
    """
    if not path.exists() and not (output_root / LEDGER_NAME).exists() and not _has_report(output_root):
        raise UsageError(
            f"{printable(output_root)}: holds no reports; give the OUTPUT folder of a run of visualminer.py "
            "with a jsonreportwriter"
        )
    with lock_updates(path, _WAIT_S):
        if rebuild:
            discard(path)
        try:
            return _update(output_root, path, on_progress, checks=True)
        except DamagedIndexError as error:
            warn_of_remaking(error)
        discard(path)
        return _update(output_root, path, on_progress, checks=False)


def update_after_run(
    output_root: Path,
    mark: str | None,
    folders: Iterable[bytes] | None,
    on_progress: Callable[[float], None],
) -> None:
    """Bring the index up to date with the changes of a run. No index is made for an OUTPUT without reports.

    Args:
        output_root: absolute.
        mark: of the ledger before the run; None for unknown.
        folders: all folders, relative to OUTPUT, in which the run has changed something; None for unknown.
        on_progress: called now and then with the seconds that it has taken.
    Raises: MinerError: it cannot be written, or another process is updating it.
    """
    path = index_path(output_root)
    if not path.exists() and not _has_report(output_root):
        return
    with lock_updates(path, _WAIT_AFTER_RUN_S):
        mark_now = ledger_mark(output_root)
        try:
            with IndexContents(path, writable=True) as index:
                if folders is None or mark is None or index.meta(MARK) != mark:
                    update(index, output_root, lambda updated: on_progress(updated.seconds))
                else:
                    update_folders(index, output_root, folders)
                if index.meta(MARK) != mark_now:
                    index.set_meta(MARK, mark_now)
        except DamagedIndexError as error:
            warn_of_remaking(error)
            discard(path)
            _update(output_root, path, lambda updated: on_progress(updated.seconds), checks=False)


def _update(
    output_root: Path, path: Path, on_progress: Callable[[Updated], None], *, checks: bool
) -> Updated:
    mark = ledger_mark(output_root)
    with IndexContents(path, writable=True) as index:
        if checks:
            index.check()
        updated = update(index, output_root, on_progress)
        index.set_meta(MARK, mark)
    return updated


def _has_report(output_root: Path) -> bool:
    """Return whether OUTPUT holds a report of this program."""
    for folder in iter_output_folders(os.fsencode(output_root), []):
        for name in folder.reports:
            try:
                if is_own_report(Path(os.fsdecode(os.path.join(folder.path, name)))):
                    return True
            except OSError:
                continue
    return False
