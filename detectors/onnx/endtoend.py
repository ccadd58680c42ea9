"""Decode exports that suppress boxes themselves, or need no suppression: a row is a box and its label.

- YOLOv10 and YOLO26 (Wang et al., YOLOv10, 2024), and Ultralytics' exports with `nms=True`: (boxes, 6), a row
  is x1, y1, x2, y2 in pixels, confidence, class id; the table is padded with rows of zeros.
- YOLOv7's `export.py --end2end --max-wh` and YOLOv6's `export_onnx.py --end2end --ort`: (boxes, 7) for the
  whole batch, a row is the picture's number, x1, y1, x2, y2 in pixels, class id, confidence.

RGB from 0 to 1, the picture in the middle on gray 114. The suppression, or the choice of the best rows, sees
the whole input. Therefore a file that states one size gets a padded input of that size, as in its exporter's
runtime. A file with an open size gets an input of the picture's shape, as in Ultralytics' `predict`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detectors.onnx.evidence import are_labelled_boxes, are_whole, first_picture
from detectors.onnx.family import Decoded, OutputFormat, Outputs, Preparation, from_rows
from detectors.onnx.modelinfo import ModelInfo
from detectors.onnx.names import class_count
from detectors.onnx.shapes import input_size, is_ultralytics, rows_output, stride


def read_endtoend(info: ModelInfo, outputs: Mapping[str, NDArray[Any]], named: bool) -> OutputFormat | None:
    """A `Reader` of rows of six: certain by Ultralytics' metadata, or if the rows make sense as such."""
    port = rows_output(info)
    if port is None or port.shape[2] != 6:
        return None
    rows = first_picture(outputs, port.key)
    sensible = are_labelled_boxes(rows[:, :4], rows[:, 4], rows[:, 5], input_size(info))
    if not (named or is_ultralytics(info) or sensible):
        return None
    key = port.key

    def decode(outputs: Outputs, _: tuple[int, int], threshold: float) -> Decoded:
        """A `Decode` of rows with a label each."""
        rows = outputs[key]
        return from_rows(rows[:, :4], rows[:, 5], rows[:, 4], threshold)

    return _end_to_end(info, decode=decode)


def read_batched(info: ModelInfo, outputs: Mapping[str, NDArray[Any]], named: bool) -> OutputFormat | None:
    """A `Reader` of rows of seven: certain if the rows make sense; if there are none, by names and operators.

    YOLO-NAS has rows of seven too, in another order.
    """
    if len(info.outputs) != 1 or len(info.outputs[0].shape) != 2 or info.outputs[0].shape[1] != 7:
        return None
    key = info.outputs[0].key
    rows = np.asarray(outputs[key], dtype=np.float32)
    sensible = are_labelled_boxes(rows[:, 1:5], rows[:, 6], rows[:, 5], input_size(info))
    has_its_names = key in ("output", "outputs") and info.inputs[0].key == "images"
    empty = not len(rows) and "NonMaxSuppression" in info.operators and has_its_names
    if not (named or empty or (sensible and are_whole(rows[:, 0]))):
        return None

    def pick(outputs: Mapping[str, NDArray[Any]], index: int) -> Outputs:
        """The rows of one picture."""
        return {key: outputs[key][outputs[key][:, 0] == index]}

    def decode(outputs: Outputs, _: tuple[int, int], threshold: float) -> Decoded:
        """A `Decode` of rows with a label each."""
        rows = outputs[key]
        return from_rows(rows[:, 1:5], rows[:, 5], rows[:, 6], threshold)

    return _end_to_end(info, decode=decode, pick=pick)


def _end_to_end(info: ModelInfo, **more: Any) -> OutputFormat:
    return OutputFormat(
        family="YOLO, end to end",
        preparation=Preparation(stride=stride(info)),
        classes=class_count(info),
        suppression="none",
        **more,
    )
