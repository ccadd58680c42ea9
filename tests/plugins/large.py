"""Needs more memory to load than any machine has."""

from __future__ import annotations

from pipeline.component import Detector


class Large(Detector):
    """Asks for 4 EB."""

    forkable = True

    def load(self):
        """Ask."""
        self.model = bytearray(1 << 62)

    def detect(self, frame, regions):
        """Not called."""
        return []
