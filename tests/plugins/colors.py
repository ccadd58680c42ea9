"""A detector that says what colour the middle of a frame has."""

from __future__ import annotations

from pipeline.component import Detector
from pipeline.detections import Detection, Label


class MiddleColor(Detector):
    """Labels the whole frame with `red,green,blue` of its middle, each to the nearest ten."""

    forkable = True

    def detect(self, frame, regions):
        """One detection for each region."""
        height, width = frame.rgb().shape[:2]
        color = frame.rgb()[height // 2, width // 2]
        text = ",".join(str(round(int(value) / 10) * 10) for value in color)
        return [Detection(box, (Label(text),)) for box in regions]
