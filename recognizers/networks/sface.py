"""SFace through OpenCV's FaceRecognizerSF: 128 numbers for a face that is aligned by landmarks.

Zhong et al., SFace: Sigmoid-Constrained Hypersphere Loss for Robust Face Recognition (2021).
"""

from __future__ import annotations

import threading
from pathlib import Path

import cv2
import numpy as np

from pipeline.detections import Box
from pipeline.errors import ModelError
from pipeline.text import printable
from recognizers.networks.alignment import TEMPLATE_SIDE_PX
from recognizers.networks.arcface import face_square, unit_descriptor
from recognizers.networks.base import DescriptorArray, ImpostorDistances
from recognizers.networks.probe import Probe


class SFace:
    """SFace in memory.

    Args:
        path: of its .onnx file.
    Raises: ModelError: OpenCV cannot load it.
    """

    side_px = TEMPLATE_SIDE_PX
    aligns_itself = False
    impostors = ImpostorDistances(1.29, 0.075)
    """Measured distance to the nearest picture of another person, mean and spread: 1.29 and 0.08 with ten
    pictures a person (ORL faces, 40 people), 1.31 and 0.07 with three snapshots a person (56 people)."""

    def __init__(self, path: Path) -> None:
        self._shown = printable(path)
        self._lock = threading.Lock()
        try:
            content = np.frombuffer(path.read_bytes(), dtype=np.uint8)
            self._network = cv2.FaceRecognizerSF.create("onnx", content, np.empty(0, dtype=np.uint8))
            blank = np.full((TEMPLATE_SIDE_PX, TEMPLATE_SIDE_PX, 3), 127, dtype=np.uint8)
            self.describe(Probe(blank, Box(0, 0, *blank.shape[:2])))
        except (OSError, cv2.error) as error:
            reason = printable(" ".join(str(error).split())[:200])
            raise ModelError(f"{self._shown}: OpenCV cannot use it ({reason}); fetch it again") from None

    def describe(self, probe: Probe) -> DescriptorArray:
        """Return the descriptor: (128,) float32 of length 1."""
        bgr = cv2.cvtColor(face_square(probe), cv2.COLOR_RGB2BGR)
        with self._lock:
            return unit_descriptor(self._network.feature(bgr), self._shown)
