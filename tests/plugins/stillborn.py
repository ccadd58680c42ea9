"""Its forked workers die at once."""

from __future__ import annotations

import os

from pipeline.component import Detector


class Stillborn(Detector):
    """A process forked from one that has loaded this ends before it can report; finds nothing."""

    forkable = True

    def load(self):
        """Register what happens at a fork."""
        os.register_at_fork(after_in_child=lambda: os._exit(9))

    def detect(self, frame, regions):
        """Find nothing."""
        return []
