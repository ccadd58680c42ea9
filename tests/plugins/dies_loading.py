"""Never gets as far as its first photo."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from pipeline.component import Detector, Params


class DiesLoadingParams(Params):
    """`tally` is a file that grows by a byte each time."""

    tally: str


class DiesLoading(Detector):
    """Says why and ends its process while it should load."""

    Params = DiesLoadingParams
    params: Any

    def load(self):
        """Die."""
        with Path(self.params.tally).open("ab") as stream:
            stream.write(b"x")
        os.write(2, b"no such device\n")
        os._exit(9)
