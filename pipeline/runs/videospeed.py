"""The speed at which the videos in progress are mined, and their remaining time."""

from __future__ import annotations

import os
import time

from pipeline.text import counted, printable, roughly, shortened
from pipeline.videos.progress import VideoProgress

_TITLE_CHARACTERS = 40


class VideoSpeed:
    """Follows the videos that are being mined."""

    def __init__(self) -> None:
        self._current: dict[str, VideoProgress] = {}
        self._began: dict[str, float] = {}
        self._finished_frames = 0

    @property
    def is_active(self) -> bool:
        """Whether a video is being mined."""
        return bool(self._current)

    @property
    def done(self) -> int:
        """Frames of the videos in progress that were mined."""
        return sum(video.mined for video in self._current.values())

    @property
    def total(self) -> int:
        """Frames of the videos in progress that are to be mined."""
        return sum(video.to_mine for video in self._current.values())

    @property
    def title(self) -> str:
        """The name of the video in progress, or how many there are."""
        if len(self._current) == 1:
            return shortened(printable(os.path.basename(next(iter(self._current)))), _TITLE_CHARACTERS)
        return counted(len(self._current), "video")

    def on_video(self, progress: VideoProgress) -> None:
        """Note how far a video is."""
        self._current[progress.path] = progress
        self._began.setdefault(progress.path, time.monotonic())

    def on_end(self, path: str) -> None:
        """Note that an input is no longer being mined."""
        if (video := self._current.pop(path, None)) is not None:
            self._finished_frames += video.mined
        if not self._current and self._began:  # the next video begins afresh: photos may come between
            self._began.clear()
            self._finished_frames = 0

    def rate(self) -> float:
        """Frames mined in a second since the first of the videos in progress began."""
        if not self._began:
            return 0.0
        return (self._finished_frames + self.done) / max(time.monotonic() - min(self._began.values()), 1e-3)

    def left_s(self) -> float | None:
        """The remaining time of the videos in progress, seconds; None if it is not known yet."""
        rate = self.rate()
        return (self.total - self.done) / rate if rate else None

    def sentence(self) -> str:
        """The log line about the videos in progress."""
        left_s = self.left_s()
        left = f", about {roughly(left_s)} left" if left_s is not None else ""
        frames = f"{self.done:,} of {counted(self.total, 'frame')}"
        return f"mining {self.title}: {frames}, {self.rate():.1f} frames a second{left}"
