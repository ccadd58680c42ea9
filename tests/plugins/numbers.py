"""A detector that reads the number that is drawn into each frame of a test video."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from pipeline.component import Detector, Params
from pipeline.detections import Box, Detection, Label
from tests.videos import number_in


class NumbersParams(Params):
    """What happens at the frame with a certain number."""

    every: Annotated[int, Field(ge=1, description="finds nothing in frames between")] = 1
    dies_at: Annotated[int | None, Field(description="kills its process there")] = None
    hangs_at: Annotated[int | None, Field(description="never comes back from there")] = None
    raises_at: Annotated[int | None, Field(description="raises there")] = None
    once: Annotated[str | None, Field(description="a file to be made at the first time")] = None


class Numbers(Detector):
    """Finds a box that moves with the frame's number, and is labelled with it."""

    Params = NumbersParams
    params: Any

    def detect(self, frame, regions):
        """One box."""
        number = number_in(frame.rgb())
        self._misbehave(number)
        if number % self.params.every:
            return []
        x = number % 40
        return [Detection(Box(x, 30, x + 60, 80), (Label(str(number), (number % 100) / 100),))]

    def _misbehave(self, number):
        if number not in (self.params.dies_at, self.params.hangs_at, self.params.raises_at):
            return
        if self.params.once:
            note = Path(self.params.once)
            if note.exists():
                return
            note.touch()
        if number == self.params.dies_at:
            os.kill(os.getpid(), signal.SIGKILL)
        if number == self.params.hangs_at:
            time.sleep(3600)
        raise ValueError("of this frame")
