"""From a picture to a network's input: letterboxed, stretched, or sampled as Darknet samples."""

from __future__ import annotations

from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from detectors.boxes import Placement, letterbox
from pipeline.detections import Box
from pipeline.frame import Frame, RgbArray

FloatArray = NDArray[np.float32]
Resize = Literal["letterbox", "stretch", "darknet"]

_PADDING_GRAY = 0.5


def sample(
    frame: Frame, region: Box, input_wh: tuple[int, int], resize: Resize
) -> tuple[FloatArray, Placement]:
    """A region of a frame as a network's input.

    Args:
        frame: asked for no more pixels than the input needs, where the whole frame is the region.
        region: not empty, inside the frame.
        input_wh: the network's input, pixels.
        resize: `letterbox` keeps the aspect and pads with gray; `stretch` does not; `darknet` letterboxes
            the full-size pixels with Darknet's own sampling.
    Returns: (1, height, width, 3) float32 RGB in [0, 1], and where the region lies on it.
    """
    size_wh = (region.width, region.height)
    place = Placement(*input_wh, 0, 0) if resize == "stretch" else letterbox(size_wh, input_wh)
    fitted_wh = (place.width, place.height)
    if resize == "darknet":
        fitted = _darknet_resized(frame.rgb(region), fitted_wh)
    else:
        rgb = frame.rgb_covering(fitted_wh) if frame.is_whole(region) else frame.rgb(region)
        fitted = _resized(rgb, fitted_wh)
    canvas = np.full((1, input_wh[1], input_wh[0], 3), _PADDING_GRAY, dtype=np.float32)
    left, top = int(place.left), int(place.top)
    canvas[0, top : top + place.height, left : left + place.width] = fitted
    if resize == "darknet":  # it takes boxes back by the exact middle, though it pastes on whole pixels
        place = place._replace(left=(input_wh[0] - place.width) / 2, top=(input_wh[1] - place.height) / 2)
    return canvas, place


def _resized(rgb: RgbArray, size_wh: tuple[int, int]) -> FloatArray:
    """Pixels at another size, float32 in [0, 1]; averaged where they shrink to less than half."""
    height, width = rgb.shape[:2]
    if (width, height) != size_wh:
        shrinks = width > 2 * size_wh[0] or height > 2 * size_wh[1]
        resized = cv2.resize(rgb, size_wh, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
        rgb = np.asarray(resized, dtype=np.uint8)
    return np.multiply(rgb, np.float32(1 / 255), dtype=np.float32)


def _darknet_resized(rgb: RgbArray, size_wh: tuple[int, int]) -> FloatArray:
    """Bilinear sampling whose corners lie on the picture's corner pixels; no averaging.

    Source: Darknet, src/image.c, resize_image.
    """
    rows, row_weights = _corner_aligned(rgb.shape[0], size_wh[1])
    columns, column_weights = _corner_aligned(rgb.shape[1], size_wh[0])
    upper, lower = rgb[rows].astype(np.float32), rgb[np.minimum(rows + 1, rgb.shape[0] - 1)]
    tall = upper + (lower - upper) * row_weights[:, None, None]
    left, right = tall[:, columns], tall[:, np.minimum(columns + 1, rgb.shape[1] - 1)]
    return np.asarray((left + (right - left) * column_weights[None, :, None]) / 255, dtype=np.float32)


def _corner_aligned(length: int, resized: int) -> tuple[NDArray[np.int64], FloatArray]:
    """For each new sample the old one at or before it, and how far it lies towards the next."""
    scale = np.float32(length - 1) / np.float32(max(resized - 1, 1))
    position = np.arange(resized, dtype=np.float32) * scale
    position[-1] = length - 1  # also where there is one sample alone
    before = np.minimum(position.astype(np.int64), length - 1)
    return before, (position - before).astype(np.float32)
