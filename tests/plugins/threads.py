"""Has a thread of its own, as libraries have."""

from __future__ import annotations

import threading

from pipeline.component import Detector


class Threads(Detector):
    """Its thread waits for ever; it finds nothing."""

    forkable = True

    def load(self):
        """Start the thread."""
        threading.Thread(target=threading.Event().wait, daemon=True).start()

    def detect(self, frame, regions):
        """Find nothing."""
        return []
