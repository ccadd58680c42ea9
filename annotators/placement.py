"""Where a label plate goes: beside its box, inside the picture, off other plates and off small boxes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pipeline.detections import Box

Corners = NDArray[np.float64]
"""(N, 4) float64, pixels, (x1, y1, x2, y2), half-open."""

_OFF_PLATES = 4.0
"""How much worse it is to hide a share of another plate than the same share of a box."""
_PREFERENCE = 0.02
"""What each place costs more than the one before it in the order of `_candidates`."""


class Placement:
    """Finds places for the plates of one picture, one after the other.

    Args:
        size_wh: of the picture, pixels.
        boxes: all boxes of the picture, drawn frames not included; plates should not hide them.
    """

    def __init__(self, size_wh: tuple[int, int], boxes: list[Box]) -> None:
        self._size_wh = size_wh
        self._taken = np.array([box.xyxy for box in boxes], np.float64).reshape(-1, 4)
        self._weights = np.ones(len(boxes))

    def place(self, framed: Box, plate_wh: tuple[int, int], most_hidden: float) -> tuple[int, int] | None:
        """The left and top edge for a plate, whose place is taken from then on.

        Args:
            framed: the box with its frame, clipped to the picture.
            plate_wh: not larger than the picture.
            most_hidden: how much of another plate it may hide, 0 to 1.
        Returns: None where every place would hide more.
        """
        candidates = _candidates(framed, plate_wh, self._size_wh)
        near = _touching(self._taken, _hull(candidates))
        weights = self._weights[near]
        hidden = _hidden_shares(candidates, self._taken[near])
        costs = hidden @ weights + np.arange(len(candidates)) * _PREFERENCE
        costs[(hidden[:, weights == _OFF_PLATES] > most_hidden).any(axis=1)] = np.inf
        best = int(costs.argmin())
        if costs[best] == np.inf:
            return None
        self._taken = np.vstack((self._taken, candidates[best]))
        self._weights = np.append(self._weights, _OFF_PLATES)
        return int(candidates[best, 0]), int(candidates[best, 1])


def _candidates(framed: Box, plate_wh: tuple[int, int], size_wh: tuple[int, int]) -> Corners:
    """Places for a plate, the most usual first, all inside the picture."""
    width, height = plate_wh
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
    return np.hstack((corners, corners + plate_wh))


def _hull(corners: Corners) -> NDArray[np.float64]:
    """(4,): the smallest rectangle around all of them."""
    return np.concatenate((corners[:, :2].min(axis=0), corners[:, 2:].max(axis=0)))


def _touching(corners: Corners, area: NDArray[np.float64]) -> NDArray[np.bool_]:
    """(N,): which of them have a pixel in common with `area` (4,)."""
    return np.asarray((corners[:, :2] < area[2:]).all(axis=1) & (corners[:, 2:] > area[:2]).all(axis=1))


def _hidden_shares(plates: Corners, others: Corners) -> NDArray[np.float64]:
    """How much of each of `others` (M, 4) lies under each of `plates` (N, 4): (N, M), 0 to 1."""
    low = np.maximum(plates[:, None, :2], others[None, :, :2])
    high = np.minimum(plates[:, None, 2:], others[None, :, 2:])
    hidden = (high - low).clip(0).prod(axis=2)
    areas = (others[:, 2:] - others[:, :2]).prod(axis=1)
    return np.asarray(hidden / np.maximum(areas, 1.0), np.float64)
