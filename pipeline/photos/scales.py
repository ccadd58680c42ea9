"""The scales at which a photo is decoded: 1/1, 1/2, 1/4 and 1/8, and the one of its working picture.

A detector of objects looks at 416x416 pixels, a detector of faces at 1280x960. Reading the compressed data
takes most of the time of a decode at any scale, so a large photo is decoded at one scale for both. Which one
depends on the photo alone, because what a detector finds must not depend on the other detectors.
"""

from __future__ import annotations

import cv2
import numpy as np

from pipeline.frame import RgbArray

_DENOMINATORS = (8, 4, 2)
_WORKING_SIDE = 1280
"""The longer side of a working picture, pixels, at least; up to this, a detector needs no second decode. It
is the size at which faces are looked for."""


def denominator_for(size_wh: tuple[int, int], at_least_wh: tuple[int, int]) -> int:
    """The denominator of the smallest scale at which a photo has this width and height: 8, 4, 2 or 1."""
    for denominator in _DENOMINATORS:
        if size_wh[0] >= at_least_wh[0] * denominator and size_wh[1] >= at_least_wh[1] * denominator:
            return denominator
    return 1


def working_denominator(size_wh: tuple[int, int]) -> int | None:
    """The denominator of the scale of a photo's working picture, from which smaller ones are made.

    Returns: None if the photo is too small to have one: its longer side has less than 2560 pixels.
    """
    return next((one for one in _DENOMINATORS if max(size_wh) >= _WORKING_SIDE * one), None)


def reduced(rgb: RgbArray, factor: int) -> RgbArray:
    """Halve a picture as often as it takes; each new pixel is the mean of four.

    The result differs from a decode at that scale by 0.4 levels in the mean, and by 2 at most.

    Args:
        rgb: (height, width, 3) uint8.
        factor: a power of 2; both sides are divided by it and rounded up.
    """
    while factor > 1:
        height, width = rgb.shape[:2]
        # Linear sampling is the mean if the sides are even, and takes a tenth of INTER_AREA's time if not.
        halves_wh = ((width + 1) // 2, (height + 1) // 2)
        rgb = np.asarray(cv2.resize(rgb, halves_wh, interpolation=cv2.INTER_LINEAR), np.uint8)
        factor //= 2
    return rgb
