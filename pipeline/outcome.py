"""The result of one input, and of a complete run."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum

from pipeline.errors import ExitCode, FailureCode
from pipeline.kept.values import Kept
from pipeline.source import SourceKind


class Status(StrEnum):
    """How the processing of an input can end."""

    MINED = "mined"
    FAILED = "failed"
    IGNORED = "ignored"
    """Neither photo nor video, or gone before it was read."""
    UNCHANGED = "unchanged"
    """Mined by an earlier run, and neither it nor what is found in it has changed since."""
    RENAMED = "renamed"
    """Mined by an earlier run under another path: its outputs are made from those of the old path."""
    LEFT_ALONE = "left alone"
    """Failed in an earlier run, which reported it, and unchanged since."""


@dataclass(slots=True)  # not frozen: that takes 3.4 us to create, of 20 us that an unchanged input takes
class Outcome:
    """The result of one input.

    Args:
        path: absolute, as `os.fsdecode` gives it.
        status: how its processing ended.
        code: why it was not mined; None if it was mined, or is neither photo nor video.
        sentence: the same for people; for a partially mined input, what is missing.
        frames: number of frames mined.
        kind: photo or video, if it was mined.
        duration_s: how long mining took, seconds.
        sha256: of the input's content, hexadecimal; None if it was not computed.
        outputs: names of the files written, in the input's output folder; also for a failed input.
        machine: the machine of a cluster that mined it, or joined the segments of a video; empty without a
            cluster.
        shares: how many frames of a video each machine has mined; empty for others.
        kept: what is to be kept of it for later runs; None: nothing.
        ran: names of the components that looked at its pixels.
        reused: names of the components whose findings were known.
        is_old_news: whether an earlier run has logged that it is ignored.
    """

    path: str
    status: Status
    code: FailureCode | None = None
    sentence: str = ""
    frames: int = 0
    kind: SourceKind | None = None
    duration_s: float = field(default=0.0, compare=False)
    sha256: str | None = None
    outputs: tuple[str, ...] = ()
    machine: str = field(default="", compare=False)
    shares: tuple[tuple[str, int], ...] = field(default=(), compare=False)
    kept: Kept | None = field(default=None, compare=False)
    ran: frozenset[str] = field(default=frozenset(), compare=False)
    reused: frozenset[str] = field(default=frozenset(), compare=False)
    is_old_news: bool = field(default=False, compare=False)

    @property
    def is_partial(self) -> bool:
        """Whether it was mined only in part, because it is truncated or damaged."""
        return self.status is Status.MINED and bool(self.sentence)


@dataclass(slots=True)
class MachineCounts:
    """What one machine of a cluster has mined.

    Args:
        mined: inputs mined.
        failed: inputs that failed.
        frames: frames mined; a photo is one.
    """

    mined: int = 0
    failed: int = 0
    frames: int = 0


MOST_FAILURES = 10_000
"""Number of failures that a summary keeps; the log has all of them."""


@dataclass(slots=True)
class Summary:
    """Counts of a run, updated as outcomes arrive; only failures are kept individually.

    Args:
        mined: inputs mined.
        videos: number of videos among them.
        partial: number of mined inputs that are truncated or damaged.
        frames: frames mined; a photo is one.
        video_frames: those of videos.
        failed: inputs that failed.
        failures: the first `MOST_FAILURES` of them.
        ignored, unchanged, renamed, left_alone: inputs with that `Status`.
        pruned: inputs that no longer exist and whose outputs were removed.
        missing: inputs of earlier runs whose disk seems not to be mounted: how many in which folder.
        mining_s: total time that workers spent on inputs, seconds.
        video_s: their time for videos that were mined, seconds.
        elapsed_s: wall-clock seconds.
        machines: by name, the machines of a cluster; a video counts where its segments were joined, and its
            frames where they were mined.
        ran: for each component, the inputs whose pixels it looked at.
        reused: for each component, the inputs in which its findings were known.
        interrupted_by: ExitCode.INTERRUPTED or TERMINATED, or None for a completed run.
    """

    mined: int = 0
    videos: int = 0
    partial: int = 0
    frames: int = 0
    video_frames: int = 0
    failed: int = 0
    failures: list[Outcome] = field(default_factory=list)
    ignored: int = 0
    unchanged: int = 0
    renamed: int = 0
    left_alone: int = 0
    pruned: int = 0
    missing: Counter[str] = field(default_factory=Counter)
    mining_s: float = 0.0
    video_s: float = 0.0
    elapsed_s: float = 0.0
    machines: dict[str, MachineCounts] = field(default_factory=dict)
    ran: Counter[str] = field(default_factory=Counter)
    reused: Counter[str] = field(default_factory=Counter)
    interrupted_by: ExitCode | None = None

    def add(self, outcome: Outcome) -> None:
        """Count one outcome."""
        self.frames += outcome.frames
        self.mining_s += outcome.duration_s
        if outcome.machine:
            machine = self.machines.setdefault(outcome.machine, MachineCounts())
            machine.mined += outcome.status is Status.MINED
            machine.failed += outcome.status is Status.FAILED
            for name, frames in outcome.shares or ((outcome.machine, outcome.frames),):
                self.machines.setdefault(name, MachineCounts()).frames += frames
        if outcome.ran or outcome.reused:
            self.ran.update(outcome.ran)
            self.reused.update(outcome.reused)
        match outcome.status:
            case Status.UNCHANGED:
                self.unchanged += 1
            case Status.MINED:
                self.mined += 1
                if outcome.kind is SourceKind.VIDEO:
                    self.videos += 1
                    self.video_frames += outcome.frames
                    self.video_s += outcome.duration_s
                self.partial += outcome.is_partial
            case Status.IGNORED:
                self.ignored += 1
            case Status.RENAMED:
                self.renamed += 1
            case Status.LEFT_ALONE:
                self.left_alone += 1
            case Status.FAILED:
                self.failed += 1
                if len(self.failures) < MOST_FAILURES:
                    self.failures.append(outcome)

    @property
    def photos(self) -> int:
        """Number of photos mined."""
        return self.mined - self.videos

    @property
    def found(self) -> int:
        """Number of files that the walk found."""
        return self.mined + self.failed + self.ignored + self.unchanged + self.renamed + self.left_alone

    @property
    def exit_code(self) -> ExitCode:
        """The program's exit status for this run."""
        if self.interrupted_by is not None:
            return self.interrupted_by
        return ExitCode.SOME_FAILED if self.failed else ExitCode.OK
