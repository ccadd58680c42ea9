"""Places label boxes beside their boxes, inside the picture, off other label boxes and small boxes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pipeline.detections import Box

Corners = NDArray[np.float64]
"""(N, 4) float64, pixels, (x1, y1, x2, y2), half-open."""

_OFF_LABEL_BOXES = 4.0
"""How much worse it is to hide part of another label box than the same part of a box."""
_PREFERENCE = 0.02
"""The extra cost of each place over the one before it in the order of `_candidates`."""


class Placement:
    """Finds places for the label boxes of one picture, one after the other.

    Args:
        size_wh: of the picture, pixels.
        boxes: all boxes of the picture, drawn frames not included; label boxes should not hide them.
    """

    def __init__(self, size_wh: tuple[int, int], boxes: list[Box]) -> None:
        self._size_wh = size_wh
        self._taken = np.array([box.xyxy for box in boxes], np.float64).reshape(-1, 4)
        self._weights = np.ones(len(boxes))

    def place(self, framed: Box, label_wh: tuple[int, int], most_hidden: float) -> tuple[int, int] | None:
        """Choose and reserve a place for a label box.

        Args:
            framed: the box with its frame, clipped to the picture.
            label_wh: not larger than the picture.
            most_hidden: how much of another label box it may hide, 0 to 1.
        Returns: the left and top edge; None if every place would hide more.
        """
        candidates = _candidates(framed, label_wh, self._size_wh)
        near = _touching(self._taken, _hull(candidates))
        weights = self._weights[near]
        hidden = _hidden_shares(candidates, self._taken[near])
        costs = hidden @ weights + np.arange(len(candidates)) * _PREFERENCE
        costs[(hidden[:, weights == _OFF_LABEL_BOXES] > most_hidden).any(axis=1)] = np.inf
        best = int(costs.argmin())
        if costs[best] == np.inf:
            return None
        self._taken = np.vstack((self._taken, candidates[best]))
        self._weights = np.append(self._weights, _OFF_LABEL_BOXES)
        return int(candidates[best, 0]), int(candidates[best, 1])


def _candidates(framed: Box, label_wh: tuple[int, int], size_wh: tuple[int, int]) -> Corners:
    """(14, 4): the possible places for a label box, the most usual first, all inside the picture."""
    width, height = label_wh
    left, right = framed.x1, framed.x2 - width
    middle = (left + right) // 2
    above, below = framed.y1 - height, framed.y2
    top, bottom = framed.y1, framed.y2 - height
    corners = np.array(
        [
            (left, above),
            (left, top),
            (left, below),
            (right, above),
            (right, top),
            (left, bottom),
            (right, below),
            (right, bottom),
            (middle, above),
            (middle, below),
            (framed.x2, top),
            (framed.x1 - width, top),
            (framed.x2, bottom),
            (framed.x1 - width, bottom),
        ],
        np.float64,
    )
    corners = corners.clip(0, (size_wh[0] - width, size_wh[1] - height))
    return np.hstack((corners, corners + label_wh))


def _hull(corners: Corners) -> NDArray[np.float64]:
    """(4,): the smallest rectangle around all of them."""
    return np.concatenate((corners[:, :2].min(axis=0), corners[:, 2:].max(axis=0)))


def _touching(corners: Corners, area: NDArray[np.float64]) -> NDArray[np.bool_]:
    """(N,): which of `corners` have a pixel in common with `area` (4,)."""
    return np.asarray((corners[:, :2] < area[2:]).all(axis=1) & (corners[:, 2:] > area[:2]).all(axis=1))


def _hidden_shares(label_boxes: Corners, others: Corners) -> NDArray[np.float64]:
    """How much of each of `others` (M, 4) lies under each of `label_boxes` (N, 4): (N, M), 0 to 1."""
    low = np.maximum(label_boxes[:, None, :2], others[None, :, :2])
    high = np.minimum(label_boxes[:, None, 2:], others[None, :, 2:])
    hidden = (high - low).clip(0).prod(axis=2)
    areas = (others[:, 2:] - others[:, :2]).prod(axis=1)
    return np.asarray(hidden / np.maximum(areas, 1.0), np.float64)
