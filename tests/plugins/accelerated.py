"""Holds an accelerator, as far as its params say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pipeline.component import Detector, Params


class AcceleratedParams(Params):
    """`tally` is a file that grows by a byte each time it is loaded."""

    tally: str


class Accelerated(Detector):
    """Says only once it is loaded that it may not be forked; finds nothing."""

    Params = AcceleratedParams
    forkable = True
    params: Any

    def load(self):
        """Take the accelerator."""
        with Path(self.params.tally).open("ab") as stream:
            stream.write(b"x")
        self.forkable = False

    def detect(self, frame, regions):
        """Find nothing."""
        return []
