"""Never gets as far as its first photo."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from pipeline.component import Detector, Params


class DiesLoadingParams(Params):
    """`tally` is a file that grows by a byte each time; the first `spared` times all goes well."""

    tally: str
    spared: int = 0


class DiesLoading(Detector):
    """Says why and ends its process while it should load."""

    Params = DiesLoadingParams
    forkable = True
    params: Any

    def load(self):
        """Die."""
        with Path(self.params.tally).open("ab") as stream:
            stream.write(b"x")
        if Path(self.params.tally).stat().st_size <= self.params.spared:
            return
        os.write(2, b"no such device\n")
        os._exit(9)

    def detect(self, frame, regions):
        """Find nothing."""
        return []
