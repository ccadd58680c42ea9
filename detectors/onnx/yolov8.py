"""YOLOv8, v9, 11 and 12 exports, and v10 and 26 with their raw head: one output, (4 + classes, cells).

Jocher et al., Ultralytics, engine/exporter.py: RGB from 0 to 1, the picture in the middle on gray 114. Boxes
are centre and size in pixels; a class score has been through the sigmoid, and there is no objectness.
"""

from __future__ import annotations

import numpy as np

from detectors.onnx.family import Decoded, Outputs, Preparation, Reading, above, corners, grid_cells
from detectors.onnx.names import class_count
from detectors.onnx.nature import Nature
from detectors.onnx.shapes import input_size, rows_output, stride

_GRIDS = ((8, 16, 32), (8, 16, 32, 64), (4, 8, 16, 32))


def read_yolov8(nature: Nature, named: bool) -> Reading | None:
    """A `Reader`: certain where there is one column a cell, or one row for each value and named class."""
    port = rows_output(nature)
    if port is None or (port.shape[1] or 0) < 5:
        return None
    values, columns = port.shape[1:3]
    classes = (values or 0) - 4
    one_a_cell = columns in [grid_cells(input_size(nature), strides) for strides in _GRIDS]
    if not (named or one_a_cell or class_count(nature) == classes):
        return None
    key = port.key

    def decode(outputs: Outputs, _: tuple[int, int], threshold: float) -> Decoded:
        """A `Decode` of columns with class scores."""
        table = outputs[key]
        picked = table[:, np.flatnonzero(table[4:].max(axis=0) > threshold)].T
        return Decoded(corners(picked[:, :4]), above(picked[:, 4:], threshold))

    return Reading("YOLOv8", Preparation(stride=stride(nature)), decode, classes)
