"""Notes which photo it has on which host, and waits for the test."""

from __future__ import annotations

import fcntl
import os
import socket
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pipeline.component import Detector, Params


class JournalsParams(Params):
    """`journal` is a file that gets lines, `gate` a file that the test holds locked, `model` any file."""

    journal: str
    gate: str
    model: str


class Journals(Detector):
    """Writes a photo's width and the host's name into the journal, and waits until the gate opens."""

    Params = JournalsParams
    RESULTS_VERSION = int(os.environ.get("JOURNALS_VERSION", "1"))
    forkable = True
    params: Any

    @classmethod
    def model_files(cls, params: Any) -> Sequence[Path]:
        """The file that stands for a model."""
        return [Path(params.model)]

    def detect(self, frame, regions):
        """Note, wait, find nothing."""
        line = f"{frame.size_wh[0]} {socket.gethostname()}\n"
        descriptor = os.open(self.params.journal, os.O_WRONLY | os.O_APPEND)
        os.write(descriptor, line.encode())
        os.close(descriptor)
        with Path(self.params.gate).open("rb") as gate:
            fcntl.flock(gate, fcntl.LOCK_SH)
        return []
