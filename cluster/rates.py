"""How much each machine mines, in the log."""

from __future__ import annotations

import logging
import time
from collections import Counter

from pipeline.outcome import Outcome, Status

INTERVAL_S = 30.0
_log = logging.getLogger(__name__)


class Rates:
    """Counts outcomes by machine and logs a line every `INTERVAL_S`."""

    def __init__(self) -> None:
        self._mined: Counter[str] = Counter()
        self._failed: Counter[str] = Counter()
        self._frames: Counter[str] = Counter()
        self._logged_at = time.monotonic()

    def add(self, outcome: Outcome) -> None:
        """Count one outcome."""
        self._mined[outcome.machine] += outcome.status is Status.MINED
        self._failed[outcome.machine] += outcome.status is Status.FAILED
        if not outcome.shares:  # else the frames were counted with their segments
            self._frames[outcome.machine] += outcome.frames

    def add_frames(self, machine: str, frames: int) -> None:
        """Count a segment of a video.

        Args:
            machine: which has mined it.
            frames: in it.
        """
        self._frames[machine] += frames

    def log(self, machines: list[str]) -> None:
        """Log what each machine has mined since the last line, if it is time.

        Args:
            machines: those that mine now.
        """
        passed_s = time.monotonic() - self._logged_at
        if passed_s < INTERVAL_S:
            return
        parts = []
        for name in machines:
            failed = f", {self._failed[name]:,} failed" if self._failed[name] else ""
            frames = f", {self._frames[name] / passed_s:.1f} frames" if self._has_videos(name) else ""
            parts.append(f"{name} {self._mined[name] / passed_s:.1f} files a second{frames}{failed}")
        if parts:
            _log.info("machines: %s", "; ".join(parts))
        for counts in (self._mined, self._failed, self._frames):
            counts.clear()
        self._logged_at += passed_s

    def _has_videos(self, name: str) -> bool:
        return self._frames[name] > self._mined[name]
