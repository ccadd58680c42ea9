"""What became of one input, and of a whole run."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from pipeline.errors import ExitCode, FailureCode


class Status(StrEnum):
    """The three ends that an input can come to."""

    MINED = "mined"
    FAILED = "failed"
    IGNORED = "ignored"
    """Neither photo nor video, or gone before it was read."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one input.

    Args:
        path: absolute, as `os.fsdecode` gives it.
        status: the end it came to.
        code: why it was not mined; None if it was, or is simply neither photo nor video.
        sentence: the same for people.
        frames: how many frames were mined.
    """

    path: str
    status: Status
    code: FailureCode | None = None
    sentence: str = ""
    frames: int = 0


@dataclass(slots=True)
class Summary:
    """What became of a run, counted as outcomes come in; only failures are kept one by one.

    Args:
        elapsed_s: wall-clock seconds.
        interrupted_by: ExitCode.INTERRUPTED or TERMINATED, or None for a run that came to its end.
    """

    mined: int = 0
    ignored: int = 0
    failures: list[Outcome] = field(default_factory=list)
    elapsed_s: float = 0.0
    interrupted_by: ExitCode | None = None

    def add(self, outcome: Outcome) -> None:
        """Count one outcome."""
        match outcome.status:
            case Status.MINED:
                self.mined += 1
            case Status.IGNORED:
                self.ignored += 1
            case Status.FAILED:
                self.failures.append(outcome)

    @property
    def exit_code(self) -> ExitCode:
        """What the program's exit status says of the run."""
        if self.interrupted_by is not None:
            return self.interrupted_by
        return ExitCode.SOME_FAILED if self.failures else ExitCode.OK
