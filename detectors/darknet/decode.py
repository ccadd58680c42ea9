"""Decode raw values of a network's heads to boxes with a score for each class.

Source: Darknet, src/yolo_layer.c, src/region_layer.c and src/detection_layer.c (`get_yolo_detections`,
`get_region_detections`, `get_detection_detections`): Redmon et al., YOLO (2016), YOLO9000 (2017) and
YOLOv3 (2018); AlexeyAB's fork for `scale_x_y` and `new_coords`; Choi et al., Gaussian YOLOv3 (2019).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from detectors.darknet.heads import DetectionHead, GaussianYolo, Head, Region, Yolo
from detectors.darknet.networkcfg import NetworkCfg
from detectors.darknet.tree import ClassTree

FloatArray = NDArray[np.float32]


def decode_heads(
    network: NetworkCfg, raw: Sequence[FloatArray], threshold: float, tree: ClassTree | None = None
) -> tuple[FloatArray, FloatArray]:
    """Decode all heads; returns the boxes with a score above the threshold.

    Args:
        network: the description of the heads, in the order of `raw`.
        raw: the input of each head, (1, grid height, grid width, boxes x (5 + classes)) float32, of
            `[Gaussian_yolo]` boxes x (9 + classes), of `[detection]` (1, 1, 1, numbers). A grid has fewer
            rows or columns than the .cfg says if the input was cut.
        threshold: in [0, 1]; scores at or below it become 0.
        tree: of the classes, for a `[region]` that has one: each box then has the score of one class only.
    Returns:
        boxes: (N, 4) float32, `xyxy` in pixels of the network's input, not clipped.
        scores: (N, classes) float32, objectness times class score, or 0.
    """
    boxes, scores = [], []
    input_wh = np.array((network.shape.width, network.shape.height), dtype=np.float32)
    for (_, head), values in zip(network.heads, raw, strict=True):
        with np.errstate(over="ignore", invalid="ignore"):  # boxes that are not finite are dropped below
            centre, size, head_scores = _decode_head(head, values[0], input_wh, threshold, tree)
            head_scores[head_scores <= threshold] = 0
            xyxy = np.concatenate((centre - size / 2, centre + size / 2), axis=1)
        kept = head_scores.any(axis=1) & np.isfinite(xyxy).all(axis=1) & np.isfinite(head_scores).all(axis=1)
        boxes.append(xyxy[kept].astype(np.float32))
        scores.append(head_scores[kept].astype(np.float32))
    return np.concatenate(boxes), np.concatenate(scores)


Decoded = tuple[FloatArray, FloatArray, FloatArray]
"""Centres (N, 2) and sizes (N, 2), pixels of the network's input, and scores (N, classes)."""


def _decode_head(
    head: Head, values: FloatArray, input_wh: FloatArray, threshold: float, tree: ClassTree | None
) -> Decoded:
    match head:
        case DetectionHead():
            return _decode_detection(head, values.reshape(-1), input_wh)
        case Region() | Yolo() | GaussianYolo():
            grid_wh = np.array((head.shape.width, head.shape.height), dtype=np.float32)
            cell_wh = np.asarray(input_wh / grid_wh, dtype=np.float32)
            if isinstance(head, GaussianYolo):
                return _decode_gaussian(head, values, cell_wh, threshold)
            return _decode_anchors(head, values, cell_wh, threshold, tree)


def _decode_anchors(
    head: Yolo | Region, values: FloatArray, cell_wh: FloatArray, threshold: float, tree: ClassTree | None
) -> Decoded:
    """Decode only the boxes whose objectness is above the threshold."""
    rows, columns, _ = values.shape
    by_box = values.reshape(rows, columns, len(head.anchors), 5 + head.classes)
    plain = isinstance(head, Yolo) and head.new_coords
    objectness = by_box[..., 4] if plain else _logistic(by_box[..., 4])
    row, column, anchor = np.nonzero(objectness > threshold)
    picked = by_box[row, column, anchor]
    cells = np.stack((column, row), axis=1).astype(np.float32)
    anchors = np.array(head.anchors, dtype=np.float32)[anchor]
    certainty = objectness[row, column, anchor][:, None]
    if isinstance(head, Region):
        centre = (cells + _logistic(picked[:, :2])) * cell_wh
        size = _exp(picked[:, 2:4]) * anchors * cell_wh
        return centre, size, _region_scores(head, certainty, picked[:, 5:], tree)
    centre, size = _yolo_boxes(head, picked, cells, anchors, cell_wh)
    return centre, size, certainty * (picked[:, 5:] if plain else _logistic(picked[:, 5:]))


def _decode_gaussian(
    head: GaussianYolo, values: FloatArray, cell_wh: FloatArray, threshold: float
) -> Decoded:
    """Decode boxes whose four numbers have uncertainties; the mean of those lowers the scores.

    Source: src/gaussian_yolo_layer.c, `get_gaussian_yolo_box`, `get_gaussian_yolo_detections`.
    """
    rows, columns, _ = values.shape
    by_box = values.reshape(rows, columns, len(head.anchors), 9 + head.classes)
    row, column, anchor = np.nonzero(_logistic(by_box[..., 8]) > threshold)
    picked = by_box[row, column, anchor]
    anchors = np.array(head.anchors, dtype=np.float32)[anchor]
    cells = np.stack((column, row), axis=1).astype(np.float32)
    offset = _logistic(picked[:, 0:4:2]) * head.scale_x_y - (head.scale_x_y - 1) / 2
    size = _exp(picked[:, 4:8:2]) * anchors
    centre = np.asarray((cells + offset) * cell_wh, dtype=np.float32)
    if head.point != "center":
        centre += (size if head.point == "left_top" else -size) / 2
    certainty = 1 - _logistic(picked[:, 1:8:2]).mean(axis=1, keepdims=True)
    scores = _logistic(picked[:, 8:9]) * _logistic(picked[:, 9:]) * certainty
    return centre, size, scores


def _region_scores(
    head: Region, certainty: FloatArray, raw: FloatArray, tree: ClassTree | None
) -> FloatArray:
    if tree is None:
        return certainty * (_softmax(raw) if head.softmax else _logistic(raw))
    scores = np.zeros_like(raw)
    for index, among_siblings in enumerate(tree.softmax(raw)):
        scores[index, tree.most_exact(among_siblings)] = certainty[index, 0]
    return scores


def _decode_detection(head: DetectionHead, values: FloatArray, input_wh: FloatArray) -> Decoded:
    """Decode numbers in this order: all class scores, cell by cell, all objectnesses, all boxes."""
    cells = head.side * head.side
    classes, certainty, boxes = np.split(values, (cells * head.classes, cells * (head.classes + head.boxes)))
    classes = classes.reshape(cells, 1, head.classes)
    if head.softmax:
        classes = _softmax(classes)
    scores = certainty.reshape(cells, head.boxes, 1) * classes
    boxes = boxes.reshape(cells, head.boxes, 4)
    place = np.arange(cells)
    corners = np.stack((place % head.side, place // head.side), axis=1)[:, None]
    centre = np.asarray((boxes[..., :2] + corners) / head.side * input_wh, dtype=np.float32)
    size = (boxes[..., 2:] ** 2 if head.square_root else boxes[..., 2:]) * input_wh
    return centre.reshape(-1, 2), size.reshape(-1, 2), scores.reshape(-1, head.classes)


def _yolo_boxes(
    head: Yolo, picked: FloatArray, cells: FloatArray, anchors: FloatArray, cell_wh: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Centres and sizes, (N, 2) each, pixels of the network's input."""
    offset = picked[:, :2] if head.new_coords else _logistic(picked[:, :2])
    offset = offset * head.scale_x_y - (head.scale_x_y - 1) / 2
    centre = (cells + offset) * cell_wh
    size = (picked[:, 2:4] * 2) ** 2 * anchors if head.new_coords else _exp(picked[:, 2:4]) * anchors
    return centre, size


def _logistic(x: FloatArray) -> FloatArray:
    return np.asarray(0.5 * (np.tanh(0.5 * x) + 1), dtype=np.float32)  # never overflows


def _exp(x: FloatArray) -> FloatArray:
    return np.asarray(np.exp(np.minimum(x, 30)), dtype=np.float32)  # a size beyond any picture, but finite


def _softmax(x: FloatArray) -> FloatArray:
    raised = np.exp(x - x.max(axis=-1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=-1, keepdims=True), dtype=np.float32)
