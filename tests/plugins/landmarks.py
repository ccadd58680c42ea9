"""Detectors that give landmarks, and report those that they are given."""

from __future__ import annotations

from typing import Any

from pipeline.component import Detector, Params
from pipeline.detections import Box, Detection, Label, Region


class PointsParams(Params):
    """`point` is the landmark; none: none."""

    point: int | None = None


class Points(Detector):
    """Finds one box in numbers that no report takes, a plain one, with a landmark or without."""

    Params = PointsParams
    params: Any

    def detect(self, frame, regions):
        """The box."""
        point = self.params.point
        yield Detection(Box(-3, 2, 20, 30), (Label("thing"),), None if point is None else ((point, point),))


class Pointers(Detector):
    """Finds the regions that it is handed; the label says of which class they are, and their landmarks."""

    def detect(self, frame, regions):
        """The regions."""
        return [
            Detection(region, (Label(f"{type(region) is Region} {region.landmarks}"),)) for region in regions
        ]
