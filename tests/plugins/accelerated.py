"""Behaves like a component that uses an accelerator."""

from __future__ import annotations

from pipeline.component import Detector


class Accelerated(Detector):
    """Cannot be forked, which it knows only once it is loaded; finds nothing."""

    forkable = True

    def load(self):
        """Take the accelerator."""
        self.forkable = False

    def detect(self, frame, regions):
        """Find nothing."""
        return []
