"""An early estimate of how long a run over videos takes, made soon after the first video has begun."""

from __future__ import annotations

import os
import time
from collections.abc import Callable

from pipeline.outcome import Outcome, Status
from pipeline.text import counted, printable, roughly
from pipeline.videos.progress import VideoProgress

ESTIMATE_AFTER_S = 6.0
"""Frames are mined this long before an estimate: the first ones take longer."""
_LONG_S = 120.0
"""Shorter times are not worth a line."""
_MUCH_LONGER = 3.0
"""Another video gets a line if it takes this many times as long as the last video that got one."""
_ADVISED_FPS = 2
"""What estimates compare with: people and things stay in a picture for longer than half a second."""
_UNMINED = 0.2
"""The time for a frame of an annotated video that is not mined, relative to that for a mined one.
Measured with the smallest network: 6 ms to 25 ms."""


class VideoEstimate:
    """Follows the videos of a run and makes its estimates.

    Args:
        videos_of_input: gives the number of videos in INPUT and their bytes; None as long as it is not known.
    """

    def __init__(self, videos_of_input: Callable[[], tuple[int, int] | None]) -> None:
        self._videos_of_input = videos_of_input
        self._current: dict[str, VideoProgress] = {}
        self._began: dict[str, float] = {}
        self._done_bytes = 0
        self._active_s, self._active_since = 0.0, 0.0
        self._has_earlier_results = self._is_run_estimated = False
        self._longest_s = 0.0

    def on_outcome(self, outcome: Outcome) -> None:
        """Note that an input is done."""
        self._has_earlier_results |= outcome.status not in (Status.MINED, Status.FAILED, Status.IGNORED)
        if self._current.pop(outcome.path, None) is not None:
            self._done_bytes += _size_of(outcome.path)
            del self._began[outcome.path]
            if not self._current:
                self._active_s += time.monotonic() - self._active_since

    def on_video(self, progress: VideoProgress) -> str | None:
        """Note how far a video is.

        Returns: how long all videos of the run take, said once; or how long this one takes, if it is long.
            None if there is nothing to say, or it is too early.
        """
        if not self._current:
            self._active_since = time.monotonic()
        self._current[progress.path] = progress
        self._began.setdefault(progress.path, time.monotonic())
        return self._of_run(progress) or self._of_video(progress)

    def _of_run(self, progress: VideoProgress) -> str | None:
        found = self._videos_of_input()
        if found is None or found[0] < 2 or self._has_earlier_results or self._is_run_estimated:
            return None
        active_s = self._active_s + time.monotonic() - self._active_since
        done_bytes = self._done_bytes + sum(map(_done_bytes_of, self._current.values()))
        if active_s < ESTIMATE_AFTER_S or not done_bytes:
            return None
        count, size_bytes = found
        whole_s = active_s * size_bytes / done_bytes
        if whole_s < _LONG_S:
            return None
        self._is_run_estimated = True
        frames = " at every frame" if progress.every_frame else ""
        size = f"{size_bytes / 1e9:,.1f} GB" if size_bytes >= 1e9 else f"{size_bytes / 1e6:,.0f} MB"
        videos = f"{counted(count, 'video')} of {size}{frames}"
        return f"about {roughly(whole_s)}: {videos}{_advice(progress, whole_s)}"

    def _of_video(self, progress: VideoProgress) -> str | None:
        mining_s = time.monotonic() - self._began[progress.path]
        if mining_s < ESTIMATE_AFTER_S or not progress.mined or self._is_run_estimated:
            return None
        whole_s = mining_s * progress.to_read / progress.read
        if whole_s < max(_LONG_S, self._longest_s * _MUCH_LONGER):
            return None
        self._longest_s = whole_s
        frames = " at every frame" if progress.every_frame else f", {counted(progress.to_mine, 'frame')}"
        name = printable(os.path.basename(progress.path))
        sentence = f"{name}: about {roughly(whole_s)}: {progress.span_s:,.0f} s of video{frames}"
        return f"{sentence}{_advice(progress, whole_s)}"


def _advice(progress: VideoProgress, whole_s: float) -> str:
    """How long it would take to mine two frames a second, where every frame is mined."""
    fps = progress.to_mine / progress.span_s if progress.span_s else 0.0
    if not progress.every_frame or fps < 2 * _ADVISED_FPS:
        return ""
    mined = _ADVISED_FPS / fps
    thinned_s = whole_s * (mined + _UNMINED * (1 - mined))
    return f"; video: {{fps: {_ADVISED_FPS}}} would take about {roughly(thinned_s)}"


def _done_bytes_of(video: VideoProgress) -> float:
    return _size_of(video.path) * video.read / video.to_read if video.to_read else 0.0


def _size_of(path: str) -> int:
    try:
        return os.stat(path).st_size
    except OSError:
        return 0
