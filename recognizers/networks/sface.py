"""SFace, as OpenCV's FaceRecognizerSF runs it: 128 numbers for a face that is aligned by landmarks.

Zhong et al., SFace: Sigmoid-Constrained Hypersphere Loss for Robust Face Recognition (2021).
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.detections import Box
from pipeline.engines.candidates import NAMES
from pipeline.errors import ModelError
from pipeline.text import printable
from recognizers.faces.faceimage import PixelArray
from recognizers.networks.alignment import TEMPLATE_SIDE_PX
from recognizers.networks.arcface import face_square, unit_descriptor
from recognizers.networks.base import DescriptorArray, ImpostorDistances
from recognizers.networks.engines import Run, chosen_engine, in_onnx_runtime, in_openvino_runtime
from recognizers.networks.probe import Probe

Describe = Callable[[PixelArray], NDArray[np.float32]]
"""Takes a face, (112, 112, 3) RGB, and returns the network's numbers."""

_FEED = "data"
"""Name of the network's input."""


class SFace:
    """SFace in memory.

    Args:
        path: of its .onnx file.
    Raises: ModelError: it cannot be loaded.
    """

    side_px = TEMPLATE_SIDE_PX
    aligns_itself = False
    impostors = ImpostorDistances(1.29, 0.075)
    """Measured distance to the nearest picture of another person, mean and spread: 1.29 and 0.08 with ten
    pictures a person (ORL faces, 40 people), 1.31 and 0.07 with three snapshots a person (56 people)."""

    def __init__(self, path: Path) -> None:
        self._shown = printable(path)
        self._lock = threading.Lock()
        shape = (1, 3, TEMPLATE_SIDE_PX, TEMPLATE_SIDE_PX)
        engine = chosen_engine(path, ("opencv", "onnxruntime"), _FEED, shape)
        if engine == "openvino":
            self._describe = _on_planes(in_openvino_runtime(path, _FEED))
            return
        try:
            in_opencv = engine == "opencv"
            self._describe = _in_opencv(path) if in_opencv else _on_planes(in_onnx_runtime(path, _FEED))
            blank = np.full((TEMPLATE_SIDE_PX, TEMPLATE_SIDE_PX, 3), 127, dtype=np.uint8)
            self.describe(Probe(blank, Box(0, 0, *blank.shape[:2])))
        except ModelError:
            raise
        except Exception as error:  # ONNX Runtime's own exceptions have no common base
            reason = printable(" ".join(str(error).split())[:200])
            raise ModelError(
                f"{self._shown}: {NAMES[engine]} cannot use it ({reason}); fetch it again"
            ) from None

    def describe(self, probe: Probe) -> DescriptorArray:
        """Return the descriptor: (128,) float32 of length 1."""
        square = face_square(probe)
        with self._lock:
            return unit_descriptor(self._describe(square), self._shown)


def _in_opencv(path: Path) -> Describe:
    """Load the network in OpenCV.

    Raises: OSError, cv2.error: it cannot be read.
    """
    content = np.frombuffer(path.read_bytes(), dtype=np.uint8)
    network = cv2.FaceRecognizerSF.create("onnx", content, np.empty(0, dtype=np.uint8))
    return lambda rgb: np.asarray(network.feature(cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR)), dtype=np.float32)


def _on_planes(run: Run) -> Describe:
    """Prepare faces as OpenCV does: planes of float32 from 0 to 255."""
    return lambda rgb: run(np.ascontiguousarray(rgb.transpose(2, 0, 1)[None], dtype=np.float32))
