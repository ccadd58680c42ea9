"""How fast the videos of a run are mined, how long that takes still, and the first estimate of a long one."""

from __future__ import annotations

import os
import time

from pipeline.text import counted, printable, roughly, shortened
from pipeline.videos.progress import VideoProgress

ESTIMATE_AFTER_S = 6.0
"""A video's frames are mined this long before its time is estimated: the first ones take longer."""
_LONG_S = 120.0
"""Shorter videos are not worth a line."""
_MUCH_LONGER = 3.0
"""Another estimate is worth a line if it is so many times the last one."""
_ADVISED_FPS = 2
"""What the estimate compares with: people and things stay in a picture for longer than half a second."""
_UNMINED = 0.2
"""The time for a frame of an annotated video that is not mined, relative to that for a mined one.
Measured with the smallest network: 6 ms to 25 ms."""

_TITLE_CHARACTERS = 40


class VideoSpeed:
    """Follows the videos that are being mined."""

    def __init__(self) -> None:
        self._current: dict[str, VideoProgress] = {}
        self._began: dict[str, float] = {}
        self._finished_frames = 0
        self._longest_s = 0.0

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
        if not self._current:  # the next video begins afresh: photos may come between
            self._began.clear()
            self._finished_frames = 0

    def rate(self) -> float:
        """Frames mined in a second since the first of the videos in progress began."""
        if not self._began:
            return 0.0
        return (self._finished_frames + self.done) / max(time.monotonic() - min(self._began.values()), 1e-3)

    def left_s(self) -> float | None:
        """The time that the videos in progress take still, seconds; None if it is not known yet."""
        rate = self.rate()
        return (self.total - self.done) / rate if rate else None

    def sentence(self) -> str:
        """What a log line says of the videos in progress."""
        left_s = self.left_s()
        left = f", about {roughly(left_s)} left" if left_s is not None else ""
        frames = f"{self.done:,} of {counted(self.total, 'frame')}"
        return f"mining {self.title}: {frames}, {self.rate():.1f} frames a second{left}"

    def estimate(self, progress: VideoProgress) -> str | None:
        """Estimate, once, how long a long video takes.

        Returns: a sentence; None if the video is short, was estimated, or it is too early to say.
        """
        mining_s = time.monotonic() - self._began.get(progress.path, float("inf"))
        if mining_s < ESTIMATE_AFTER_S or not progress.read or not progress.mined:
            return None
        whole_s = mining_s * progress.to_read / progress.read
        if whole_s < max(_LONG_S, self._longest_s * _MUCH_LONGER):
            return None
        self._longest_s = whole_s
        frames = " at every frame" if progress.every_frame else f", {counted(progress.to_mine, 'frame')}"
        name = printable(os.path.basename(progress.path))
        sentence = f"{name}: about {roughly(whole_s)}: {progress.span_s:,.0f} s of video{frames}"
        fps = progress.to_mine / progress.span_s if progress.span_s else 0.0
        if not progress.every_frame or fps < 2 * _ADVISED_FPS:
            return sentence
        mined = _ADVISED_FPS / fps
        thinned_s = whole_s * (mined + _UNMINED * (1 - mined))
        return f"{sentence}; video: {{fps: {_ADVISED_FPS}}} would take about {roughly(thinned_s)}"
