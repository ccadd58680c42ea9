"""Decode YOLOv5 and YOLOv7 exports: one output, (3 x cells, 5 + classes), boxes decoded to pixels.

Jocher et al., YOLOv5, export.py: RGB from 0 to 1, the picture in the middle on gray 114; three anchors a cell
on strides of 8, 16, 32 and, in the P6 networks, 64. The sigmoid is part of the network.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detectors.onnx.evidence import are_corners, are_probabilities, box_unit, first_picture
from detectors.onnx.family import (
    Decode,
    Decoded,
    OutputFormat,
    Outputs,
    Preparation,
    above,
    corners,
    grid_cells,
)
from detectors.onnx.modelinfo import ModelInfo
from detectors.onnx.names import class_count, has_ultralytics_names
from detectors.onnx.shapes import input_size, rows_output, stride

_ANCHORS = 3
_GRIDS = ((8, 16, 32), (8, 16, 32, 64))


def read_yolov5(info: ModelInfo, outputs: Mapping[str, NDArray[Any]], named: bool) -> OutputFormat | None:
    """A `Reader`: certain by the exporter's metadata; or if there are three rows a cell, or as many values as
    the named classes need, and they are centres and sizes in pixels and probabilities.
    """
    port = rows_output(info)
    if port is None or (port.shape[2] or 0) < 6:
        return None
    rows, input_wh = first_picture(outputs, port.key), input_size(info)
    classes = rows.shape[1] - 5
    strides = next((each for each in _GRIDS if _ANCHORS * grid_cells(input_wh, each) == len(rows)), ())
    fits_names = class_count(info) == classes
    makes_sense = (
        box_unit(rows[:, :4], input_wh, strides) in ("pixels", *(["none"] if fits_names else []))
        and not are_corners(rows[:, :4])
        and are_probabilities(rows[:, 4:])
    )
    certain = has_ultralytics_names(info, classes) or ((strides or fits_names) and makes_sense)
    if not (named or certain):
        return None
    return OutputFormat(
        "YOLOv5", Preparation(stride=stride(info)), scored_rows(port.key), classes, suppression="best class"
    )


def scored_rows(key: str) -> Decode:
    """A `Decode` of an output's rows: centre and size in pixels, objectness, class scores."""

    def decode(outputs: Outputs, _: tuple[int, int], threshold: float) -> Decoded:
        """A `Decode` of rows with objectness and class scores."""
        boxes = outputs[key]
        picked = boxes[np.flatnonzero(boxes[:, 4] > threshold)]  # class scores are at most 1
        scores = above(picked[:, 4:5] * picked[:, 5:], threshold)
        kept = scores.any(axis=1)
        return Decoded(corners(picked[kept, :4]), scores[kept])

    return decode
