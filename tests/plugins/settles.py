"""Tells the test which workers have settled down to work."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from pipeline.component import Detector, Params


class SettlesParams(Params):
    """`folder` gets an empty file named by the process's number."""

    folder: str


class Settles(Detector):
    """Finds nothing, and from the second photo on says that it is at work."""

    Params = SettlesParams
    forkable = True
    params: Any

    def load(self):
        """Nothing seen yet."""
        self._seen = 0

    def detect(self, frame, regions):
        """Count."""
        self._seen += 1
        if self._seen > 1:
            Path(self.params.folder, str(os.getpid())).touch()
        return []
