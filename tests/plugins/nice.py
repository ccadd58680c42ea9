"""A detector that reports its process's niceness and OOM score."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from pipeline.component import Detector
from pipeline.detections import Box, Detection, Label
from pipeline.frame import Frame


class Nice(Detector):
    def detect(self, frame: Frame, regions: Sequence[Box]) -> list[Detection]:
        first = int(Path("/proc/self/oom_score_adj").read_text()) >= 500
        nice = os.getpriority(os.PRIO_PROCESS, 0)
        return [Detection(frame.whole, (Label(f"nice {nice}, killed first {first}"),))]
