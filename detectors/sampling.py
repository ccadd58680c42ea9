"""Turn a picture into a network's input: letterboxed, stretched, or resized as Darknet does."""

from __future__ import annotations

from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from detectors.boxes import Placement, letterbox, without_empty_cells
from pipeline.detections import Box
from pipeline.frame import Frame, RgbArray

FloatArray = NDArray[np.float32]
Resize = Literal["letterbox", "stretch", "darknet"]

_PADDING_GRAY = 0.5


def sample(
    frame: Frame, region: Box, input_wh: tuple[int, int], resize: Resize, stride: int | None = None
) -> tuple[FloatArray, Placement]:
    """Turn a region of a frame into a network's input.

    Args:
        frame: decoded no larger than the input needs if the region is the whole frame.
        region: not empty, inside the frame.
        input_wh: the network's input, pixels.
        resize: `letterbox` keeps the aspect and pads with gray; `stretch` does not; `darknet` letterboxes
            the full-size pixels with Darknet's own sampling.
        stride: if the network accepts inputs whose sides are any multiple of it, the cells of a letterbox
            that hold only padding are cut off; None: the input has the size `input_wh`.
    Returns: (1, height, width, 3) float32 RGB in [0, 1], and where the region lies on it.
    """
    size_wh = (region.width, region.height)
    place = Placement(*input_wh, 0, 0) if resize == "stretch" else letterbox(size_wh, input_wh)
    fitted_wh = (place.width, place.height)
    if resize == "letterbox" and stride is not None:
        place, input_wh = without_empty_cells(place, input_wh, stride)
    canvas, inside = _padded(input_wh, place)
    if resize == "darknet":
        inside[:] = _darknet_resized(frame.rgb(region), fitted_wh)
        # Darknet pastes on whole pixels but converts boxes by the exact middle.
        place = place._replace(left=(input_wh[0] - place.width) / 2, top=(input_wh[1] - place.height) / 2)
    else:
        np.multiply(pixels_at(frame, region, fitted_wh), np.float32(1 / 255), out=inside, dtype=np.float32)
    return canvas, place


def _padded(input_wh: tuple[int, int], place: Placement) -> tuple[FloatArray, FloatArray]:
    """Make a network's input with gray padding; returns it and a view of the picture's place, to be filled.

    Writing each pixel only once saves 1 ms at 416x416; most of the cost is page faults of fresh memory.
    """
    canvas = np.empty((1, input_wh[1], input_wh[0], 3), dtype=np.float32)
    left, top = int(place.left), int(place.top)
    right, bottom = left + place.width, top + place.height
    canvas[0, :top] = canvas[0, bottom:] = _PADDING_GRAY
    canvas[0, top:bottom, :left] = canvas[0, top:bottom, right:] = _PADDING_GRAY
    return canvas, canvas[0, top:bottom, left:right]


def pixels_at(frame: Frame, region: Box, size_wh: tuple[int, int]) -> RgbArray:
    """Resize a region's pixels, (height, width, 3); averages them if they shrink to less than half."""
    rgb = frame.rgb_covering(size_wh) if region == frame.whole else frame.rgb(region)
    height, width = rgb.shape[:2]
    if (width, height) == size_wh:
        return rgb
    shrinks = width > 2 * size_wh[0] or height > 2 * size_wh[1]
    resized = cv2.resize(rgb, size_wh, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
    return np.asarray(resized, dtype=np.uint8)


def _darknet_resized(rgb: RgbArray, size_wh: tuple[int, int]) -> FloatArray:
    """Resize with bilinear sampling, corners on the picture's corner pixels, no averaging.

    Source: Darknet, src/image.c, resize_image.
    """
    rows, row_weights = _corner_aligned(rgb.shape[0], size_wh[1])
    columns, column_weights = _corner_aligned(rgb.shape[1], size_wh[0])
    upper, lower = rgb[rows].astype(np.float32), rgb[np.minimum(rows + 1, rgb.shape[0] - 1)]
    tall = upper + (lower - upper) * row_weights[:, None, None]
    left, right = tall[:, columns], tall[:, np.minimum(columns + 1, rgb.shape[1] - 1)]
    return np.asarray((left + (right - left) * column_weights[None, :, None]) / 255, dtype=np.float32)


def _corner_aligned(length: int, resized: int) -> tuple[NDArray[np.int64], FloatArray]:
    """For each new sample: the index of the old one at or before it, and the fraction towards the next."""
    scale = np.float32(length - 1) / np.float32(max(resized - 1, 1))
    position = np.arange(resized, dtype=np.float32) * scale
    position[-1] = length - 1  # also if there is only one sample
    before = np.minimum(position.astype(np.int64), length - 1)
    return before, (position - before).astype(np.float32)
