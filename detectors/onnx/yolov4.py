"""Decode YOLOv4 as the project pytorch-YOLOv4 exports it: `boxes` (N, 1, 4), `confs` (N, classes).

Tianxiaomo/pytorch-YOLOv4, tool/yolo_layer.py and demo_pytorch2onnx.py: RGB from 0 to 1, stretched to the
input. Boxes are corners as fractions of the input's sides; scores are objectness times class score.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detectors.onnx.evidence import are_corners, are_fractions, are_probabilities, first_picture
from detectors.onnx.family import Decoded, OutputFormat, Outputs, Preparation, above
from detectors.onnx.modelinfo import ModelInfo


def read_yolov4(info: ModelInfo, outputs: Mapping[str, NDArray[Any]], named: bool) -> OutputFormat | None:
    """A `Reader`: certain by the outputs' names and shapes, if boxes are corners as fractions."""
    boxes, scores = info.output("boxes"), info.output("confs")
    if boxes is None or scores is None or len(boxes.shape) != 4 or len(scores.shape) != 3:
        return None
    if boxes.shape[2:] != (1, 4) or boxes.shape[1] != scores.shape[1]:
        return None
    corners = first_picture(outputs, boxes.key).reshape(-1, 4)
    certain = are_fractions(corners) and are_corners(corners)
    if not (named or (certain and are_probabilities(first_picture(outputs, scores.key)))):
        return None
    return OutputFormat(
        "YOLOv4", Preparation(placing="stretch"), _decode, scores.shape[2], suppression="best class"
    )


def _decode(outputs: Outputs, input_wh: tuple[int, int], threshold: float) -> Decoded:
    scores = outputs["confs"]
    picked = np.flatnonzero(scores.max(axis=1, initial=0) > threshold)
    xyxy = outputs["boxes"].reshape(-1, 4)[picked] * np.array(input_wh * 2, dtype=np.float32)
    return Decoded(xyxy, above(scores[picked], threshold))
