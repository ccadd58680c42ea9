"""YOLOX (Megvii): one output, (cells, 5 + classes), with or without the boxes decoded.

Ge et al., YOLOX (2021); the project's demo/ONNXRuntime and tools/export_onnx.py, release 0.1.1rc0: BGR from 0
to 255, the picture in the upper left corner. Objectness and class scores have been through the sigmoid.
"""

from __future__ import annotations

import functools

import numpy as np

from detectors.onnx.family import (
    Decoded,
    FloatArray,
    Outputs,
    Preparation,
    Reading,
    above,
    corners,
    grid_cells,
)
from detectors.onnx.nature import Nature
from detectors.onnx.shapes import input_size, rows_output

_STRIDES = (8, 16, 32)
_PREPARATION = Preparation(bgr=True, scale=1.0, placing="corner", stride=_STRIDES[-1])


def read_yolox(nature: Nature, named: bool) -> Reading | None:
    """A `Reader`: certain where there is one row a cell, and more values in it than a box has."""
    port = rows_output(nature)
    if port is None or port.shape[2] is None or port.shape[2] < 6:
        return None
    if port.shape[1] != grid_cells(input_size(nature), _STRIDES):
        return None
    key = port.key
    decoded = "Exp" in nature.operators  # nothing but the decoding of widths and heights needs it

    def decode(outputs: Outputs, input_wh: tuple[int, int], threshold: float) -> Decoded:
        """A `Decode` of rows, a cell each, with objectness and class scores."""
        rows = outputs[key]
        picked = np.flatnonzero(rows[:, 4] > threshold)  # a class score is 1 at most
        boxes = rows[picked, :4] if decoded else _on_grid(rows[picked, :4], picked, input_wh)
        scores = above(rows[picked, 4:5] * rows[picked, 5:], threshold)
        kept = scores.any(axis=1)
        return Decoded(corners(boxes[kept]), scores[kept])

    return Reading("YOLOX", _PREPARATION, decode, port.shape[2] - 5, any_size=not decoded)


def _on_grid(raw: FloatArray, rows: np.ndarray, input_wh: tuple[int, int]) -> FloatArray:
    """Raw values of some rows -> centre and size in pixels: (cell + xy) x stride, exp(wh) x stride."""
    cells, strides = _grid(input_wh)
    stride = strides[rows, None]
    centre = (raw[:, :2] + cells[rows]) * stride
    size = np.exp(np.minimum(raw[:, 2:4], 30)) * stride  # 30: beyond any picture, yet finite
    return np.concatenate((centre, size), axis=1)


@functools.lru_cache(maxsize=8)
def _grid(input_wh: tuple[int, int]) -> tuple[FloatArray, FloatArray]:
    """Column and row of each cell, (cells, 2), and its stride, (cells,), row by row, least stride first."""
    cells, strides = [], []
    for stride in _STRIDES:
        columns, rows = input_wh[0] // stride, input_wh[1] // stride
        grid = np.stack(np.meshgrid(np.arange(columns), np.arange(rows)), axis=-1).reshape(-1, 2)
        cells.append(grid.astype(np.float32))
        strides.append(np.full(len(grid), stride, dtype=np.float32))
    return np.concatenate(cells), np.concatenate(strides)
