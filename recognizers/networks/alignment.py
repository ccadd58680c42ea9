"""Faces turned, scaled and moved so that eyes, nose and mouth always come to the same place.

The place is that of ArcFace (Deng et al., CVPR 2019), the five points of which most of today's face networks
were trained on, in a square of 112 pixels. The way there is the similarity transform of least squares
(Umeyama, 1991), in closed form: no chance is in it, so a face comes out the same each time.
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
"""Where the points come to in a square of `TEMPLATE_SIDE_PX`; the person's right is on the left."""

ALIGNED_SIDE_PX = 200
"""Side of an aligned picture of a face: with the usual margin, as fine as dlib's network looks at faces."""

_MOST_PX = 1e6
"""Landmarks farther away than this are no face's."""
_LEAST_SPREAD_PX = 0.5


def points_of(landmarks: Landmarks | None) -> PointArray | None:
    """Landmarks as an array; None where they are not a face's five, or lie on one spot."""
    if landmarks is None or len(landmarks) != len(ARCFACE_TEMPLATE):
        return None
    points = np.asarray(landmarks, dtype=np.float64)
    usable = np.abs(points).max() < _MOST_PX and points.std(axis=0).max() >= _LEAST_SPREAD_PX
    return points if usable else None


def similarity(points: NDArray[np.float64], target: NDArray[np.float64]) -> NDArray[np.float64]:
    """The rotation, scaling and shift that bring points nearest to others, by the sum of squared distances.

    Args:
        points, target: (N, 2), N >= 2; `points` do not all lie on one spot.
    Returns: (2, 3): `matrix[:, :2] @ point + matrix[:, 2]`.
    Source: Umeyama, IEEE PAMI 13 (4), 1991; in a plane and without mirroring it needs no decomposition.
    """
    middle, target_middle = points.mean(axis=0), target.mean(axis=0)
    (x, y), (u, v) = (points - middle).T, (target - target_middle).T
    along, across = (x * u + y * v).sum(), (x * v - y * u).sum()
    turn = np.array(((along, -across), (across, along))) / (x * x + y * y).sum()
    return np.column_stack((turn, target_middle - turn @ middle))


def moved(matrix: NDArray[np.float64], points: NDArray[np.float64]) -> NDArray[np.float64]:
    """(N, 2) points where a (2, 3) matrix brings them."""
    return np.asarray(points @ matrix[:, :2].T + matrix[:, 2])


def template(side_px: float, margin: float) -> PointArray:
    """Where the points come to in an aligned picture.

    Args:
        side_px: of the picture, a square.
        margin: how far it reaches beyond ArcFace's square, as a share of the sides of that.
    """
    return (ARCFACE_TEMPLATE / TEMPLATE_SIDE_PX + margin) * (side_px / (1 + 2 * margin))


def aligned(rgb: PixelArray, points: PointArray, side_px: int, margin: float) -> PixelArray:
    """A face as an aligned picture; black where the photo has ended.

    Args:
        rgb: (height, width, 3), all of the photo or what lies around the face.
        points: its landmarks, in the pixels of `rgb`.
        side_px, margin: see `template`.
    Returns: (side_px, side_px, 3).
    """
    return warped(rgb, similarity(points, template(side_px, margin)), side_px)


def warped(rgb: PixelArray, matrix: NDArray[np.float64], side_px: int) -> PixelArray:
    """A turned square out of a picture; a larger one is averaged over areas first, so that nothing flickers.

    Args:
        rgb: (height, width, 3).
        matrix: (2, 3) similarity from its pixels to those of the square.
        side_px: of the square.
    Returns: (side_px, side_px, 3), black where the picture has ended.
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
    # From pixels of the shrunk part back to those of the picture; a pixel's middle is at a half.
    kx, ky = (x2 - x1) / wanted_wh[0], (y2 - y1) / wanted_wh[1]
    back = np.array(((kx, 0, x1 + kx / 2 - 0.5), (0, ky, y1 + ky / 2 - 0.5), (0, 0, 1)))
    whole = np.vstack((matrix, (0, 0, 1))) @ back
    square = cv2.warpAffine(shrunk, whole[:2], (side_px, side_px), flags=cv2.INTER_LINEAR)
    return np.asarray(square, dtype=np.uint8)


def template_in(size_wh: tuple[int, int], margin: float, fit: Fit) -> PointArray:
    """Where the points are in an aligned picture that was brought to another size.

    Args:
        size_wh: its width and height now.
        margin: see `template`.
        fit: how the shape was matched.
    """
    width, height = size_wh
    if fit is Fit.STRETCH:
        return template(1.0, margin) * (width, height)
    side = max(size_wh) if fit is Fit.CROP else min(size_wh)
    corner: PointArray = np.array(((width - side) / 2, (height - side) / 2))
    return np.asarray(template(side, margin) + corner)
