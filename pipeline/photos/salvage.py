"""What there is of a photo that ends too early or is damaged: Pillow's lenient decoding, and how far it came.

Formats whose decoder gives nothing before it has everything (WebP, HEIF, AVIF) cannot be salvaged, and of
interlaced PNG and GIF the missing rows lie between the others.
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
    """A JPEG that ends properly: up to its last segment that is whole, or into its last scan.

    libjpeg fills what is missing of a scan up with gray, and gives nothing at all of a file that ends inside
    a segment, as progressive ones often do when cut. One that has its end is left as it is.
    """
    end = len(START)
    for kind, place in jpeg_parts(content):
        if kind == END_OF_IMAGE:
            return content
        end = place.stop
    return content[:end] + END


def decode_partly(image: Image.Image) -> tuple[RgbArray, RgbArray]:
    """As much of an opened photo as its decoder gives, and what it leaves where it gave nothing.

    Returns: pixels as they lie in the file, (height, width, 3), and one pixel, (3,).
    Raises: ValueError: what is missing would lie between what is there; and whatever the decoder raises.
    """
    if _is_interlaced(image):
        raise ValueError("it is interlaced, so that the rows that are there do not lie together")
    with _leniently():
        image.load()
    rgb = to_rgb(image)
    if image.format in ("JPEG", "MPO"):  # what comes last is missing, if anything is
        return rgb, rgb[-1, -1]
    blank = image.crop((0, 0, 1, 1))
    blank.paste(0, (0, 0, 1, 1))
    return rgb, to_rgb(blank, white_is_zero=is_white_zero(image))[0, 0]


def seen_box(rgb: RgbArray, blank: NDArray[np.uint8]) -> Box:
    """The least box that holds every pixel that is not blank; empty where there is none."""
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
    """Whether later rows of the file lie between earlier ones of the picture, as in some PNG and GIF."""
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
