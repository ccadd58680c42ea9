"""Between the walk, the ledger and the workers: which inputs are mined now, and what became of them."""

from __future__ import annotations

import logging
import os
from collections.abc import Collection, Iterable
from dataclasses import replace
from pathlib import Path

from pipeline.catalog import CATALOG, writer_types
from pipeline.errors import FailureCode
from pipeline.files.walk import Skipped
from pipeline.ledger.ledger import Context, Ledger, Record
from pipeline.outcome import Outcome, Status
from pipeline.runs.rebuild import iter_rebuilt
from pipeline.runs.reuse import WriterType, reuse_outputs
from pipeline.runs.selection import Decision, Reason, Selection
from pipeline.source import NO_STAMP, Source, Stamp
from pipeline.text import printable

_log = logging.getLogger(__name__)

_BOOKS_PREFIX = ".deepvisualminer"
"""Of the ledger's, the lock's and unfinished outputs' names."""
_CRASH_ATTEMPTS = 2
"""`worker_crashed` means that two workers died of the input."""


def rebuild_if_empty(ledger: Ledger, output_root: Path, limits: str, targets: Iterable[str]) -> None:
    """Fill an empty ledger, which is new or was lost, from the outputs that exist.

    Args:
        ledger: of the output folder.
        output_root: the folder.
        limits: of the current run, see `Context`.
        targets: `module:Class` of the pipeline's components; writers of the catalogue are asked too.
    Raises: OutputError: the ledger cannot be written.
    """
    if not ledger.is_empty or not _has_outputs(output_root):
        return
    writers = writer_types((*targets, *CATALOG.values()))
    if count := ledger.record_many(iter_rebuilt(output_root, limits, writers)):
        _log.warning(
            "%s: the ledger was lost; rebuilt from the outputs of %s input%s",
            *(printable(ledger.path), f"{count:,}", "" if count == 1 else "s"),
        )


def _has_outputs(output_root: Path) -> bool:
    try:
        with os.scandir(output_root) as entries:
            return any(not entry.name.startswith(_BOOKS_PREFIX) for entry in entries)
    except FileNotFoundError:
        return False


class Bookkeeping:
    """What one run does with each input that the walk finds, and what it writes down of it.

    Args:
        ledger: what became of inputs so far.
        selection: decides for this run.
        output_root: the folder that outputs go to.
        context: of this run.
        writers: of this run's pipeline.
    """

    def __init__(
        self,
        ledger: Ledger,
        selection: Selection,
        output_root: Path,
        context: Context,
        writers: Collection[WriterType],
    ) -> None:
        self._ledger = ledger
        self._selection = selection
        self._output_root = output_root
        self._context = context
        self._writers = writers
        self._in_hand: dict[str, Source] = {}
        self._failed: list[str] = []

    def sort(self, found: Source | Skipped) -> Outcome | Source:
        """What became of an input that is not to be mined; one that is comes back, for `note` later.

        Raises: OutputError: the output folder or the ledger cannot be written.
        """
        if isinstance(found, Skipped):
            return self._pass_over(found)
        decision = self._selection.decide(found.path, found.relative, found.stamp)
        if decision.reason is Reason.DONE:
            return Outcome(found.path, Status.UNCHANGED)
        if decision.reason is Reason.LEFT_ALONE:
            return self._leave_alone(found, decision)
        if (
            decision.reason is Reason.RENAMED
            and (outcome := self._reuse_outputs(found, decision)) is not None
        ):
            return outcome
        self._in_hand[found.path] = found
        is_renamed = decision.reason is Reason.RENAMED  # then `earlier` is of the other name
        earlier = self._ledger.look_up(found.relative) if is_renamed else decision.earlier
        if earlier is None:
            return found
        return replace(found, earlier_outputs=frozenset((*earlier.outputs, *earlier.older_outputs)))

    def note(self, outcome: Outcome) -> None:
        """Write down what became of an input that was to be mined.

        Raises: OutputError: the ledger cannot be written.
        """
        source = self._in_hand.pop(outcome.path)
        if outcome.status is not Status.IGNORED:  # gone before it was read: nothing is known of it
            self._record(source.relative, source.stamp, outcome, source.format)

    def mark_told(self) -> None:
        """The run has come to its end and lists its failures: later ones need not.

        Raises: OutputError: the ledger cannot be written.
        """
        self._ledger.mark_told(self._failed)

    def _pass_over(self, skipped: Skipped) -> Outcome:
        outcome = Outcome(skipped.path, Status.IGNORED, skipped.code, skipped.sentence)
        if not skipped.failed:
            if skipped.stamp is not None and self._selection.known(skipped.relative, skipped.stamp) is None:
                self._record(skipped.relative, skipped.stamp, outcome)
            return outcome
        stamp = skipped.stamp or NO_STAMP
        decision = self._selection.decide(skipped.path, skipped.relative, stamp)
        if decision.reason is Reason.LEFT_ALONE:
            return self._leave_alone(skipped, decision)
        outcome = Outcome(skipped.path, Status.FAILED, skipped.code, skipped.sentence)
        self._record(skipped.relative, stamp, outcome)
        return outcome

    def _leave_alone(self, found: Source | Skipped, decision: Decision) -> Outcome:
        """A failure of an earlier run; one that did not come to its end has not said so."""
        earlier = decision.earlier
        assert earlier is not None
        assert earlier.code is not None
        status = Status.LEFT_ALONE if earlier.told else Status.FAILED
        if status is Status.FAILED:
            self._failed.append(found.relative)
        return Outcome(found.path, status, FailureCode(earlier.code), earlier.sentence)

    def _reuse_outputs(self, source: Source, decision: Decision) -> Outcome | None:
        earlier = decision.earlier
        assert earlier is not None
        outputs = reuse_outputs(earlier, source.path, source.relative, self._output_root, self._writers)
        if outputs is None or not _is_still(source):
            return None
        before = printable(earlier.relative if earlier.relative != source.relative else earlier.context.root)
        outcome = Outcome(
            source.path,
            Status.RENAMED,
            sentence=f"has the content of what was mined as {before}",
            frames=0,
            sha256=earlier.sha256,
            outputs=outputs,
        )
        self._record(source.relative, source.stamp, outcome, source.format)
        return outcome

    def _record(self, relative: str, stamp: Stamp, outcome: Outcome, format_: str | None = None) -> None:
        earlier = self._ledger.look_up(relative)
        outputs = set(outcome.outputs)
        older = () if earlier is None else (*earlier.outputs, *earlier.older_outputs)
        context = self._context.of_format(format_)
        failed = outcome.status is Status.FAILED
        if failed:
            self._failed.append(relative)
        record = Record(
            relative,
            stamp,
            context,
            Status.MINED if outcome.status is Status.RENAMED else outcome.status,
            format=format_,
            code=outcome.code,
            sentence=outcome.sentence if failed or outcome.status is Status.IGNORED else "",
            frames=outcome.frames,
            duration_s=outcome.duration_s,
            sha256=outcome.sha256,
            outputs=outcome.outputs,
            older_outputs=tuple(sorted({name for name in older if name not in outputs})),
            attempts=_attempts(outcome, stamp, context, earlier) if failed else 0,
            told=not failed,
        )
        self._ledger.record(record)


def _attempts(outcome: Outcome, stamp: Stamp, context: Context, earlier: Record | None) -> int:
    """How many times in a row the input has failed just so, this one counted."""
    now = _CRASH_ATTEMPTS if outcome.code is FailureCode.WORKER_CRASHED else 1
    same = earlier is not None and (earlier.stamp[:2], earlier.context) == (stamp[:2], context)
    return now + (earlier.attempts if earlier is not None and same else 0)


def _is_still(source: Source) -> bool:
    try:
        return Stamp.of(os.stat(source.path)) == source.stamp
    except OSError:
        return False
