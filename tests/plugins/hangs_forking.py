"""Hangs when it is to be forked, though it says that it can."""

from __future__ import annotations

import os
import signal

from pipeline.component import Detector


class HangsForking(Detector):
    """Its process stops when it should fork; finds nothing."""

    forkable = True

    def load(self):
        """Register what happens at a fork."""
        os.register_at_fork(before=lambda: os.kill(os.getpid(), signal.SIGSTOP))

    def detect(self, frame, regions):
        """Find nothing."""
        return []
