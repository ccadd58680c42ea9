"""Which inputs a run mines and which it leaves as they are, and why: a comparison with the ledger."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

from pipeline.errors import FailureCode
from pipeline.files.hashing import sha256_of
from pipeline.ledger.ledger import Context, Known, Ledger, Record
from pipeline.outcome import Status
from pipeline.source import Stamp

ATTEMPTS = 2
"""So often a file may fail for a reason that can be bad luck; then it is left alone until it changes, or
somebody asks for it. A worker's crash counts twice, as the file was tried twice."""

_OUTSIDE = frozenset(
    (
        *(FailureCode.UNREADABLE, FailureCode.DIR_UNREADABLE, FailureCode.OUTPUT_NAME_TAKEN),
        *(FailureCode.CHANGED_WHILE_READING, FailureCode.VANISHED),
    )
)
"""Failures that end without a change of the file: each run tries again."""
_LUCK = frozenset((FailureCode.TIMEOUT, FailureCode.OUT_OF_MEMORY, FailureCode.WORKER_CRASHED))


class Reason(StrEnum):
    """Why an input is mined in this run, or is not."""

    NEW = "new"
    CHANGED = "changed"
    OTHER_PIPELINE = "other pipeline"
    OUTPUTS_GONE = "outputs gone"
    RETRY = "failed before"
    FORCED = "forced"
    RENAMED = "renamed"
    DONE = "done"
    LEFT_ALONE = "failed before, left alone"

    @property
    def is_mined(self) -> bool:
        """Whether an input is mined for this reason: it is neither done, nor hopeless, nor only renamed."""
        return self not in (Reason.RENAMED, Reason.DONE, Reason.LEFT_ALONE)


@dataclass(frozen=True, slots=True)
class Decision:
    """What is to be done with one input.

    Args:
        reason: why.
        earlier: what the ledger has of it; where it was renamed, what it has under the other name.
    """

    reason: Reason
    earlier: Record | None = None


_DONE = Decision(Reason.DONE)


class Selection:
    """The question that a run asks for each input.

    Args:
        ledger: what became of inputs so far.
        output_root: the folder that holds it and the outputs.
        context: of this run.
        force: mine everything.
        retry_failed: try again what failed.
        reuse_outputs: whether the outputs of a renamed input can be reused.
    """

    def __init__(
        self,
        ledger: Ledger,
        output_root: Path,
        context: Context,
        *,
        force: bool = False,
        retry_failed: bool = False,
        reuse_outputs: bool = False,
    ) -> None:
        self._ledger, self._output_root, self._context = ledger, output_root, context
        self._force, self._retry_failed, self._reuse_outputs = force, retry_failed, reuse_outputs
        self._last: tuple[str, Stamp, Known | None] | None = None

    def known(self, relative: str, stamp: Stamp) -> Known | None:
        """What the ledger has of an input that is as it was, so that nobody need look what it is."""
        known = None if self._force else self._ledger.known(relative, stamp)
        if known is not None and not self._is_current(known):
            known = None
        self._last = (relative, stamp, known)
        return known

    def _is_current(self, known: Known) -> bool:
        """Whether a run like this one came to it; limits count only where nothing was mined."""
        root, pipeline, limits = known.context
        if known.format is None:
            return (root, limits) == (self._context.root, self._context.limits)
        return (root, pipeline) == (self._context.root, self._context.of_format(known.format).pipeline)

    def decide(self, path: str, relative: str, stamp: Stamp) -> Decision:
        """What is to be done with the input at `path`, which is `relative` to the context's root.

        Reads a file's content only where its stamp leaves it open whether it is known.
        """
        known = self._last[2] if self._last and self._last[:2] == (relative, stamp) else None
        known = known or self.known(relative, stamp)
        if known is not None and self._are_there(relative, known.outputs):
            return _DONE
        record = self._ledger.look_up(relative)
        if self._force:
            return Decision(Reason.FORCED, record)
        same_content = _SameContent(path)
        if record is None or not self._is_unchanged(record, stamp, same_content):
            other = self._known_elsewhere(relative, stamp, same_content) if self._reuse_outputs else None
            if other is not None:
                return Decision(Reason.RENAMED, other)
            return Decision(Reason.NEW if record is None else Reason.CHANGED, record)
        if record.context.pipeline != self._context.of_format(record.format).pipeline:
            return Decision(Reason.OTHER_PIPELINE, record)
        if record.status is Status.FAILED:
            return Decision(Reason.RETRY if self._is_retried(record) else Reason.LEFT_ALONE, record)
        if not self.outputs_are_there(record):
            return Decision(Reason.OUTPUTS_GONE, record)
        if record.context.root != self._context.root:
            return Decision(Reason.RENAMED if self._reuse_outputs else Reason.CHANGED, record)
        return Decision(Reason.DONE, record)

    def outputs_are_there(self, record: Record) -> bool:
        """Whether all files that were made of an input are still in the output folder."""
        return self._are_there(record.relative, record.outputs)

    def _are_there(self, relative: str, outputs: tuple[str, ...]) -> bool:
        folder, _, _ = f"{self._output_root}/{relative}".rpartition("/")
        try:
            for name in outputs:
                if not stat.S_ISREG(os.stat(f"{folder}/{name}").st_mode):
                    return False
        except OSError:
            return False
        return True

    def _is_unchanged(self, record: Record, stamp: Stamp, same_content: Callable[[Record], bool]) -> bool:
        """As rsync's quick check by size and time, and one that sees a file replaced by another of the same.

        Such a one has another inode, and a time of change that nobody can set back. A backup that was
        restored looks the same: it is read, and noted if its content is the known one.
        """
        known = record.stamp
        if (known.size_bytes, known.mtime_ns) != (stamp.size_bytes, stamp.mtime_ns):
            return False
        if known.inode == stamp.inode:
            if known.device != stamp.device:
                self._ledger.renumber_device(record.context.root, known.device, stamp.device)
                self._ledger.record(replace(record, stamp=stamp))
            return True
        if stamp.ctime_ns <= known.ctime_ns:  # a file system that numbers its files anew, as FAT's
            return True
        if record.sha256 is None or not same_content(record):
            return False
        self._ledger.record(replace(record, stamp=stamp))
        return True

    def _is_retried(self, record: Record) -> bool:
        context = self._context.of_format(record.format)
        if self._retry_failed or record.context != context or record.code in _OUTSIDE:
            return True
        # What fails while a run is being killed may have been killed with it.
        return record.code in _LUCK and (record.attempts < ATTEMPTS or not record.told)

    def _known_elsewhere(
        self, relative: str, stamp: Stamp, same_content: Callable[[Record], bool]
    ) -> Record | None:
        """An input with the same content that this pipeline has mined, whose outputs are there."""
        for record in self._ledger.iter_like(stamp.size_bytes, stamp.mtime_ns):
            if (
                record.relative != relative
                and record.status is Status.MINED
                and record.context.pipeline == self._context.of_format(record.format).pipeline
                and same_content(record)
                and self.outputs_are_there(record)
            ):
                return record
        return None


class _SameContent:
    """Compares a file's content with what is known; reads it once, and only if asked."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._sha256: str | None = None

    def __call__(self, record: Record) -> bool:
        """Whether the file has the content of that record."""
        if self._sha256 is None:
            try:
                self._sha256 = sha256_of(self._path)
            except OSError:  # whoever mines it will say so
                self._sha256 = ""
        return self._sha256 == record.sha256
