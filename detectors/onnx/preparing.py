"""Turn pixels into a network's input: placed, padded and scaled as its family was trained."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from detectors.boxes import whole_cells
from detectors.onnx.family import FloatArray, Placing, Preparation
from detectors.onnx.modelinfo import Port
from detectors.onnx.shapes import is_channels_last
from detectors.sampling import pixels_at
from pipeline.detections import Box
from pipeline.frame import Frame


class Fitting(NamedTuple):
    """How a picture is fitted into a network's input.

    Args:
        input_wh: width and height of the input, pixels.
        fitted_wh: width and height of the picture on it.
        left, top: its upper left corner there.
        scale_xy: factors from the picture's pixels to the input's, as the family computes them.
    """

    input_wh: tuple[int, int]
    fitted_wh: tuple[int, int]
    left: int
    top: int
    scale_xy: tuple[float, float]

    def to_picture(self, xyxy: FloatArray) -> FloatArray:
        """Convert boxes on the network's input, (N, 4), to boxes in the picture, (N, 4), not clipped."""
        corner = np.array((self.left, self.top) * 2, dtype=np.float32)
        return np.asarray((xyxy - corner) / np.array(self.scale_xy * 2, dtype=np.float32))


def fit(size_wh: tuple[int, int], limit_wh: tuple[int, int], placing: Placing, stride: int = 0) -> Fitting:
    """Place a picture on a network's input.

    Args:
        size_wh: the picture's width and height, at least 1.
        limit_wh: the input's, or the greatest if it may vary.
        placing: see `Placing`.
        stride: if the input may vary, it is cut to the picture's shape and to multiples of this; 0: never.
    Source: `center` rounds as Ultralytics' LetterBox and scale_boxes, `corner` as YOLOX's preproc and demo,
        which convert boxes back by the scale before rounding.
    """
    (width, height), (limit_width, limit_height) = size_wh, limit_wh
    ratio = min(limit_width / width, limit_height / height)
    if placing == "corner":
        fitted = (max(1, int(width * ratio)), max(1, int(height * ratio)))
        return Fitting(_cut(fitted, stride) if stride else limit_wh, fitted, 0, 0, (ratio, ratio))
    fitted = (
        limit_wh if placing == "stretch" else (max(1, round(width * ratio)), max(1, round(height * ratio)))
    )
    if placing in ("stretch", "fit"):
        input_wh = fitted
    elif stride:
        input_wh = _cut(fitted, stride)
    else:
        input_wh = limit_wh
    left, top = (round((outer - inner) / 2 - 0.1) for outer, inner in zip(input_wh, fitted, strict=True))
    return Fitting(input_wh, fitted, left, top, (fitted[0] / width, fitted[1] / height))


def _cut(fitted_wh: tuple[int, int], stride: int) -> tuple[int, int]:
    """The smallest input that holds a picture of this size."""
    return (whole_cells(fitted_wh[0], stride), whole_cells(fitted_wh[1], stride))


def prepare(
    frame: Frame, regions: Sequence[tuple[Box, Fitting]], preparation: Preparation, port: Port, batch: int
) -> NDArray[Any]:
    """Turn regions of a frame into one batch.

    Args:
        frame: decoded no larger than the input needs if the region is the whole frame.
        regions: at most `batch`, all of one input size; the rest of the batch is padding.
        preparation: of the family.
        port: the input.
        batch: how many pictures the input takes.
    Returns: (batch, 3, height, width) or (batch, height, width, 3).
    """
    width, height = regions[0][1].input_wh
    factors = np.float32(preparation.scale) / np.array(preparation.deviation, dtype=np.float32)
    offsets = -np.array(preparation.mean, dtype=np.float32) / np.array(
        preparation.deviation, dtype=np.float32
    )
    canvas = np.empty((batch, 3, height, width), dtype=np.uint8 if port.element == "uint8" else np.float32)
    if canvas.dtype == np.uint8:  # such a network scales pixels itself
        factors, offsets = np.ones(3, dtype=np.float32), np.zeros(3, dtype=np.float32)
    for channel in range(3):
        canvas[:, channel] = preparation.padding * factors[channel] + offsets[channel]
    for picture, (region, fitting) in zip(canvas, regions, strict=False):
        rows = slice(fitting.top, fitting.top + fitting.fitted_wh[1])
        columns = slice(fitting.left, fitting.left + fitting.fitted_wh[0])
        planes = cv2.split(pixels_at(frame, region, fitting.fitted_wh))
        for channel, plane in enumerate(reversed(planes) if preparation.bgr else planes):
            target = picture[channel, rows, columns]
            if canvas.dtype == np.uint8:
                target[...] = plane
            else:
                np.multiply(plane, factors[channel], out=target, dtype=np.float32)
                if offsets[channel]:
                    target += offsets[channel]
    if is_channels_last(port):
        canvas = np.ascontiguousarray(canvas.transpose(0, 2, 3, 1))
    return canvas.astype(port.element, copy=False)
