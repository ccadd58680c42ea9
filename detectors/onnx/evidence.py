"""Infer the meaning of a network's outputs from their values for a synthetic picture.

Several families have outputs of the same shape, but with other numbers: box centres in cells, pixels or
fractions of the input, scores between 0 and 1 or before the sigmoid, an objectness that is always 1.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from detectors.onnx.family import FloatArray, grid

BoxUnit = Literal["offsets", "pixels", "fractions", "unknown", "none"]
"""The unit of boxes given by centre and size: offsets of the centre from its cell's corner, in cells, with
the logarithm of the size; pixels of the input; fractions of the input's sides; none of these; or there is no
box."""

FARTHEST_CELLS = 8.0
"""Most cells between a centre and the cell that predicts it. YOLOX-nano: up to 4."""
_MOST = 0.9
"""The share of rows that must agree: a trained network may put a few boxes anywhere."""


def first_picture(outputs: Mapping[str, NDArray[Any]], key: str) -> FloatArray:
    """An output for the first picture of the batch, as float32."""
    return np.asarray(outputs[key][0], dtype=np.float32)


def are_probabilities(values: FloatArray) -> bool:
    """Whether all values are between 0 and 1, within rounding; also True if there are none."""
    return bool(np.all((values >= -1e-3) & (values <= 1 + 1e-3)))


def are_whole(values: FloatArray) -> bool:
    """Whether all values are whole numbers of at least 0, as class ids are."""
    return bool(np.all((values >= 0) & (values == np.round(values))))


def are_used(cxcywh: FloatArray) -> NDArray[np.bool_]:
    """Which rows of a table, (N, 4), hold boxes; tables are padded with rows of zeros. Returns (N,)."""
    return np.asarray(cxcywh.any(axis=1))


def box_unit(cxcywh: FloatArray, input_wh: tuple[int, int], strides: Sequence[int]) -> BoxUnit:
    """Infer the unit of a table of boxes.

    Args:
        cxcywh: (N, 4), a whole number of rows a cell.
        input_wh: the input's width and height, pixels.
        strides: of the cells' grids, in the order of the rows.
    """
    used = np.isfinite(cxcywh).all(axis=1) & are_used(cxcywh)
    if not used.any():
        return "none"
    centre, size = cxcywh[used, :2], cxcywh[used, 2:4]
    distances = np.sort(np.abs(centre), axis=None)  # numpy.percentile imports numpy.ma, 8 ms
    if distances[(distances.size - 1) * 95 // 100] > FARTHEST_CELLS:
        sides = np.array(input_wh, dtype=np.float32)
        inside = ((centre > -sides / 2) & (centre < sides * 1.5)).all(axis=1)
        sized = ((size >= 0) & (size < sides * 4)).all(axis=1)
        return "pixels" if (inside & sized).mean() > _MOST else "unknown"
    if ((centre > -0.5) & (centre < 1.5) & (size >= 0)).all(axis=1).mean() > _MOST and _follow_their_cells(
        cxcywh, input_wh, strides
    ):
        return "fractions"
    return "offsets"


def are_corners(table: FloatArray) -> bool:
    """Whether four columns are corners x1, y1, x2, y2, not centre and size.

    If the columns were centre and size, boxes at the right and lower sides would extend beyond the left and
    upper sides.
    """
    return bool(np.all((table[:, 2] >= table[:, 0]) & (table[:, 3] >= table[:, 1])))


def are_fractions(boxes: FloatArray) -> bool:
    """Whether boxes, (N, 4), are given as fractions of the input's sides: from 0 to 1, or a little beyond."""
    finite = boxes[np.isfinite(boxes).all(axis=1)]
    return len(finite) > 0 and bool(((finite > -1) & (finite < 2)).all(axis=1).mean() > _MOST)


def are_labelled_boxes(
    xyxy: FloatArray, scores: FloatArray, class_ids: FloatArray, input_wh: tuple[int, int]
) -> bool:
    """Whether rows make sense as corners in pixels, a score and a class id; rows of zeros are ignored.

    Args:
        xyxy: (N, 4).
        scores, class_ids: (N,).
        input_wh: the input's width and height, pixels.
    Returns: False also if all rows are zeros.
    """
    used = scores > 0 if (scores > 0).any() else xyxy.any(axis=1)
    boxes = xyxy[used]
    if not len(boxes) or not np.isfinite(boxes).all():
        return False
    pixels = bool(np.abs(boxes).max() > 2 and np.abs(boxes).max() < 4 * max(input_wh))
    return pixels and are_corners(boxes) and are_probabilities(scores) and are_whole(class_ids)


def _follow_their_cells(cxcywh: FloatArray, input_wh: tuple[int, int], strides: Sequence[int]) -> bool:
    """Whether the positions of centres correlate with those of their cells."""
    cells, sides = grid(input_wh, tuple(strides))
    middles = (cells + 0.5) * sides[:, None]
    if not len(middles) or len(cxcywh) % len(middles):
        return False
    centres = cxcywh[: len(middles), :2]
    with np.errstate(invalid="ignore", divide="ignore"):
        alike = [np.corrcoef(centres[:, axis], middles[:, axis])[0, 1] for axis in (0, 1)]
    return bool(min(alike) > 0.8)  # False for NaN: the centres do not vary
