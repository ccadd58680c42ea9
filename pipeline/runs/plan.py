"""A dry run: what a run would do, found out without writing anything into the output folder."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from pipeline.runs.known import KnownComponents, Tally
from pipeline.runs.opening import open_run
from pipeline.runs.options import Options
from pipeline.runs.prune import iter_gone
from pipeline.runs.selection import Reason

_NOTHING_TO_DO = (Reason.DONE, Reason.LEFT_ALONE, Reason.IGNORED, Reason.IGNORED_BEFORE)


@dataclass(frozen=True, slots=True)
class Planned:
    """What a run would do with one input.

    Args:
        path: absolute, as `os.fsdecode` gives it.
        reason: why; None for an input that is gone, whose outputs would be removed.
        known: names of the detectors that need not look at it.
    """

    path: str
    reason: Reason | None
    known: frozenset[str] = frozenset()


def plan(options: Options, on_tally: Callable[[Tally], None] = lambda _: None) -> Iterator[Planned]:
    """Yield what `pipeline.miner.mine` would do with each input that it would not leave as it is.

    Args:
        options: of the run.
        on_tally: called at the end with what is known of the inputs that would be mined.
    Raises: MinerError: as `mine`, but not for an output folder that cannot be written.
    """
    with open_run(options, read_only=True) as run:
        components = KnownComponents(run.config, options.without)
        tally = Tally(components)
        for found, decision in run.iter_decisions():
            if decision.reason in _NOTHING_TO_DO:
                continue
            known = components.of_decision(decision, run.store)
            if decision.reason.is_mined:
                tally.add(known)
            yield Planned(found.path, decision.reason, known)
        for record in iter_gone(run.ledger) if options.prune else ():
            if record.outputs or record.older_outputs:
                yield Planned(os.path.join(record.context.root, record.relative), None)
        on_tally(tally)
