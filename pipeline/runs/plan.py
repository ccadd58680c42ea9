"""What a run would do, found out without writing anything into the output folder."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pipeline.config.config import read_config
from pipeline.errors import MinerError
from pipeline.files.lock import lock_output_for_reading
from pipeline.files.walk import Skipped
from pipeline.ledger.ledger import Ledger
from pipeline.ledger.ledgerfile import LEDGER_NAME
from pipeline.runs.bookkeeping import rebuild_if_empty
from pipeline.runs.options import Options, check_places, context_of, iter_found, selection_of
from pipeline.runs.prune import iter_orphans
from pipeline.runs.selection import Decision, Reason, Selection
from pipeline.source import NO_STAMP, Source
from pipeline.text import printable


@dataclass(frozen=True, slots=True)
class Planned:
    """What a run would do with one input.

    Args:
        path: absolute, as `os.fsdecode` gives it.
        reason: why; None for an input that is gone, whose outputs would be removed.
    """

    path: str
    reason: Reason | None


def plan(options: Options) -> Iterator[Planned]:
    """What `mine` would do with each input that is not done, found out without writing anything.

    Raises: MinerError: as `mine`, but for an output folder that cannot be written.
    """
    config = read_config(options.pipeline, allow_plugins=options.allow_plugins)
    output_root = check_places(options)
    with (
        lock_output_for_reading(output_root, wait_s=options.wait_lock_s),
        _copied_ledger(output_root) as copy,
        Ledger(copy) as ledger,
    ):
        context = context_of(options, config)
        rebuild_if_empty(ledger, output_root, context.limits, config.targets)
        selection = selection_of(options, config, ledger, output_root, context)
        for found in iter_found(options, output_root, selection):
            decision = _planned(selection, found)
            if decision is not None and decision.reason not in (Reason.DONE, Reason.LEFT_ALONE):
                yield Planned(found.path, decision.reason)
        for record, certain in iter_orphans(ledger) if options.prune else ():
            if certain and (record.outputs or record.older_outputs):
                yield Planned(os.path.join(record.context.root, record.relative), None)


@contextlib.contextmanager
def _copied_ledger(output_root: Path) -> Iterator[Path]:
    """A folder with a copy of the ledger, which may have to be mended before it can be read."""
    copy = None
    try:
        copy = Path(tempfile.mkdtemp(prefix="deepvisualminer-"))
        for path in output_root.glob(f"{LEDGER_NAME}*"):
            shutil.copyfile(path, copy / path.name)
    except OSError as error:
        raise MinerError(
            f"{printable(output_root)}: no temporary copy of the ledger can be made ({error.strerror}); "
            "let TMPDIR name a folder with room"
        ) from None
    else:
        yield copy
    finally:
        if copy is not None:
            shutil.rmtree(copy, ignore_errors=True)


def _planned(selection: Selection, found: Source | Skipped) -> Decision | None:
    """What would be done with what the walk found; None for what is passed over."""
    if isinstance(found, Source):
        return selection.decide(found.path, found.relative, found.stamp)
    if not found.failed:
        return None
    return selection.decide(found.path, found.relative, found.stamp or NO_STAMP)
