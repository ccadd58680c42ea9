"""What became of one input, and of a whole run."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from pipeline.errors import ExitCode, FailureCode
from pipeline.source import SourceKind


class Status(StrEnum):
    """The ends that an input can come to."""

    MINED = "mined"
    FAILED = "failed"
    IGNORED = "ignored"
    """Neither photo nor video, or gone before it was read."""
    UNCHANGED = "unchanged"
    """Mined by an earlier run, and nothing has changed since."""
    RENAMED = "renamed"
    """Mined by an earlier run under another name or in another place: its outputs are made from those."""
    LEFT_ALONE = "left alone"
    """Failed in an earlier run, which said so, and nothing has changed since."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one input.

    Args:
        path: absolute, as `os.fsdecode` gives it.
        status: the end it came to.
        code: why it was not mined; None if it was, or is simply neither photo nor video.
        sentence: the same for people; of what was mined, what is missing of it, if anything.
        frames: how many frames were mined.
        kind: what was mined.
        duration_s: how long that took.
        sha256: of the input's content, hexadecimal; None where nobody computed it.
        outputs: names of the files that were written, whatever the end, in the input's output folder.
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

    @property
    def is_partial(self) -> bool:
        """Whether it was mined as far as it goes: it is cut off or damaged."""
        return self.status is Status.MINED and bool(self.sentence)


MOST_FAILURES = 10_000
"""So many failures are kept one by one; the log has them all."""


@dataclass(slots=True)
class Summary:
    """What became of a run, counted as outcomes come in; only failures are kept one by one.

    Args:
        mined: inputs mined.
        videos: how many of them are videos.
        partial: how many of the inputs mined are cut off or damaged.
        frames: frames mined.
        failed: inputs that failed.
        failures: the first `MOST_FAILURES` of them.
        ignored, unchanged, renamed, left_alone: inputs that came to that end; see `Status`.
        pruned: inputs that are gone, whose outputs were removed.
        mining_s: seconds that workers had inputs in hand, all together.
        elapsed_s: wall-clock seconds.
        interrupted_by: ExitCode.INTERRUPTED or TERMINATED, or None for a run that came to its end.
    """

    mined: int = 0
    videos: int = 0
    partial: int = 0
    frames: int = 0
    failed: int = 0
    failures: list[Outcome] = field(default_factory=list)
    ignored: int = 0
    unchanged: int = 0
    renamed: int = 0
    left_alone: int = 0
    pruned: int = 0
    mining_s: float = 0.0
    elapsed_s: float = 0.0
    interrupted_by: ExitCode | None = None

    def add(self, outcome: Outcome) -> None:
        """Count one outcome."""
        self.frames += outcome.frames
        self.mining_s += outcome.duration_s
        match outcome.status:
            case Status.UNCHANGED:
                self.unchanged += 1
            case Status.MINED:
                self.mined += 1
                self.videos += outcome.kind is SourceKind.VIDEO
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
    def found(self) -> int:
        """How many files the walk came by."""
        return self.mined + self.failed + self.ignored + self.unchanged + self.renamed + self.left_alone

    @property
    def exit_code(self) -> ExitCode:
        """What the program's exit status says of the run."""
        if self.interrupted_by is not None:
            return self.interrupted_by
        return ExitCode.SOME_FAILED if self.failed else ExitCode.OK
