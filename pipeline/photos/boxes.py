"""The boxes that HEIF, AVIF, JPEG XL and JPEG 2000 files consist of.

Sources: ISO/IEC 14496-12, 4.2; ISO/IEC 18181-2, 9 (JPEG XL); ISO/IEC 15444-1, I.4 (JPEG 2000).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

MOST_BOXES = 10_000
"""In one list. A panorama has a thousand tiles, which are items too."""


def iter_boxes(view: memoryview) -> Iterator[tuple[bytes, memoryview]]:
    """Yield the types and bodies of the boxes that a file or a box consists of, up to any damage."""
    at = 0
    for _ in range(MOST_BOXES):
        if at + 8 > len(view):
            return
        length, kind = struct.unpack_from(">I4s", view, at)
        header = 8
        if length == 1:
            if at + 16 > len(view):
                return
            (length,) = struct.unpack_from(">Q", view, at + 8)
            header = 16
        end = at + length if length else len(view)
        if end < at + header or end > len(view):
            return
        yield kind, view[at + header : end]
        at = end


def first_box(view: memoryview, kind: bytes) -> memoryview | None:
    """Return the body of the first box of a type, or None if there is none."""
    return next((body for found, body in iter_boxes(view) if found == kind), None)
