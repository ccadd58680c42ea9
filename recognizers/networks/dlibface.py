"""dlib's face network: 128 numbers per face; faces of one person are less than about 0.5 apart.

King, dlib_face_recognition_resnet_model_v1 (2017). dlib aligns a face by five points of its own, the corners
of the eyes and the base of the nose, which its shape predictor finds in a box around the face.
"""

from __future__ import annotations

import importlib
import math
import os
import threading
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.detections import Box
from pipeline.errors import ModelError
from pipeline.text import printable
from recognizers.faces.faceimage import PixelArray, scaled
from recognizers.networks.alignment import moved, similarity, warped
from recognizers.networks.base import DescriptorArray, ImpostorDistances
from recognizers.networks.probe import Probe

_PADDING = 0.25
"""How far dlib's square extends beyond its template, as a share of it, as in the network's training."""

_TEMPLATE = np.array(
    (
        (0.8595674595992, 0.2134981538014),
        (0.6460604764104, 0.2289674387677),
        (0.1205750620789, 0.2137274526848),
        (0.3340850613712, 0.2290642403242),
        (0.4901123135679, 0.6277975316475),
    )
)
"""dlib's five points, as shares of the square. Source: dlib, image_transforms/interpolation.h."""

_LANDMARKS = np.array(((0.239, 0.196), (0.775, 0.211), (0.495, 0.520), (0.263, 0.754), (0.709, 0.765)))
"""Eyes, nose and corners of the mouth in that square: medians of 380 faces of the ORL set, for which both
sets of points were found."""

_BOX = np.array(((-0.13, -0.13), (1.12, 1.12)))
"""The box that dlib's own face detector finds, on which the predictor was trained, relative to that square
(measured on the same faces)."""

_SIDE_PX = 256
"""Size of the picture in which a face is searched. dlib's detector finds faces of at least 80 pixels."""
_BOX_PX = 150
"""Side of that box in a picture aligned by landmarks; it leaves room for dlib's square."""
_UPRIGHT = (_LANDMARKS - _BOX.mean(axis=0)) * (_BOX_PX / (_BOX[1, 0] - _BOX[0, 0])) + _SIDE_PX / 2
"""The landmarks in such a picture."""


class DlibFace:
    """The network and the shape predictor.

    Args:
        network, predictor: their files.
    Raises: ModelError: dlib cannot read one of them.
    """

    side_px = 150
    aligns_itself = True
    impostors = ImpostorDistances(math.log(0.65), 0.12, of_logarithm=True)
    """Measured distance to the nearest picture of another person, mean and spread: 0.64 and 0.13 with ten
    pictures a person (ORL faces, 40 people), 0.76 and 0.12 with three snapshots a person (56 people). The
    value is near the first, the cautious one: the ORL faces were taken with one camera in one light."""

    def __init__(self, network: Path, predictor: Path) -> None:
        self._dlib: Any = importlib.import_module("dlib")
        try:
            self._network = self._dlib.face_recognition_model_v1(os.fsencode(network))
            self._predictor = self._dlib.shape_predictor(os.fsencode(predictor))
        except RuntimeError as error:
            reason = printable(str(error).splitlines()[0])
            raise ModelError(
                f"{printable(network.parent)}: dlib cannot read its files ({reason}); fetch them again"
            ) from None
        self._detector = self._dlib.get_frontal_face_detector()
        self._lock = threading.Lock()  # the network has a single set of activations

    def describe(self, probe: Probe) -> DescriptorArray:
        """Return the descriptor: (128,) float32."""
        with self._lock:
            rgb, shape = self._upright(probe) if probe.points is not None else self._searched(probe)
            chip = self._dlib.get_face_chip(rgb, shape, size=self.side_px, padding=_PADDING)
            return np.asarray(self._network.compute_face_descriptor(chip), dtype=np.float32)

    def _upright(self, probe: Probe) -> tuple[PixelArray, Any]:
        """Align the face by its landmarks, and find dlib's points in it."""
        assert probe.points is not None
        rgb = warped(probe.rgb, similarity(probe.points, _UPRIGHT), _SIDE_PX)
        middle = np.array((_SIDE_PX / 2, _SIDE_PX / 2))
        return rgb, self._predictor(rgb, self._square(middle, _BOX_PX / 2))

    def _searched(self, probe: Probe) -> tuple[PixelArray, Any]:
        """Find the face with dlib's own detector, and dlib's points in it."""
        scale = _SIDE_PX / max(probe.rgb.shape[:2])
        rgb = _sized(probe.rgb, scale)
        box = Box(*(round(side * scale) for side in probe.box.xyxy))
        found = [(self._overlap(hit, box), index, hit) for index, hit in enumerate(self._detector(rgb, 0))]
        if found:
            return rgb, self._predictor(rgb, max(found)[2])
        middle = np.array(((box.x1 + box.x2) / 2, (box.y1 + box.y2) / 2))
        guess = self._predictor(rgb, self._square(middle, max(min(box.width, box.height), 2) / 2))
        points = np.array([(point.x, point.y) for point in guess.parts()], dtype=np.float64)
        return rgb, self._predictor(rgb, self._square(*_box_around(similarity(_TEMPLATE, points))))

    def _overlap(self, hit: Any, box: Box) -> float:
        return Box(hit.left(), hit.top(), hit.right() + 1, hit.bottom() + 1).iou(box)

    def _square(self, middle: NDArray[np.float64], half: float) -> Any:
        corners = np.concatenate((middle - half, middle + half - 1))
        return self._dlib.rectangle(*(round(float(corner)) for corner in corners))


def _box_around(matrix: NDArray[np.float64]) -> tuple[NDArray[np.float64], float]:
    """Return the centre and half the side of the upright box that the predictor needs.

    Args:
        matrix: (2, 3) similarity from dlib's template to pixels.
    """
    half = float(np.hypot(*matrix[:, 0])) * (_BOX[1, 0] - _BOX[0, 0]) / 2
    return moved(matrix, _BOX.mean(axis=0, keepdims=True))[0], max(half, 1.0)


def _sized(rgb: PixelArray, scale: float) -> PixelArray:
    height, width = rgb.shape[:2]
    return np.ascontiguousarray(scaled(rgb, (max(1, round(width * scale)), max(1, round(height * scale)))))
