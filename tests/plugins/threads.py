"""Starts a thread of its own, as some libraries do."""

from __future__ import annotations

import threading

from pipeline.component import Detector


class Threads(Detector):
    """Has a thread that never ends; finds nothing."""

    forkable = True

    def load(self):
        """Start the thread."""
        threading.Thread(target=threading.Event().wait, daemon=True).start()

    def detect(self, frame, regions):
        """Find nothing."""
        return []
