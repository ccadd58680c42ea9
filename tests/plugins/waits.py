"""Waits for the test."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from typing import Any

from pipeline.component import Detector, Params


class WaitsParams(Params):
    """`announce` is a FIFO that receives the process's number, `gate` a file that the test holds locked."""

    announce: str
    gate: str


class Waits(Detector):
    """Announces that it has a photo, and keeps it until the test unlocks the gate."""

    Params = WaitsParams
    forkable = True
    params: Any

    def detect(self, frame, regions):
        """Wait, find nothing."""
        with Path(self.params.announce).open("wb", buffering=0) as stream:
            stream.write(b"%d\n" % os.getpid())
        with Path(self.params.gate).open("rb") as gate:
            fcntl.flock(gate, fcntl.LOCK_SH)
        return []
