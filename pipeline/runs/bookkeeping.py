"""Between the walk, the ledger and the workers: which inputs are mined now, and the record of each result."""

from __future__ import annotations

import logging
import os
from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from pipeline.errors import FailureCode
from pipeline.files.batch import OutputBatch
from pipeline.files.walk import Skipped
from pipeline.kept.store import Store
from pipeline.kept.values import Kept, Known
from pipeline.ledger.ledger import Ledger
from pipeline.ledger.record import Context, Record
from pipeline.outcome import Outcome, Status
from pipeline.runs.known import stored_for
from pipeline.runs.refill import Refill
from pipeline.runs.reuse import WriterType, reuse_outputs
from pipeline.runs.selection import Decision, Reason
from pipeline.source import NO_STAMP, Source, Stamp
from pipeline.text import printable

_log = logging.getLogger(__name__)

_CRASH_ATTEMPTS = 2
"""`worker_crashed` means that the input crashed two workers."""


class _Reused(NamedTuple):
    """A renamed input whose outputs wait for their names."""

    source: Source
    decision: Decision
    outputs: tuple[str, ...]


class Bookkeeping:
    """What one run does with each input that the walk finds, and what it records.

    Args:
        ledger: the results so far.
        output_root: the folder of the outputs.
        context: of this run.
        writers: of this run's pipeline.
        store: the findings so far.
        refill: fills it from reports where it lacks inputs.
        without: names of components whose findings and outputs are not to be used.
    """

    def __init__(
        self,
        ledger: Ledger,
        output_root: Path,
        context: Context,
        writers: Collection[WriterType],
        store: Store,
        refill: Refill,
        without: Collection[str] = (),
    ) -> None:
        self._refill = refill
        self._ledger = ledger
        self._store = store
        self._without = frozenset(without)
        self._output_root = output_root
        self._context = context
        self._writers = writers
        self._mined: dict[str, tuple[Source, Decision]] = {}
        self._in_progress: set[str] = set()
        self._failed: list[str] = []
        self._has_unsettled = False
        self._batch = OutputBatch()
        self._reused: list[_Reused] = []

    def triage(self, decision: Decision) -> Iterable[Outcome | Source]:
        """The outcome of an input that is not mined, or the source to mine, for `note` later.

        Renamed inputs are kept back until there are many, and come with a later input or from `finish`.

        Raises: OutputError: the output folder or the ledger cannot be written.
        """
        if decision.reason is Reason.DONE:
            self._refill.consider(decision.found.relative)
            return (Outcome(decision.found.path, Status.UNCHANGED),)
        if decision.reason is Reason.LEFT_ALONE:
            return (self._left_alone(decision),)
        if isinstance(decision.found, Skipped):
            return (self._skipped(decision.found, decision),)
        if decision.reason is Reason.RENAMED and self._reuse_outputs(decision):
            return self.finish() if self._batch.is_full else ()
        return (self._to_mine(decision),)

    def finish(self) -> Iterator[Outcome | Source]:
        """Give the outputs of renamed inputs their names and yield the outcomes of those inputs.

        Raises: OutputError: the output folder or the ledger cannot be written.
        """
        reused, self._reused = self._reused, []
        if not reused:
            return
        records: list[Record] = []
        results: list[Outcome | Source] = []
        for one, has_names in zip(reused, self._batch.commit(), strict=True):
            if has_names and _is_unchanged(one.source):
                outcome = _renamed(one)
                results.append(outcome)
                if one.decision.twin is not None:
                    self._store.copy(one.decision.twin.relative, one.source.relative)
                records.append(self._record_of(one.source, outcome, one.decision.earlier))
            else:
                results.append(self._to_mine(one.decision))
        self._ledger.record_many(records)
        yield from results

    def discard(self) -> None:
        """Drop the outputs of renamed inputs that have no names yet."""
        self._batch.discard()
        self._reused.clear()

    def note(self, outcome: Outcome) -> None:
        """Record the outcome of an input that `triage` gave out for mining, and keep what was found in it.

        The findings are stored first: the ledger then never says that they are those of this pipeline too
        early.

        Raises: OutputError: the ledger or the store cannot be written.
        """
        source, decision = self._mined.pop(outcome.path)
        earlier = decision.earlier
        self._in_progress.discard(source.relative)
        if outcome.status is Status.IGNORED:  # it vanished before it was read
            return
        if outcome.status is Status.UNCHANGED and earlier is not None:
            outcome = replace(outcome, sha256=earlier.sha256, duration_s=earlier.duration_s)
        if outcome.kept is not None and outcome.sha256 is not None:
            pipeline = self._context.of_format(source.format).pipeline
            kept = self._with_findings_of_twin(outcome.kept, outcome.sha256, decision.twin)
            self._store.keep(source.relative, outcome.sha256, pipeline, kept)
        elif outcome.status in (Status.MINED, Status.FAILED):
            self._store.forget(source.relative)
        self._ledger.record(self._record_of(source, outcome, earlier))

    def _with_findings_of_twin(self, kept: Kept, sha256: str, twin: Record | None) -> Kept:
        """What is kept of an input; of a copy, with the findings that the store has under the other path."""
        if kept.chunks is not None or twin is None:
            return kept
        stored = self._store.find(twin.relative)
        if stored is None or stored.sha256 != sha256:
            return kept
        return replace(kept, chunks=stored.known.chunks)

    def mark_reported(self) -> None:
        """Note that this run has completed and lists its failures, so that later runs need not.

        Raises: OutputError: the ledger cannot be written.
        """
        self._ledger.mark_reported(self._failed)
        if self._has_unsettled and not self._ledger.has_begun():
            self._store.settle()

    def _to_mine(self, decision: Decision) -> Source:
        source, earlier = decision.found, decision.earlier
        assert isinstance(source, Source)
        self._mined[source.path] = source, decision
        self._in_progress.add(source.relative)
        known = self._known(decision)
        if earlier is None:
            return replace(source, known=known)
        self._mark_begun(decision, earlier)
        outputs = frozenset((*earlier.outputs, *earlier.older_outputs))
        return replace(source, earlier_outputs=outputs, known=known)

    def _mark_begun(self, decision: Decision, earlier: Record) -> None:
        """Record that an input's outputs may be of another pipeline, or another content, from now on.

        Otherwise a run that is killed between the outputs and the record would leave outputs that a later run
        with the earlier pipeline takes for its own.
        """
        is_of_this = earlier.context.pipeline == self._context.of_format(earlier.format).pipeline
        differs = decision.reason in (Reason.CHANGED, Reason.SIDECAR) or not is_of_this
        if earlier.status is Status.MINED and differs:
            self._ledger.record(replace(earlier, context=earlier.context._replace(pipeline="")))
            if not self._has_unsettled:
                self._store.unsettle()
                self._has_unsettled = True

    def _known(self, decision: Decision) -> Known | None:
        """What is known of an input that is to be mined."""
        stored = stored_for(decision, self._store, uses_forced=bool(self._without))
        if stored is None:
            return None
        is_same = decision.reason is not Reason.CHANGED or decision.twin is not None
        earlier = decision.earlier
        has_outputs = (
            is_same
            and decision.twin is None
            and earlier is not None
            and (stored.fingerprint, self._context.root) == (earlier.context.pipeline, earlier.context.root)
        )
        return replace(stored.known, is_same_file=is_same, has_outputs=has_outputs, without=self._without)

    def _skipped(self, skipped: Skipped, decision: Decision) -> Outcome:
        status = Status.FAILED if skipped.failed else Status.IGNORED
        outcome = Outcome(skipped.path, status, skipped.code, skipped.sentence)
        outcome.is_old_news = decision.reason is Reason.IGNORED_BEFORE
        if skipped.failed or skipped.stamp is not None:
            self._ledger.record(self._record_of(skipped, outcome, decision.earlier))
        return outcome

    def _left_alone(self, decision: Decision) -> Outcome:
        """A failure of an earlier run, which is reported now if that run did not complete."""
        earlier = decision.earlier
        assert earlier is not None
        assert earlier.code is not None
        status = Status.LEFT_ALONE if earlier.is_reported else Status.FAILED
        if status is Status.FAILED:
            self._failed.append(earlier.relative)
        return Outcome(decision.found.path, status, FailureCode(earlier.code), earlier.sentence)

    def _reuse_outputs(self, decision: Decision) -> bool:
        """Prepare the outputs of a renamed input; False if it has to be mined."""
        source, twin = decision.found, decision.twin
        assert isinstance(source, Source)
        assert twin is not None
        if twin.relative in self._in_progress:  # a worker may be replacing those outputs at this moment
            return False
        with self._batch.group() as group:
            outputs = reuse_outputs(twin, source.path, source.relative, self._output_root, self._writers)
            if outputs is None:
                group.cancel()
                return False
        self._reused.append(_Reused(source, decision, outputs))
        return True

    def _record_of(self, found: Source | Skipped, outcome: Outcome, earlier: Record | None) -> Record:
        format_ = found.format if isinstance(found, Source) else None
        stamp = (found.stamp or NO_STAMP).in_64_bits()
        context = self._context.of_format(format_)
        outputs = set(outcome.outputs)
        older = () if earlier is None else (*earlier.outputs, *earlier.older_outputs)
        failed = outcome.status is Status.FAILED
        if failed:
            self._failed.append(found.relative)
        return Record(
            found.relative,
            stamp,
            context,
            Status.MINED if outcome.status in (Status.RENAMED, Status.UNCHANGED) else outcome.status,
            format=format_,
            code=outcome.code,
            sentence=outcome.sentence if failed or outcome.status is Status.IGNORED else "",
            frames=outcome.frames,
            duration_s=outcome.duration_s,
            sha256=outcome.sha256,
            outputs=outcome.outputs,
            older_outputs=tuple(sorted({name for name in older if name not in outputs})),
            attempts=_attempts(outcome, stamp, context, earlier) if failed else 0,
            is_reported=not failed,
        )


def _renamed(reused: _Reused) -> Outcome:
    twin = reused.decision.twin
    assert twin is not None
    before = printable(twin.relative if twin.relative != reused.source.relative else twin.context.root)
    return Outcome(
        reused.source.path,
        Status.RENAMED,
        sentence=f"has the content of what was mined as {before}",
        sha256=twin.sha256,
        outputs=reused.outputs,
    )


def _attempts(outcome: Outcome, stamp: Stamp, context: Context, earlier: Record | None) -> int:
    """How many times in a row the input has failed in this context, this time included."""
    now = _CRASH_ATTEMPTS if outcome.code is FailureCode.WORKER_CRASHED else 1
    same = earlier is not None and (earlier.stamp[:2], earlier.context) == (stamp[:2], context)
    return now + (earlier.attempts if earlier is not None and same else 0)


def _is_unchanged(source: Source) -> bool:
    try:
        return Stamp.of(os.stat(source.path)) == source.stamp
    except OSError:
        return False
