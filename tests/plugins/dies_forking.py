"""Cannot be forked, though it says that it can."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from pipeline.component import Detector, Params


class DiesForkingParams(Params):
    """`once` is a file that the first death makes and that prevents others; without it, each fork is one."""

    once: str | None = None


class DiesForking(Detector):
    """Its process dies when it should fork; finds nothing."""

    Params = DiesForkingParams
    forkable = True
    params: Any

    def load(self):
        """Register what happens at a fork."""
        os.register_at_fork(before=self._die)

    def detect(self, frame, regions):
        """Find nothing."""
        return []

    def _die(self):
        if self.params.once is not None:
            if Path(self.params.once).exists():
                return
            Path(self.params.once).touch()
        os._exit(9)
