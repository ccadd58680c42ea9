"""The size and orientation in a TIFF's header, of either byte order and offset size.

Pillow takes a big-endian BigTIFF for a classic TIFF, and OpenCV gives no size before it decodes.

Source: TIFF 6.0, section 2; the BigTIFF specification (https://www.awaresystems.be/imaging/tiff/bigtiff.html).
"""

from __future__ import annotations

import struct
from typing import NamedTuple

_WIDTH, _HEIGHT, _ORIENTATION = 256, 257, 274
_TYPES = {3: "H", 4: "I", 16: "Q"}
"""struct's letters for the types of whole numbers."""
_MOST_TAGS = 4096


class TiffHeader(NamedTuple):
    """Width and height in pixels as they lie in the file, and the orientation, 1 to 8."""

    size_wh: tuple[int, int]
    orientation: int


def read_tiff_header(content: bytes) -> TiffHeader | None:
    """The header of a TIFF's first page; None where it is broken."""
    order = {b"II": "<", b"MM": ">"}.get(content[:2])
    if order is None:
        return None
    try:
        values = _whole_numbers(content, order)
    except struct.error:
        return None
    width, height = values.get(_WIDTH, 0), values.get(_HEIGHT, 0)
    if width < 1 or height < 1:
        return None
    orientation = values.get(_ORIENTATION, 1)
    return TiffHeader((width, height), orientation if orientation in range(1, 9) else 1)


def _whole_numbers(content: bytes, order: str) -> dict[int, int]:
    """The tags of the first page that hold one whole number.

    Raises: struct.error: the file ends before them.
    """
    (magic,) = struct.unpack_from(order + "H", content, 2)
    if magic == 43:
        (at,) = struct.unpack_from(order + "Q", content, 8)
        (count,) = struct.unpack_from(order + "Q", content, at)
        at, length, inline = at + 8, 20, 12
    else:
        (at,) = struct.unpack_from(order + "I", content, 4)
        (count,) = struct.unpack_from(order + "H", content, at)
        at, length, inline = at + 2, 12, 8
    values = {}
    for entry in range(at, at + min(count, _MOST_TAGS) * length, length):
        tag, type_ = struct.unpack_from(order + "HH", content, entry)
        if type_ in _TYPES:
            (values[tag],) = struct.unpack_from(order + _TYPES[type_], content, entry + inline)
    return values
