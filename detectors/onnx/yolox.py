"""Decode YOLOX (Megvii): one output, (cells, 5 + classes), with or without the boxes decoded.

Ge et al., YOLOX (2021); the project's demo/ONNXRuntime and tools/export_onnx.py, release 0.1.1rc0: BGR from 0
to 255, the picture in the upper left corner. The sigmoid is part of the network.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detectors.onnx.evidence import are_probabilities, box_unit, first_picture
from detectors.onnx.family import (
    Decoded,
    FloatArray,
    OutputFormat,
    Outputs,
    Preparation,
    above,
    corners,
    grid,
    grid_cells,
)
from detectors.onnx.modelinfo import ModelInfo, Port
from detectors.onnx.shapes import input_size, rows_output

_STRIDES = (8, 16, 32)
YOLOX_STRIDE = _STRIDES[-1]
_PREPARATION = Preparation(bgr=True, scale=1.0, placing="corner", stride=YOLOX_STRIDE)


def yolox_rows(info: ModelInfo) -> Port | None:
    """The output if it has YOLOX's shape: one row a cell, each with more values than a box; or None."""
    port = rows_output(info)
    if port is None or port.shape[2] is None or port.shape[2] < 6:
        return None
    return port if port.shape[1] == grid_cells(input_size(info), _STRIDES) else None


def read_yolox(info: ModelInfo, outputs: Mapping[str, NDArray[Any]], named: bool) -> OutputFormat | None:
    """A `Reader`: certain if boxes are offsets from their cells, or pixels made of them by `Exp`.

    YOLOv6's and YOLOv5's rows may have the same shape, in pixels, without an exponential.
    """
    port = yolox_rows(info)
    if port is None or port.shape[2] is None:
        return None
    key, rows = port.key, first_picture(outputs, port.key)
    unit = box_unit(rows[:, :4], input_size(info), _STRIDES)
    by_exp = "Exp" in info.operators  # only the decoding of widths and heights uses it
    certain = unit == "offsets" or (unit == "pixels" and by_exp)
    if not (named or (certain and are_probabilities(rows[:, 4:]))):
        return None
    decoded = unit == "pixels" or (unit == "unknown" and by_exp)

    def decode(outputs: Outputs, input_wh: tuple[int, int], threshold: float) -> Decoded:
        """A `Decode` of rows, a cell each, with objectness and class scores."""
        rows = outputs[key]
        picked = np.flatnonzero(rows[:, 4] > threshold)  # class scores are at most 1
        boxes = rows[picked, :4] if decoded else _on_grid(rows[picked, :4], picked, input_wh)
        scores = above(rows[picked, 4:5] * rows[picked, 5:], threshold)
        kept = scores.any(axis=1)
        return Decoded(corners(boxes[kept]), scores[kept])

    return OutputFormat("YOLOX", _PREPARATION, decode, port.shape[2] - 5, any_size=not decoded)


def _on_grid(raw: FloatArray, rows: NDArray[np.int64], input_wh: tuple[int, int]) -> FloatArray:
    """Decode raw values of some rows to centre and size, pixels: (cell + xy) x stride, exp(wh) x stride."""
    cells, strides = grid(input_wh, _STRIDES)
    stride = strides[rows, None]
    centre = (raw[:, :2] + cells[rows]) * stride
    size = np.exp(np.minimum(raw[:, 2:4], 30)) * stride  # 30: beyond any picture, but finite
    return np.concatenate((centre, size), axis=1)
