"""Decode YOLOv8, v9, 11 and 12 exports, and the raw heads of v10 and 26: one output, (4 + classes, cells).

Jocher et al., Ultralytics, engine/exporter.py: RGB from 0 to 1, the picture in the middle on gray 114. Boxes
are centre and size in pixels; the sigmoid is part of the network, and there is no objectness.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detectors.onnx.evidence import are_corners, are_probabilities, box_unit, first_picture
from detectors.onnx.family import Decoded, OutputFormat, Outputs, Preparation, above, corners, grid_cells
from detectors.onnx.modelinfo import ModelInfo
from detectors.onnx.names import class_count, has_ultralytics_names
from detectors.onnx.shapes import input_size, rows_output, stride

_GRIDS = ((8, 16, 32), (8, 16, 32, 64), (4, 8, 16, 32))


def read_yolov8(info: ModelInfo, outputs: Mapping[str, NDArray[Any]], named: bool) -> OutputFormat | None:
    """A `Reader`: certain by Ultralytics' metadata; or if there is one column a cell, or one row for each
    value and named class, and they are centres and sizes in pixels and probabilities.
    """
    port = rows_output(info)
    if port is None or (port.shape[1] or 0) < 5:
        return None
    columns, input_wh = first_picture(outputs, port.key).T, input_size(info)
    classes = columns.shape[1] - 4
    strides = next((each for each in _GRIDS if grid_cells(input_wh, each) == len(columns)), ())
    fits_names = class_count(info) == classes
    makes_sense = (
        box_unit(columns[:, :4], input_wh, strides) in ("pixels", *(["none"] if fits_names else []))
        and not are_corners(columns[:, :4])
        and are_probabilities(columns[:, 4:])
    )
    certain = has_ultralytics_names(info, classes) or ((strides or fits_names) and makes_sense)
    if not (named or certain):
        return None
    key = port.key

    def decode(outputs: Outputs, _: tuple[int, int], threshold: float) -> Decoded:
        """A `Decode` of columns with class scores."""
        table = outputs[key]
        picked = table[:, np.flatnonzero(table[4:].max(axis=0) > threshold)].T
        return Decoded(corners(picked[:, :4]), above(picked[:, 4:], threshold))

    return OutputFormat("YOLOv8", Preparation(stride=stride(info)), decode, classes, suppression="best class")
