"""Tells the test which workers have mined more than one photo."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from pipeline.component import Detector, Params


class SettlesParams(Params):
    """`folder` gets an empty file named by the process's number."""

    folder: str


class Settles(Detector):
    """Finds nothing; from the second photo on it creates the file."""

    Params = SettlesParams
    forkable = True
    params: Any

    def load(self):
        """Begin to count."""
        self._seen = 0

    def detect(self, frame, regions):
        """Count."""
        self._seen += 1
        if self._seen > 1:
            Path(self.params.folder, str(os.getpid())).touch()
        return []
