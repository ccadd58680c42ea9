"""Decode YOLOv6 (Meituan) and its fork Gold-YOLO: one output, (cells, 5 + classes), boxes decoded to pixels.

Li et al., YOLOv6 (2022); deploy/ONNX/export_onnx.py and yolov6/core/inferer.py of release 0.4: RGB from 0 to
1, the picture in the middle on gray 114; strides of 8, 16, 32 and, in the P6 networks, 64. There is no
objectness; its column is always 1. The sigmoid is part of the network.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detectors.onnx.evidence import are_probabilities, are_used, box_unit, first_picture
from detectors.onnx.family import OutputFormat, Preparation, grid_cells
from detectors.onnx.modelinfo import ModelInfo
from detectors.onnx.shapes import input_size, rows_output, stride
from detectors.onnx.yolov5 import scored_rows

_GRIDS = ((8, 16, 32), (8, 16, 32, 64))


def read_yolov6(info: ModelInfo, outputs: Mapping[str, NDArray[Any]], named: bool) -> OutputFormat | None:
    """A `Reader`: certain if there is one row a cell, in pixels, and every objectness is exactly 1."""
    port = rows_output(info)
    if port is None or (port.shape[2] or 0) < 6:
        return None
    rows, input_wh = first_picture(outputs, port.key), input_size(info)
    strides = next((each for each in _GRIDS if grid_cells(input_wh, each) == len(rows)), None)
    certain = (
        strides is not None
        and box_unit(rows[:, :4], input_wh, strides) == "pixels"
        and bool(np.all(rows[are_used(rows[:, :4]), 4] == 1))
        and are_probabilities(rows[:, 5:])
        and "Exp" not in info.operators  # else YOLOX
    )
    if not (named or certain):
        return None
    return OutputFormat(
        "YOLOv6",
        Preparation(stride=stride(info)),
        scored_rows(port.key),
        rows.shape[1] - 5,
        suppression="best class",
    )
