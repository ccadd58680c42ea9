"""A detector of the faces in photos that `tests.drawnfaces.draw_photo` draws, with landmarks."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.component import Detector
from pipeline.detections import Box, Detection, Label
from pipeline.frame import Frame

_POINTS = ((0.35, 0.42), (0.65, 0.42), (0.5, 0.56), (0.4, 0.74), (0.6, 0.74))


class DrawnFaces(Detector):
    """Finds a face in each place in which one is drawn, unless the place is black."""

    def detect(self, frame: Frame, regions: Sequence[Box]) -> list[Detection]:
        """One detection for each face."""
        width, height = frame.size_wh
        side, found = height // 2, []
        for left in range(side // 2, width - side, 2 * side):
            box = Box(left, side // 2, left + side, side // 2 + side)
            if frame.rgb(box).max() < 40:
                continue
            points = tuple((box.x1 + round(x * side), box.y1 + round(y * side)) for x, y in _POINTS)
            found.append(Detection(box, (Label("face", 0.9),), points))
        return found
