"""Places label boxes beside their boxes, inside the picture, off faces, other label boxes and small boxes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline.detections import Box

Corners = NDArray[np.float64]
"""(N, 4) float64, pixels, (x1, y1, x2, y2), half-open."""

_OFF_LABEL_BOXES = 4.0
"""How much worse it is to hide part of another label box than the same part of a box."""
_PREFERENCE = 0.02
"""The extra cost of each place over the one before it in the order of `_candidates`."""
_FAR = (0.8, 1.6, 2.6, 4.0)
"""Distances of far places from their box, in heights of the label box."""
_LEADER_POINTS = 48
"""At so many points a leader line is checked for what it crosses."""


class Leader(NamedTuple):
    """A line from a label box to its box: the two ends, pixels."""

    x1: int
    y1: int
    x2: int
    y2: int


class Place(NamedTuple):
    """Where a label box goes.

    Args:
        x, y: its left and top edge.
        leader: the line to its box; None if the label box touches that.
    """

    x: int
    y: int
    leader: Leader | None = None


class Placement:
    """Finds places for the label boxes of one picture, one after the other.

    No label box lies on eyes, or on a face that is not its own.

    Args:
        size_wh: of the picture, pixels.
        boxes: all boxes of the picture, drawn frames not included; label boxes should not hide them.
        eyes: of those boxes that are faces, the boxes of their eyes; None for the others.
    """

    def __init__(
        self, size_wh: tuple[int, int], boxes: Sequence[Box], eyes: Sequence[Box | None] = ()
    ) -> None:
        self._size_wh = size_wh
        self._taken = _corners_of(boxes)
        self._weights = np.ones(len(boxes))
        faces = [(number, boxes[number], area) for number, area in enumerate(eyes) if area is not None]
        self._face_numbers = np.array([number for number, _, _ in faces], np.intp)
        self._faces = _corners_of([face for _, face, _ in faces])
        self._eyes = _corners_of([area for _, _, area in faces])

    def place(
        self,
        framed: Box,
        label_wh: tuple[int, int],
        most_hidden: float,
        *,
        number: int | None = None,
        far: bool = False,
    ) -> Place | None:
        """Choose and reserve a place for a label box.

        Args:
            framed: the box with its frame, clipped to the picture.
            label_wh: not larger than the picture.
            most_hidden: how much of another label box it may hide, 0 to 1.
            number: of the box among all boxes; None if it is none of them.
            far: whether it goes away from its box, with a leader line that crosses no face.
        Returns: None if every place would hide more, or would lie on eyes or on another face.
        """
        candidates = (_far_candidates if far else _candidates)(framed, label_wh, self._size_wh)
        near = _touching(self._taken, _hull(candidates))
        weights = self._weights[near]
        hidden = _hidden_shares(candidates, self._taken[near])
        costs = hidden @ weights + np.arange(len(candidates)) * _PREFERENCE
        costs[(hidden[:, weights == _OFF_LABEL_BOXES] > most_hidden).any(axis=1)] = np.inf
        others = self._faces[self._face_numbers != number]
        costs[_overlaps(candidates, np.vstack((others, self._eyes))).any(axis=1)] = np.inf
        for best in map(int, costs.argsort(kind="stable")):
            if costs[best] == np.inf:
                return None
            leader = _leader(candidates[best], framed) if far else None
            if leader is None or not self._crosses(leader, others):
                self._taken = np.vstack((self._taken, candidates[best]))
                self._weights = np.append(self._weights, _OFF_LABEL_BOXES)
                return Place(int(candidates[best, 0]), int(candidates[best, 1]), leader)
        return None

    def _crosses(self, leader: Leader, faces: Corners) -> bool:
        """Whether a line leads over a face or a label box."""
        steps = np.linspace(0.0, 1.0, _LEADER_POINTS)[:, None]
        points = (1 - steps) * np.array(leader[:2]) + steps * np.array(leader[2:])
        obstacles = np.vstack((faces, self._taken[self._weights == _OFF_LABEL_BOXES]))
        return bool(_overlaps(np.hstack((points, points + 1)), obstacles).any())


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


def _far_candidates(framed: Box, label_wh: tuple[int, int], size_wh: tuple[int, int]) -> Corners:
    """(N, 4): places at a distance from the box that lie inside the picture, the nearest first."""
    width, height = label_wh
    middle_x, middle_y = (framed.x1 + framed.x2 - width) // 2, (framed.y1 + framed.y2 - height) // 2
    corners = []
    for distance in (round(height * times) for times in _FAR):
        above, below = framed.y1 - height - distance, framed.y2 + distance
        before, after = framed.x1 - width - distance, framed.x2 + distance
        for x in (middle_x, framed.x1, framed.x2 - width, before, after):
            corners += [(x, above), (x, below)]
        corners += [(before, middle_y), (after, middle_y)]
    places = np.array(corners, np.float64)
    last = np.array(size_wh, np.float64) - label_wh
    places = places[((places >= 0) & (places <= last)).all(axis=1)]
    return np.hstack((places, places + label_wh))


def _leader(label_box: NDArray[np.float64], framed: Box) -> Leader:
    """The shortest line between a label box and a box that it does not touch."""
    x1, y1, x2, y2 = map(int, label_box)
    ends_x, ends_y = _nearest(x1, x2, framed.x1, framed.x2), _nearest(y1, y2, framed.y1, framed.y2)
    return Leader(ends_x[0], ends_y[0], ends_x[1], ends_y[1])


def _nearest(low: int, high: int, other_low: int, other_high: int) -> tuple[int, int]:
    """The nearest pixels of two half-open intervals; the middle of what they have in common."""
    if high <= other_low:
        return high - 1, other_low
    if other_high <= low:
        return low, other_high - 1
    middle = (max(low, other_low) + min(high, other_high)) // 2
    return middle, middle


def _corners_of(boxes: Sequence[Box]) -> Corners:
    return np.array([box.xyxy for box in boxes], np.float64).reshape(-1, 4)


def _hull(corners: Corners) -> NDArray[np.float64]:
    """(4,): the smallest rectangle around all of them; an empty one around none."""
    if not len(corners):
        return np.zeros(4)
    return np.concatenate((corners[:, :2].min(axis=0), corners[:, 2:].max(axis=0)))


def _touching(corners: Corners, area: NDArray[np.float64]) -> NDArray[np.bool_]:
    """(N,): which of `corners` have a pixel in common with `area` (4,)."""
    return np.asarray((corners[:, :2] < area[2:]).all(axis=1) & (corners[:, 2:] > area[:2]).all(axis=1))


def _overlaps(ones: Corners, others: Corners) -> NDArray[np.bool_]:
    """Which of `ones` (N, 4) and `others` (M, 4) have a pixel in common: (N, M)."""
    x1, y1, x2, y2 = ones.T[:, :, None]
    left, top, right, bottom = others.T
    across = np.minimum(x2, right) > np.maximum(x1, left)
    return np.asarray(across & (np.minimum(y2, bottom) > np.maximum(y1, top)))


def _hidden_shares(label_boxes: Corners, others: Corners) -> NDArray[np.float64]:
    """How much of each of `others` (M, 4) lies under each of `label_boxes` (N, 4): (N, M), 0 to 1."""
    x1, y1, x2, y2 = label_boxes.T[:, :, None]
    left, top, right, bottom = others.T
    across = (np.minimum(x2, right) - np.maximum(x1, left)).clip(0)
    hidden = across * (np.minimum(y2, bottom) - np.maximum(y1, top)).clip(0)
    areas = (right - left) * (bottom - top)
    return np.asarray(hidden / np.maximum(areas, 1.0), np.float64)
