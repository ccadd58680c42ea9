"""BMP files whose pixels have their colours in other bits than usual, which Pillow refuses.

OpenCV reads them without looking at the masks, so that red and blue change places, or all colours are wrong.

Source: Microsoft, BITMAPINFOHEADER and BITMAPV4HEADER (BI_BITFIELDS).
"""

from __future__ import annotations

import math
import struct
from typing import NamedTuple

import numpy as np

from pipeline.frame import RgbArray

_BITFIELDS = (3, 6)
"""Values of biCompression: three masks, and Windows CE's with a fourth one."""
_MOST_BITS = 16
"""Of one colour."""
_ROWS = 64
"""Rows decoded at once."""


class BmpFields(NamedTuple):
    """The layout of such a file.

    Args:
        size_wh: width and height, pixels.
        is_upward: the first row in the file is the lowest one.
        bits: of a pixel, 16 or 32.
        masks: of red, green and blue.
        offset: of the pixels, bytes from the beginning.
    """

    size_wh: tuple[int, int]
    is_upward: bool
    bits: int
    masks: tuple[int, int, int]
    offset: int


def read_fields(content: bytes) -> BmpFields | None:
    """Return the layout of a BMP file with masks; None if it has none, or absurd ones, or lacks pixels."""
    try:
        offset, header_size, width, height, _, bits, compression = struct.unpack_from("<IIiiHHI", content, 10)
        masks = struct.unpack_from("<III", content, 54)
    except struct.error:
        return None
    if not content.startswith(b"BM") or header_size < 40 or compression not in _BITFIELDS:
        return None
    found = BmpFields((width, abs(height)), height > 0, bits, masks, offset)
    if bits not in (16, 32) or width <= 0 or not height or not all(_is_field(mask, bits) for mask in masks):
        return None
    return found if offset + _stride(found) * abs(height) <= len(content) else None


def decode_fields(content: bytes, fields: BmpFields) -> RgbArray:
    """Decode such a file's pixels; (height, width, 3) uint8."""
    width, height = fields.size_wh
    rgb = np.empty((height, width, 3), np.uint8)
    stride, kind = _stride(fields), "<u2" if fields.bits == 16 else "<u4"
    for first in range(0, height, _ROWS):
        count = min(_ROWS, height - first)
        rows = np.frombuffer(content, np.uint8, count * stride, fields.offset + first * stride)
        pixels = rows.reshape(count, stride).view(kind)[:, :width].astype(np.uint32)
        for channel, mask in enumerate(fields.masks):
            shift, greatest = _shift(mask), mask >> _shift(mask)
            values = (pixels >> shift) & greatest
            rgb[first : first + count, :, channel] = (values * 255 + greatest // 2) // greatest
    return rgb[::-1] if fields.is_upward else rgb


def _stride(fields: BmpFields) -> int:
    """Bytes of a row, which ends at a multiple of four."""
    return math.ceil(fields.size_wh[0] * fields.bits / 32) * 4


def _shift(mask: int) -> int:
    """The number of zeros below a mask's bits."""
    return (mask & -mask).bit_length() - 1


def _is_field(mask: int, bits: int) -> bool:
    """Whether a mask is one run of at most 16 ones within a pixel."""
    if not 0 < mask < 1 << bits:
        return False
    run = mask >> _shift(mask)
    return run & (run + 1) == 0 and run.bit_length() <= _MOST_BITS
