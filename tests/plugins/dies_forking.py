"""Cannot be forked, though it says that it can."""

from __future__ import annotations

import os

from pipeline.component import Detector


class DiesForking(Detector):
    """Its process dies when it should fork; finds nothing."""

    forkable = True

    def load(self):
        """Lay the trap."""
        os.register_at_fork(before=lambda: os._exit(9))

    def detect(self, frame, regions):
        """Find nothing."""
        return []
