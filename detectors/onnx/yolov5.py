"""YOLOv5 (and YOLOv7) exports: one output, (3 x cells, 5 + classes), boxes decoded to pixels.

Jocher et al., YOLOv5, export.py: RGB from 0 to 1, the picture in the middle on gray 114; three anchors a cell
on strides of 8, 16, 32 and, in the P6 networks, 64. Everything has been through the sigmoid.
"""

from __future__ import annotations

import numpy as np

from detectors.onnx.family import Decoded, Outputs, Preparation, Reading, above, corners, grid_cells
from detectors.onnx.names import class_count
from detectors.onnx.nature import Nature
from detectors.onnx.shapes import input_size, rows_output, stride

_ANCHORS = 3


def read_yolov5(nature: Nature, named: bool) -> Reading | None:
    """A `Reader`: certain where there are three rows a cell, or as many values as the named classes need."""
    port = rows_output(nature)
    if port is None or (port.shape[2] or 0) < 6:
        return None
    rows, values = port.shape[1:3]
    classes = (values or 0) - 5
    three_a_cell = rows in [
        _ANCHORS * grid_cells(input_size(nature), strides) for strides in ((8, 16, 32), (8, 16, 32, 64))
    ]
    if not (named or three_a_cell or class_count(nature) == classes):
        return None
    key = port.key

    def decode(outputs: Outputs, _: tuple[int, int], threshold: float) -> Decoded:
        """A `Decode` of rows with objectness and class scores."""
        boxes = outputs[key]
        picked = boxes[np.flatnonzero(boxes[:, 4] > threshold)]  # a class score is 1 at most
        scores = above(picked[:, 4:5] * picked[:, 5:], threshold)
        kept = scores.any(axis=1)
        return Decoded(corners(picked[kept, :4]), scores[kept])

    return Reading("YOLOv5", Preparation(stride=stride(nature)), decode, classes)
