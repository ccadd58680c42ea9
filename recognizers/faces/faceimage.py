"""Preprocessing of face pictures, the same for training and for mining: size, shape, histogram."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.detections import Box
from pipeline.frame import GrayArray
from recognizers.faces.fit import Fit

PixelArray = NDArray[np.uint8]
"""(height, width) or (height, width, 3) uint8."""


def model_face(gray: GrayArray, size_wh: tuple[int, int], *, equalize: bool, fit: Fit) -> GrayArray:
    """Bring a face to the form in which a model compares it.

    Args:
        gray: (height, width) uint8, at least one pixel.
        size_wh: the model's width and height.
        equalize: whether the histogram is equalized before scaling, as the 2017 program did.
        fit: how the shape is matched.
    Returns: (size_wh[1], size_wh[0]) uint8.
    """
    return fitted(cv2.equalizeHist(gray) if equalize else gray, size_wh, fit)


def looks_equalized(brightness: NDArray[np.float64]) -> bool:
    """Return whether faces were probably equalized, judged by their mean pixels.

    Equalizing brings each mean close to the middle of the scale (measured on 400 faces: mean 128.4, standard
    deviation 0.2 after equalizing; 112.7 and 13.8 before).

    Args:
        brightness: (N,) mean pixel of each face, 0 to 255.
    """
    return bool(np.mean((brightness > 124.0) & (brightness < 134.0)) > 0.9)


def with_margin(box: Box, margin: float) -> Box:
    """Return a box enlarged on each side by a share of its width and height; it may exceed the frame."""
    dx, dy = round(box.width * margin), round(box.height * margin)
    return Box(box.x1 - dx, box.y1 - dy, box.x2 + dx, box.y2 + dy)


def fitted(pixels: PixelArray, size_wh: tuple[int, int], fit: Fit) -> PixelArray:
    """Bring a gray or RGB picture to `size_wh` (width, height), matching its shape as `fit` says."""
    if fit is Fit.CROP:
        return scaled(_cropped_to_shape(pixels, size_wh), size_wh)
    if fit is Fit.PAD:
        return _padded(pixels, size_wh)
    return scaled(pixels, size_wh)


def scaled(pixels: PixelArray, size_wh: tuple[int, int]) -> PixelArray:
    """Scale a picture to `size_wh`: by area averaging along an axis that shrinks, else bicubic."""
    height, width = pixels.shape[:2]
    smaller_wh = (min(width, size_wh[0]), min(height, size_wh[1]))
    shrunk: Any = pixels
    if smaller_wh != (width, height):
        shrunk = cv2.resize(pixels, smaller_wh, interpolation=cv2.INTER_AREA)
    if smaller_wh != size_wh:
        shrunk = cv2.resize(shrunk, size_wh, interpolation=cv2.INTER_CUBIC)
    return np.asarray(shrunk, dtype=np.uint8)


def _cropped_to_shape(pixels: PixelArray, size_wh: tuple[int, int]) -> PixelArray:
    height, width = pixels.shape[:2]
    kept_width = min(width, max(1, round(height * size_wh[0] / size_wh[1])))
    kept_height = min(height, max(1, round(width * size_wh[1] / size_wh[0])))
    x, y = (width - kept_width) // 2, (height - kept_height) // 2
    return pixels[y : y + kept_height, x : x + kept_width]


def _padded(pixels: PixelArray, size_wh: tuple[int, int]) -> PixelArray:
    height, width = pixels.shape[:2]
    scale = min(size_wh[0] / width, size_wh[1] / height)
    inner_wh = (
        min(size_wh[0], max(1, round(width * scale))),
        min(size_wh[1], max(1, round(height * scale))),
    )
    left, top = (size_wh[0] - inner_wh[0]) // 2, (size_wh[1] - inner_wh[1]) // 2
    canvas = np.zeros((size_wh[1], size_wh[0], *pixels.shape[2:]), dtype=np.uint8)
    canvas[top : top + inner_wh[1], left : left + inner_wh[0]] = scaled(pixels, inner_wh)
    return canvas
