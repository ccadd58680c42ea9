"""What the misbehaving detectors have in common: photos of one width bring out the worst in them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

from pydantic import Field

from pipeline.component import Detector, Params
from pipeline.detections import Box, Detection
from pipeline.frame import Frame


class CursedParams(Params):
    """`width` tells the cursed photo; `once` lets it off after the first time."""

    width: int = 0
    once: Annotated[str | None, Field(description="a file to be made at the first time")] = None


class Cursed(Detector):
    """Finds nothing, and on a cursed photo does what its class says."""

    Params = CursedParams
    forkable = True

    def detect(self, frame: Frame, regions: Sequence[Box]) -> list[Detection]:
        """Misbehave, or find nothing."""
        if frame.size_wh[0] == self.params.width:
            note = self.params.once and Path(self.params.once)
            if not (note and note.exists()):
                if note:
                    note.touch()
                return self.misbehave(frame)
        return []

    def misbehave(self, frame: Frame) -> list[Detection]:
        """What happens to the cursed photo."""
        return []
