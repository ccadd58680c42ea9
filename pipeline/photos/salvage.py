"""Salvages a truncated or damaged photo: Pillow's lenient decoding, and which part of the picture it gave.

Formats whose decoder gives nothing before it has all data (WebP, HEIF, AVIF) cannot be salvaged. Nor can
interlaced PNG and GIF, whose missing rows lie between the others.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFile
from PIL.GifImagePlugin import GifImageFile

from pipeline.detections import Box
from pipeline.frame import RgbArray
from pipeline.photos.jpegparts import END, END_OF_IMAGE, START, jpeg_parts
from pipeline.photos.rgb import is_white_zero, to_rgb


def end_jpeg(content: bytes) -> bytes:
    """End a truncated JPEG properly, after its last complete segment or inside its last scan.

    libjpeg fills the missing part of a scan with gray, but decodes nothing of a file that ends inside a
    segment, as truncated progressive files often do. A file that has its end is returned as it is.
    """
    end = len(START)
    for kind, place in jpeg_parts(content):
        if kind == END_OF_IMAGE:
            return content
        end = place.stop
    return content[:end] + END


def decode_partly(image: Image.Image) -> tuple[RgbArray, RgbArray]:
    """Decode as much of an opened photo as possible.

    Returns: the pixels, not turned, (height, width, 3), and the colour of pixels that were not decoded, (3,).
    Raises: ValueError: the photo is interlaced; and whatever the decoder raises.
    """
    if _is_interlaced(image):
        raise ValueError("it is interlaced, so that its decoded rows do not lie together")
    with _leniently():
        image.load()
    rgb = to_rgb(image)
    if image.format in ("JPEG", "MPO"):  # the end is missing, if anything is
        return rgb, rgb[-1, -1]
    blank = image.crop((0, 0, 1, 1))
    blank.paste(0, (0, 0, 1, 1))
    return rgb, to_rgb(blank, white_is_zero=is_white_zero(image))[0, 0]


def seen_box(rgb: RgbArray, blank: NDArray[np.uint8]) -> Box:
    """The smallest box that holds every pixel that is not blank; empty if all are blank."""
    height, width = rgb.shape[:2]
    in_rows, in_columns = np.zeros(height, np.bool_), np.zeros(width, np.bool_)
    for y, row in enumerate(rgb):  # row by row: a mask of all of them would be as large as the photo
        seen = (row != blank).any(axis=1)
        in_rows[y] = seen.any()
        in_columns |= seen
    (rows,), (columns,) = in_rows.nonzero(), in_columns.nonzero()
    if not rows.size:
        return Box(0, 0, 0, 0)
    return Box(int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1)


def _is_interlaced(image: Image.Image) -> bool:
    """Whether later rows of the file lie between earlier rows of the picture (some PNG and GIF files)."""
    if isinstance(image, GifImageFile):
        _, interlaced, *_ = cast("tuple[Any, ...]", image.tile[0].args)
        return bool(interlaced)
    return bool(image.info.get("interlace"))


@contextlib.contextmanager
def _leniently() -> Iterator[None]:
    ImageFile.LOAD_TRUNCATED_IMAGES = True
    try:
        yield
    finally:
        ImageFile.LOAD_TRUNCATED_IMAGES = False
