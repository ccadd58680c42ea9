"""Cannot be forked, though it says that it can."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from pipeline.component import Detector, Params


class DiesForkingParams(Params):
    """`tally` is a file that grows by a byte each time it is loaded."""

    tally: str


class DiesForking(Detector):
    """Its process dies when it should fork; finds nothing."""

    Params = DiesForkingParams
    forkable = True
    params: Any

    def load(self):
        """Lay the trap."""
        with Path(self.params.tally).open("ab") as stream:
            stream.write(b"x")
        os.register_at_fork(before=lambda: os._exit(9))

    def detect(self, frame, regions):
        """Find nothing."""
        return []
