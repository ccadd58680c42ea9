"""Holds an accelerator, as far as its pipeline can tell."""

from __future__ import annotations

from pipeline.component import Detector


class Accelerated(Detector):
    """Says only once it is loaded that it may not be forked; finds nothing."""

    forkable = True

    def load(self):
        """Take the accelerator."""
        self.forkable = False

    def detect(self, frame, regions):
        """Find nothing."""
        return []
