"""Which inputs a run mines and which it leaves as they are, and why: a comparison with the ledger."""

from __future__ import annotations

import os
import stat
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

from pipeline.errors import FailureCode
from pipeline.files.hashing import sha256_of
from pipeline.files.walk import Skipped, WalkedFile, identify_file
from pipeline.formats import FORMATS
from pipeline.ledger.entry import Entry
from pipeline.ledger.ledger import Ledger
from pipeline.ledger.record import Context, Record
from pipeline.outcome import Status
from pipeline.source import NO_STAMP, Source, Stamp

ATTEMPTS = 2
"""How often an input is tried that failed for a reason that may be bad luck. Afterwards it is left alone
until it changes or `--retry-failed` is given. A crashed worker counts twice, because two workers tried."""

_OUTSIDE = frozenset(
    [
        FailureCode.UNREADABLE,
        FailureCode.DIR_UNREADABLE,
        FailureCode.OUTPUT_NAME_TAKEN,
        FailureCode.CHANGED_WHILE_READING,
        FailureCode.VANISHED,
    ]
)
"""Failures that can end without a change of the file: each run tries again."""
_LUCK = frozenset((FailureCode.TIMEOUT, FailureCode.OUT_OF_MEMORY, FailureCode.WORKER_CRASHED))


class Reason(StrEnum):
    """Why an input is mined in this run, or is not."""

    NEW = "new"
    CHANGED = "changed"
    OTHER_PIPELINE = "other pipeline"
    OUTPUTS_GONE = "outputs gone"
    SIDECAR = "sidecar changed"
    RETRY = "failed before"
    FORCED = "forced"
    RENAMED = "renamed"
    DONE = "done"
    LEFT_ALONE = "failed before, left alone"
    IGNORED = "ignored"
    IGNORED_BEFORE = "ignored before"

    @property
    def is_mined(self) -> bool:
        """Whether an input is mined for this reason."""
        return self not in _NOT_MINED


_NOT_MINED = (Reason.RENAMED, Reason.DONE, Reason.LEFT_ALONE, Reason.IGNORED, Reason.IGNORED_BEFORE)


class Decision(NamedTuple):
    """What is to be done with one input.

    Args:
        reason: why.
        found: the input, as far as it was looked into.
        earlier: the ledger's record under this path, None if there is none or it was not needed.
        twin: for `Reason.RENAMED`, the record of the same content under another path or root; for an input
            that is mined, such a record of another pipeline, whose findings may be used.
    """

    reason: Reason
    found: Source | Skipped | WalkedFile
    earlier: Record | None = None
    twin: Record | None = None


class Selection:
    """Decides for each input of a run what is to be done with it.

    Args:
        ledger: the results so far.
        output_root: the folder of the outputs.
        context: of this run.
        force: mine everything.
        ask_all: look at every input, also if nothing about it and the pipeline has changed.
        retry_failed: try failed inputs again.
        reuse_outputs: whether the outputs of a renamed input can be reused.
        min_age_s: leave files alone that were changed less than this long ago.
    """

    def __init__(
        self,
        ledger: Ledger,
        output_root: Path,
        context: Context,
        *,
        force: bool = False,
        ask_all: bool = False,
        retry_failed: bool = False,
        reuse_outputs: bool = False,
        min_age_s: float = 0.0,
    ) -> None:
        self._ledger, self._output_root, self._context = ledger, output_root, context
        self._force, self._ask_all = force, ask_all
        self._retry_failed, self._reuse_outputs = retry_failed, reuse_outputs
        self._min_age_s = min_age_s
        self._is_current: dict[tuple[int, str | None], bool] = {}

    def decide(self, found: WalkedFile | Skipped) -> Decision:
        """Decide about one input, and ask the ledger about it once.

        A file is opened only if it is not known to be unchanged, and read to its end only if its stamp leaves
        open whether it is known.
        """
        entry = self._ledger.find(found.relative)
        if isinstance(found, Skipped):
            return self._decide(found, None if entry is None else entry.record)
        if entry is not None and self._is_unchanged_result(entry, found):
            if entry.format is None:
                ignored = Skipped(found.path, found.relative, None, entry.sentence, False)
                return Decision(Reason.IGNORED_BEFORE, ignored)
            if self._are_there(found.relative, entry.outputs):
                return Decision(Reason.DONE, found)
        identified = identify_file(found, min_age_s=self._min_age_s)
        return self._decide(identified, None if entry is None else entry.record)

    def _is_unchanged_result(self, entry: Entry, file: WalkedFile) -> bool:
        """Whether a run like this one came to the result, and the file has not changed since."""
        if self._force or self._ask_all or entry.failed or not entry.is_as(file.stamp):
            return False
        if file.is_named and entry.format is None:
            return False
        is_current = self._is_current.get(entry.context_and_format)
        if is_current is None:
            is_current = self._came_from_such_a_run(entry)
            self._is_current[entry.context_and_format] = is_current
        return is_current

    def _came_from_such_a_run(self, entry: Entry) -> bool:
        """Whether root and pipeline are those of this run; for an ignored file, root and limits."""
        root, pipeline, limits = entry.context
        if entry.format is None:
            return (root, limits) == (self._context.root, self._context.limits)
        current = (root, pipeline) == (self._context.root, self._context.of_format(entry.format).pipeline)
        return current and entry.format in FORMATS

    def _decide(self, found: Source | Skipped, earlier: Record | None) -> Decision:
        if isinstance(found, Skipped) and not found.failed:
            return Decision(Reason.IGNORED, found, earlier)
        if self._force:
            return Decision(Reason.FORCED, found, earlier)
        stamp = (found.stamp or NO_STAMP).in_64_bits()
        content = _Content(found.path)
        if earlier is None or not self._is_same(earlier, stamp, content):
            twin = self._twin(found.relative, stamp, content)
            if twin is not None and self._reuse_outputs and self._has_right_outputs(twin):
                return Decision(Reason.RENAMED, found, earlier, twin)
            return Decision(Reason.NEW if earlier is None else Reason.CHANGED, found, earlier, twin)
        if self._ask_all and earlier.status is Status.MINED:
            return Decision(Reason.FORCED, found, earlier)
        if earlier.context.pipeline != self._context.of_format(earlier.format).pipeline:
            return Decision(Reason.OTHER_PIPELINE, found, earlier)
        if earlier.status is Status.FAILED:
            return Decision(Reason.RETRY if self._is_retried(earlier) else Reason.LEFT_ALONE, found, earlier)
        if not self._are_there(earlier.relative, earlier.outputs):
            return Decision(Reason.OUTPUTS_GONE, found, earlier)
        if earlier.context.root != self._context.root:
            if self._reuse_outputs:
                return Decision(Reason.RENAMED, found, earlier, earlier)
            return Decision(Reason.CHANGED, found, earlier)
        return Decision(Reason.DONE, found, earlier)

    def _are_there(self, relative: str, outputs: tuple[str, ...]) -> bool:
        """Whether all of an input's outputs are regular files in the output folder."""
        folder, _, _ = f"{self._output_root}/{relative}".rpartition("/")
        try:
            for name in outputs:
                if not stat.S_ISREG(os.stat(f"{folder}/{name}").st_mode):
                    return False
        except OSError:
            return False
        return True

    def _is_same(self, earlier: Record, stamp: Stamp, content: _Content) -> bool:
        """Whether a file is the recorded one: by size and times, and by content where those do not suffice.

        A program can edit a file, or put another in its place, and set the modification time back. It cannot
        set the time of change. Copying a disk, restoring a backup, linking and changing permissions move the
        time of change as well, so the content decides then. If it is the same, the new stamp is recorded.
        """
        known = earlier.stamp
        if known[:2] != stamp[:2]:
            return False
        if stamp.ctime_ns <= known.ctime_ns:  # also if the file system renumbers its files, as FAT does
            if known.inode == stamp.inode and known.device != stamp.device:
                self._ledger.renumber_device(earlier.context.root, known.device, stamp.device)
                self._ledger.record(replace(earlier, stamp=stamp))
            return True
        if earlier.sha256 is None:  # as of failures: those would be reported again after each `chmod`
            if known.inode != stamp.inode:
                return False
        elif content.sha256 != earlier.sha256:
            return False
        self._ledger.record(replace(earlier, stamp=stamp))
        return True

    def _is_retried(self, failed: Record) -> bool:
        context = self._context.of_format(failed.format)
        if self._retry_failed or failed.context != context or failed.code in _OUTSIDE:
            return True
        # An input that failed while a run was being killed may have failed because of that.
        return failed.code in _LUCK and (failed.attempts < ATTEMPTS or not failed.is_reported)

    def _twin(self, relative: str, stamp: Stamp, content: _Content) -> Record | None:
        """Find another input with the same content that was mined, by this pipeline if there is one."""
        if not self._ledger.has_like(stamp) or not content.sha256:
            return None
        others = [
            record
            for record in self._ledger.iter_same(stamp, content.sha256)
            if record.relative != relative and record.status is Status.MINED
        ]
        return next(filter(self._has_right_outputs, others), others[0] if others else None)

    def _has_right_outputs(self, record: Record) -> bool:
        """Whether this pipeline has mined a recorded input, and its outputs exist."""
        current = record.context.pipeline == self._context.of_format(record.format).pipeline
        return current and not self._ask_all and self._are_there(record.relative, record.outputs)


class _Content:
    """A file's content hash, computed when it is first asked for."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._sha256: str | None = None

    @property
    def sha256(self) -> str:
        """SHA-256, hexadecimal; empty if the file cannot be read, which mining it will report."""
        if self._sha256 is None:
            try:
                self._sha256 = sha256_of(self._path)
            except OSError:
                self._sha256 = ""
        return self._sha256
