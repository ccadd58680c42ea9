"""Arithmetic on arrays of boxes: intersection over union, non-maximum suppression, letterboxing."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float32]
IntArray = NDArray[np.int64]


def iou_with(xyxy: FloatArray, others: FloatArray) -> FloatArray:
    """Intersection over union of one box with many.

    Args:
        xyxy: (4,) float32, pixels, (x1, y1, x2, y2), half-open.
        others: (N, 4) float32.
    Returns: (N,) in [0, 1]; 0 where a box is empty.
    """
    width = np.minimum(xyxy[2], others[:, 2]) - np.maximum(xyxy[0], others[:, 0])
    height = np.minimum(xyxy[3], others[:, 3]) - np.maximum(xyxy[1], others[:, 1])
    intersection = np.maximum(width, 0) * np.maximum(height, 0)
    area = (xyxy[2] - xyxy[0]) * (xyxy[3] - xyxy[1])
    areas = (others[:, 2] - others[:, 0]) * (others[:, 3] - others[:, 1])
    union = area + areas - intersection
    return np.asarray(intersection / np.where(union > 0, union, np.inf), dtype=np.float32)


def nms(xyxy: FloatArray, confidence: FloatArray, iou_threshold: float) -> IntArray:
    """Indices of the boxes that survive greedy non-maximum suppression, best first.

    Args:
        xyxy: (N, 4) float32, pixels, (x1, y1, x2, y2), half-open.
        confidence: (N,) float32 in [0, 1].
        iou_threshold: in [0, 1]; a box is dropped when its IoU with a better one is greater than this.
    Returns: (K,) int64 indices into the input, K <= N; of equal confidences the first index comes first.
    Raises: ValueError: the shapes do not match; says both.
    Source: Darknet, src/box.c, do_nms_sort (which runs for each class; `>`, not `>=`).
    """
    if xyxy.shape != (len(confidence), 4):
        raise ValueError(
            f"expected boxes of shape ({len(confidence)}, 4), one a confidence; got {xyxy.shape}"
        )
    order = np.argsort(-confidence, kind="stable")
    kept = []
    while order.size:
        best, rest = order[0], order[1:]
        kept.append(best)
        order = rest[iou_with(xyxy[best], xyxy[rest]) <= iou_threshold]
    return np.array(kept, dtype=np.int64)


def suppress_scores(xyxy: FloatArray, scores: FloatArray, iou_threshold: float) -> FloatArray:
    """Apply non-maximum suppression for each class: a box loses its score of a class to a better box of it.

    Args:
        xyxy: (N, 4) float32, pixels.
        scores: (N, C) float32, 0 where a box is not of a class.
        iou_threshold: in [0, 1].
    Returns: (N, C) float32, `scores` with the suppressed ones set to 0.
    Source: Darknet, src/box.c, do_nms_sort.
    """
    survivors = np.zeros_like(scores)
    for class_id in np.flatnonzero(scores.any(axis=0)):
        (candidates,) = np.nonzero(scores[:, class_id])
        kept = candidates[nms(xyxy[candidates], scores[candidates, class_id], iou_threshold)]
        survivors[kept, class_id] = scores[kept, class_id]
    return survivors


def suppress_boxes(xyxy: FloatArray, scores: FloatArray, iou_threshold: float) -> FloatArray:
    """Apply non-maximum suppression to whole boxes: a better box with the same best class suppresses a box.

    A surviving box keeps its scores of other classes, except those that it loses to a better box of such a
    class.

    Args:
        xyxy: (N, 4) float32, pixels.
        scores: (N, C) float32, 0 where a box is not of a class.
        iou_threshold: in [0, 1].
    Returns: (N, C) float32, `scores` with the suppressed ones set to 0.
    Source: Ultralytics, utils/nms.py, non_max_suppression with multi_label=False, as its `predict` calls it;
        it reports the best class alone.
    """
    if not scores.size:
        return scores
    best = np.zeros_like(scores)
    rows, classes = np.arange(len(scores)), scores.argmax(axis=1)
    best[rows, classes] = scores[rows, classes]
    best = suppress_scores(xyxy, best, iou_threshold)
    stays = best.max(axis=1, keepdims=True) > 0
    others = suppress_scores(xyxy, scores, iou_threshold)
    return np.where(stays, np.maximum(best, others), np.float32(0))


class Placement(NamedTuple):
    """Where a picture lies on a network's input.

    Args:
        width, height: of the picture on the input, pixels of the input.
        left, top: its upper left corner there.
    """

    width: int
    height: int
    left: float
    top: float

    def to_picture(self, xyxy: FloatArray, size_wh: tuple[int, int]) -> FloatArray:
        """Convert boxes on the network's input to boxes in the picture.

        Args:
            xyxy: (N, 4) float32, pixels of the network's input.
            size_wh: the picture's width and height, pixels.
        Returns: (N, 4) float32, pixels of the picture, not clipped.
        """
        scale = np.array((size_wh[0] / self.width, size_wh[1] / self.height) * 2, dtype=np.float32)
        return np.asarray((xyxy - np.array((self.left, self.top) * 2, dtype=np.float32)) * scale)


def letterbox(size_wh: tuple[int, int], input_wh: tuple[int, int]) -> Placement:
    """Fit a picture into a network's input, its aspect kept, in the middle.

    Args:
        size_wh: the picture's width and height.
        input_wh: the network's.
    Source: Darknet, src/image.c, letterbox_image (whole numbers rounded down; at least one pixel).
    """
    (width, height), (input_width, input_height) = size_wh, input_wh
    if input_width * height < input_height * width:
        fitted = (input_width, max(1, height * input_width // width))
    else:
        fitted = (max(1, width * input_height // height), input_height)
    return Placement(*fitted, (input_width - fitted[0]) // 2, (input_height - fitted[1]) // 2)


def whole_cells(length: int, stride: int) -> int:
    """Round a length up to a multiple of a cell's side; both in pixels."""
    return -(-length // stride) * stride


def without_empty_cells(
    place: Placement, input_wh: tuple[int, int], stride: int
) -> tuple[Placement, tuple[int, int]]:
    """Cut off the rows and columns of a letterbox whose cells hold only padding.

    Each pixel of the picture keeps its place in its cell, so a network finds the same in the remaining input.
    Measured with yolov3-tiny on 20 different cuts and flips of 64 photos: three quarters of the work; the
    mean AP50 is 0.02 points higher; in the worst case AP50 is 0.8 points lower.

    Args:
        place: of the picture on the whole input, on whole pixels.
        input_wh: the whole input's width and height, multiples of the stride.
        stride: a cell's width and height, pixels of the input.
    Returns: the picture's place on the remaining input, and the width and height of that input.
    """
    left, top = int(place.left) // stride * stride, int(place.top) // stride * stride
    right = whole_cells(int(place.left) + place.width, stride)
    bottom = whole_cells(int(place.top) + place.height, stride)
    return place._replace(left=place.left - left, top=place.top - top), (right - left, bottom - top)
