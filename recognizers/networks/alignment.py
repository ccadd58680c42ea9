"""Face alignment: rotates, scales and moves a face so that its landmarks come to fixed places.

The places are ArcFace's five points in a square of 112 pixels (Deng et al., CVPR 2019), on which most of
today's face networks were trained. The transform is the least-squares similarity (Umeyama, 1991) in closed
form, so the result is deterministic.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.detections import Landmarks
from recognizers.faces.faceimage import PixelArray, scaled
from recognizers.faces.fit import Fit

PointArray = NDArray[np.float64]
"""(5, 2) float64: x and y of the right eye, left eye, nose, right and left corner of the mouth."""

TEMPLATE_SIDE_PX = 112
ARCFACE_TEMPLATE: PointArray = np.array(
    ((38.2946, 51.6963), (73.5318, 51.5014), (56.0252, 71.7366), (41.5493, 92.3655), (70.7299, 92.2041))
)
"""The points in a square of `TEMPLATE_SIDE_PX`; the person's right is on the left."""

ALIGNED_SIDE_PX = 200
"""Side of an aligned picture: with the usual margin, its resolution is that of dlib's network."""

_MOST_PX = 1e6
"""Landmarks with larger coordinates are invalid."""
_LEAST_SPREAD_PX = 0.5


def points_of(landmarks: Landmarks | None) -> PointArray | None:
    """Convert landmarks to an array; None if they are not five points, or coincide."""
    if landmarks is None or len(landmarks) != len(ARCFACE_TEMPLATE):
        return None
    points = np.asarray(landmarks, dtype=np.float64)
    usable = np.abs(points).max() < _MOST_PX and points.std(axis=0).max() >= _LEAST_SPREAD_PX
    return points if usable else None


def similarity(points: NDArray[np.float64], target: NDArray[np.float64]) -> NDArray[np.float64]:
    """Compute the rotation, scaling and shift that map points to targets with the least squared error.

    Args:
        points, target: (N, 2), N >= 2; `points` do not all coincide.
    Returns: (2, 3): `matrix[:, :2] @ point + matrix[:, 2]`.
    Source: Umeyama, IEEE PAMI 13 (4), 1991; in the plane and without mirroring, it needs no decomposition.
    """
    middle, target_middle = points.mean(axis=0), target.mean(axis=0)
    (x, y), (u, v) = (points - middle).T, (target - target_middle).T
    along, across = (x * u + y * v).sum(), (x * v - y * u).sum()
    turn = np.array(((along, -across), (across, along))) / (x * x + y * y).sum()
    return np.column_stack((turn, target_middle - turn @ middle))


def moved(matrix: NDArray[np.float64], points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Apply a (2, 3) matrix to (N, 2) points."""
    return np.asarray(points @ matrix[:, :2].T + matrix[:, 2])


def template(side_px: float, margin: float) -> PointArray:
    """Return the five points of an aligned picture.

    Args:
        side_px: side of the picture, a square.
        margin: how far the picture extends beyond ArcFace's square, as a share of that square's side.
    """
    return (ARCFACE_TEMPLATE / TEMPLATE_SIDE_PX + margin) * (side_px / (1 + 2 * margin))


def aligned(rgb: PixelArray, points: PointArray, side_px: int, margin: float) -> PixelArray:
    """Cut an aligned face out of a picture; black outside of the picture.

    Args:
        rgb: (height, width, 3), the photo or the surroundings of the face.
        points: the landmarks, in pixels of `rgb`.
        side_px, margin: see `template`.
    Returns: (side_px, side_px, 3).
    """
    return warped(rgb, similarity(points, template(side_px, margin)), side_px)


def warped(rgb: PixelArray, matrix: NDArray[np.float64], side_px: int) -> PixelArray:
    """Cut a rotated square out of a picture; it is shrunk by area averaging first, which avoids aliasing.

    Args:
        rgb: (height, width, 3).
        matrix: (2, 3) similarity from its pixels to those of the square.
        side_px: side of the square.
    Returns: (side_px, side_px, 3), black outside of the picture.
    """
    corners = np.array(((0.0, 0.0), (side_px, 0.0), (0.0, side_px), (side_px, side_px)))
    seen = moved(cv2.invertAffineTransform(matrix), corners)
    height, width = rgb.shape[:2]
    x1, y1 = (int(v) for v in np.clip(np.floor(seen.min(axis=0)) - 1, 0, (width, height)))
    x2, y2 = (int(v) for v in np.clip(np.ceil(seen.max(axis=0)) + 1, 0, (width, height)))
    if x1 >= x2 or y1 >= y2:
        return np.zeros((side_px, side_px, 3), dtype=np.uint8)
    part: Any = rgb[y1:y2, x1:x2]
    scale = float(np.hypot(*matrix[:, 0]))
    wanted_wh = tuple(max(1, round(side * min(scale, 1.0))) for side in (x2 - x1, y2 - y1))
    shrunk = scaled(part, (wanted_wh[0], wanted_wh[1]))
    # From pixels of the shrunk part to those of the picture; the centre of a pixel is at 0.5.
    kx, ky = (x2 - x1) / wanted_wh[0], (y2 - y1) / wanted_wh[1]
    back = np.array(((kx, 0, x1 + kx / 2 - 0.5), (0, ky, y1 + ky / 2 - 0.5), (0, 0, 1)))
    whole = np.vstack((matrix, (0, 0, 1))) @ back
    square = cv2.warpAffine(shrunk, whole[:2], (side_px, side_px), flags=cv2.INTER_LINEAR)
    return np.asarray(square, dtype=np.uint8)


def template_in(size_wh: tuple[int, int], margin: float, fit: Fit) -> PointArray:
    """Return the five points of an aligned picture that was resized.

    Args:
        size_wh: its width and height after that.
        margin: see `template`.
        fit: how the shape was matched.
    """
    width, height = size_wh
    if fit is Fit.STRETCH:
        return template(1.0, margin) * (width, height)
    side = max(size_wh) if fit is Fit.CROP else min(size_wh)
    corner: PointArray = np.array(((width - side) / 2, (height - side) / 2))
    return np.asarray(template(side, margin) + corner)
