"""How far the mining of a video has got, for what a run shows while it works."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class VideoProgress:
    """How far the mining of one video has got.

    Args:
        path: of the video, absolute, as `os.fsdecode` gives it.
        read: how many of its frames were read and, if they are to be, mined.
        to_read: how many are read in all; 0 if none are.
        to_mine: how many of those are mined.
        span_s: from the first of those frames to the end of the last, seconds of the video.
        every_frame: whether the pipeline file asks for every frame.
    """

    path: str
    read: int
    to_read: int
    to_mine: int
    span_s: float
    every_frame: bool

    @property
    def mined(self) -> int:
        """About how many frames were mined: those that are mined lie evenly among those that are read."""
        return self.to_mine * self.read // self.to_read if self.to_read else 0


OnVideo = Callable[[VideoProgress], None]
"""Called when a video was probed, and then as its frames are mined, every few seconds."""


def ignore(_: VideoProgress) -> None:
    """Do nothing; for callers that show no progress."""
