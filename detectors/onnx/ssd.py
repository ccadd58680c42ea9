"""Decode SSD and related networks with TensorFlow's four outputs: boxes, classes, scores, their number.

Liu et al., SSD (2016); TensorFlow's Object Detection API, exporter.py, through tf2onnx. The network takes RGB
of 0 to 255, (height, width, 3), resizes it itself and suppresses boxes itself. Boxes are y1, x1, y2, x2 from
0 to 1; class ids begin at 1.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detectors.onnx.family import Decoded, OutputFormat, Outputs, Preparation, from_rows
from detectors.onnx.modelinfo import ModelInfo
from detectors.onnx.names import class_count

_BOXES, _CLASSES, _SCORES, _COUNT = (
    "detection_boxes",
    "detection_classes",
    "detection_scores",
    "num_detections",
)


def read_ssd(info: ModelInfo, outputs: Mapping[str, NDArray[Any]], named: bool) -> OutputFormat | None:
    """A `Reader`: certain by the outputs' names, which TensorFlow's Object Detection API alone gives."""
    if not all(info.output(name) for name in (_BOXES, _CLASSES, _SCORES, _COUNT)):
        return None
    preparation = Preparation(scale=1.0, placing="fit")
    return OutputFormat("SSD", preparation, decode_ssd, _classes(info), suppression="none", coco=90)


def decode_ssd(outputs: Outputs, input_wh: tuple[int, int], threshold: float) -> Decoded:
    """A `Decode`; its class ids begin at 0, as in all families."""
    count = int(np.clip(np.nan_to_num(outputs[_COUNT]).reshape(-1)[0], 0, len(outputs[_SCORES])))
    scale = np.array(input_wh * 2, dtype=np.float32)
    xyxy = outputs[_BOXES][:count, [1, 0, 3, 2]] * scale
    return from_rows(xyxy, outputs[_CLASSES][:count] - 1, outputs[_SCORES][:count], threshold)


def _classes(info: ModelInfo) -> int | None:
    """Number of classes: one less than the scores of the raw outputs that newer exports also have."""
    for name in ("detection_multiclass_scores", "raw_detection_scores"):
        port = info.output(name)
        if port and port.shape and port.shape[-1]:
            return port.shape[-1] - 1
    return class_count(info)
