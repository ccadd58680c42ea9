"""What is said of a video between its look, its segments and its join: plain values, small enough to send."""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from pipeline.videos.facts import FileState, VideoFacts
from pipeline.videos.sampling import Sampling
from pipeline.videos.segments import Segment


@dataclass(frozen=True, slots=True)
class Stretch:
    """A segment and what is to be done with its frames.

    Args:
        segment: the frames that are read.
        mined: indices of those that are mined, ascending; None for all.
        has_lead: whether the first frame belongs to an earlier segment and is looked at only to know what was
            found last before this one begins.
    """

    segment: Segment
    mined: array[int] | None = None
    has_lead: bool = False


@dataclass(frozen=True, slots=True)
class Cut:
    """A video that has been looked at and cut.

    Args:
        facts: what its container says.
        state: of the file at that time.
        stretches: all of it that is read, in order.
    """

    facts: VideoFacts
    state: FileState
    stretches: tuple[Stretch, ...]


class Share(NamedTuple):
    """What one writer made of one segment.

    Args:
        part: the file that it wrote.
        note: what it wants to know when the parts are joined.
    """

    part: Path
    note: Any


@dataclass(frozen=True, slots=True)
class MinedStretch:
    """What came of one segment.

    Args:
        number: of the segment.
        frames: how many were mined.
        is_damaged: frames of it are missing, or came out damaged.
        shares: by the writers' names.
        outputs: names of files that are complete by themselves, such as pictures of single frames.
        duration_s: how long it took.
    """

    number: int
    frames: int
    is_damaged: bool
    shares: dict[str, Share]
    outputs: tuple[str, ...] = ()
    duration_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Film:
    """A video whose segments are all mined.

    Args:
        facts: what its container says.
        sampling: which of its frames were mined.
        frames: how many those are.
        is_partial: the file is cut off or damaged, and some of it is missing.
        sha256: of the file's bytes, hexadecimal.
    """

    facts: VideoFacts
    sampling: Sampling
    frames: int
    is_partial: bool
    sha256: str
