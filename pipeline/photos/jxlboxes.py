"""Metadata in the container of a JPEG XL file.

Source: ISO/IEC 18181-2, 9 (boxes). Boxes packed with Brotli (`brob`) are not read.
"""

from __future__ import annotations

import struct

JXL_CONTAINER = b"\0\0\0\x0cJXL \r\n\x87\n"
_MOST_BOXES = 1_000


def xml_box(content: bytes) -> bytes | None:
    """Return the XMP packet of a JPEG XL container, or None if it has none."""
    at = 0
    for _ in range(_MOST_BOXES):
        head = content[at : at + 16]
        if len(head) < 8:
            return None
        length, kind = struct.unpack_from(">I4s", head)
        start = at + 8
        if length == 1 and len(head) == 16:
            (length,) = struct.unpack_from(">Q", head, 8)
            start = at + 16
        end = at + length if length else len(content)
        if end < start or end > len(content):
            return None
        if kind == b"xml ":
            return content[start:end]
        at = end
    return None
