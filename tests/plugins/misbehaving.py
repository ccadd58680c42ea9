"""The base of detectors that misbehave on photos of one width."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

from pydantic import Field

from pipeline.component import Detector, Params
from pipeline.detections import Box, Detection
from pipeline.frame import Frame


class MisbehavingParams(Params):
    """`width` is the photo's; with `once`, the second such photo is left alone."""

    width: int = 0
    once: Annotated[str | None, Field(description="a file to be made at the first time")] = None


class Misbehaving(Detector):
    """Finds nothing, and misbehaves on photos of the width of its params."""

    Params = MisbehavingParams
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
        """What the class is named after."""
        return []
