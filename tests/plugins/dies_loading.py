"""Ends its process while it is loaded."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from pipeline.component import Detector, Params


class DiesLoadingParams(Params):
    """`tally` is a file that grows by a byte at each load; the first `spared` loads succeed."""

    tally: str
    spared: int = 0


class DiesLoading(Detector):
    """Prints a reason and ends its process in `load()`."""

    Params = DiesLoadingParams
    forkable = True
    params: Any

    def load(self):
        """Count, and end the process."""
        with Path(self.params.tally).open("ab") as stream:
            stream.write(b"x")
        if Path(self.params.tally).stat().st_size <= self.params.spared:
            return
        os.write(2, b"no such device\n")
        os._exit(9)

    def detect(self, frame, regions):
        """Find nothing."""
        return []
