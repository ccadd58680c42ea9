"""A dry run: what a run would do, found out without writing anything into the output folder."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass

from pipeline.runs.opening import open_run
from pipeline.runs.options import Options
from pipeline.runs.prune import iter_gone
from pipeline.runs.selection import Reason

_NOTHING_TO_DO = (Reason.DONE, Reason.LEFT_ALONE, Reason.IGNORED)


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
    """Yield what `pipeline.miner.mine` would do with each input that it would not leave as it is.

    Raises: MinerError: as `mine`, but not for an output folder that cannot be written.
    """
    with open_run(options, read_only=True) as run:
        for found in run.iter_files():
            reason = run.selection.decide(found).reason
            if reason not in _NOTHING_TO_DO:
                yield Planned(found.path, reason)
        for record in iter_gone(run.ledger) if options.prune else ():
            if record.outputs or record.older_outputs:
                yield Planned(os.path.join(record.context.root, record.relative), None)
