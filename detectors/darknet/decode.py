"""Raw values of `[yolo]` and `[region]` heads -> boxes with objectness and class scores.

Source: Darknet, src/yolo_layer.c and src/region_layer.c (`get_yolo_detections`,
`get_region_detections`): Redmon & Farhadi, YOLO9000 (2017) and YOLOv3 (2018); AlexeyAB's fork for
`scale_x_y` and `new_coords`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from detectors.darknet.layers import Head, NetworkCfg, Region, Yolo

FloatArray = NDArray[np.float32]


def decode_heads(
    network: NetworkCfg, raw: Sequence[FloatArray], threshold: float
) -> tuple[FloatArray, FloatArray]:
    """All heads' boxes that have a score above the threshold.

    Args:
        network: the description of the heads, in the order of `raw`.
        raw: a head's input each, (1, grid height, grid width, boxes x (5 + classes)) float32.
        threshold: in [0, 1]; scores at or below it come out as 0.
    Returns:
        boxes: (N, 4) float32, `xyxy` in pixels of the network's input, not clipped.
        scores: (N, classes) float32, objectness times class score, or 0.
    """
    boxes, scores = [], []
    for (_, head), values in zip(network.heads, raw, strict=True):
        with np.errstate(over="ignore", invalid="ignore"):  # boxes that are not finite are dropped
            head_boxes, head_scores = _decode_head(head, values[0], network, threshold)
        boxes.append(head_boxes)
        scores.append(head_scores)
    return np.concatenate(boxes), np.concatenate(scores)


def _decode_head(
    head: Head, values: FloatArray, network: NetworkCfg, threshold: float
) -> tuple[FloatArray, FloatArray]:
    """One head: pick the cells that may hold something first, then do the arithmetic on those alone."""
    rows, columns, _ = values.shape
    by_box = values.reshape(rows, columns, len(head.anchors), 5 + head.classes)
    plain = isinstance(head, Yolo) and head.new_coords
    objectness = by_box[..., 4] if plain else _logistic(by_box[..., 4])
    row, column, anchor = np.nonzero(objectness > threshold)
    picked = by_box[row, column, anchor]
    cells = np.stack((column, row), axis=1).astype(np.float32)
    anchors = np.array(head.anchors, dtype=np.float32)[anchor]
    grid = np.array((columns, rows), dtype=np.float32)
    input_wh = np.array((network.shape.width, network.shape.height), dtype=np.float32)
    if isinstance(head, Region):
        centre = (cells + _logistic(picked[:, :2])) / grid * input_wh
        size = _exp(picked[:, 2:4]) * anchors / grid * input_wh
        classes = _softmax(picked[:, 5:]) if head.softmax else _logistic(picked[:, 5:])
    else:
        centre, size = _yolo_boxes(head, picked, cells, anchors, grid, input_wh)
        classes = picked[:, 5:] if plain else _logistic(picked[:, 5:])
    scores = objectness[row, column, anchor][:, None] * classes
    scores[scores <= threshold] = 0
    xyxy = np.concatenate((centre - size / 2, centre + size / 2), axis=1)
    kept = scores.any(axis=1) & np.isfinite(xyxy).all(axis=1) & np.isfinite(scores).all(axis=1)
    return xyxy[kept].astype(np.float32), scores[kept].astype(np.float32)


def _yolo_boxes(
    head: Yolo,
    picked: FloatArray,
    cells: FloatArray,
    anchors: FloatArray,
    grid: FloatArray,
    input_wh: FloatArray,
) -> tuple[FloatArray, FloatArray]:
    """Centres and sizes, (N, 2) each, pixels of the network's input."""
    offset = picked[:, :2] if head.new_coords else _logistic(picked[:, :2])
    offset = offset * head.scale_x_y - (head.scale_x_y - 1) / 2
    centre = (cells + offset) / grid * input_wh
    size = (picked[:, 2:4] * 2) ** 2 * anchors if head.new_coords else _exp(picked[:, 2:4]) * anchors
    return centre, size


def _logistic(x: FloatArray) -> FloatArray:
    return np.asarray(0.5 * (np.tanh(0.5 * x) + 1), dtype=np.float32)  # never overflows


def _exp(x: FloatArray) -> FloatArray:
    return np.asarray(np.exp(np.minimum(x, 30)), dtype=np.float32)  # a size beyond any picture, yet finite


def _softmax(x: FloatArray) -> FloatArray:
    raised = np.exp(x - x.max(axis=1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=1, keepdims=True), dtype=np.float32)
