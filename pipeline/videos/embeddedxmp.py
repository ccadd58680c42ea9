"""The XMP packet that a video file holds.

Source: Adobe, XMP Specification Part 3 (MPEG-4, QuickTime, AVI).
"""

from __future__ import annotations

import struct
from typing import BinaryIO

from pipeline.videos.boxes import Boxes
from pipeline.videos.riff import iter_chunks, read_chunk

_UUID = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")
_UUID_BYTES = 16
_AVI_CHUNK = b"_PMX"


def read_xmp_packet(path: str, format_: str, max_bytes: int) -> bytes | None:
    """Return a video's XMP packet; None if it has none, or its format has no place for one.

    Args:
        path: of the video, as `os.fsdecode` gives it.
        format_: a word of `pipeline.formats.FORMATS`.
        max_bytes: a larger packet is cut.
    """
    find = {"mp4": _in_boxes, "avi": _in_chunks}.get(format_)
    if find is None:
        return None
    try:
        with open(path, "rb") as stream:
            return find(stream, max_bytes) or None
    except (OSError, ValueError, struct.error):  # what is wrong with the video shows where it is decoded
        return None


def _in_boxes(stream: BinaryIO, max_bytes: int) -> bytes | None:
    """Find the packet in MP4's box at the end or the beginning of the file, or in QuickTime's user data."""
    boxes = Boxes(stream)
    for box in boxes.within(boxes.whole):
        if box.kind == b"uuid" and boxes.read(box, 0, _UUID_BYTES) == _UUID:
            return boxes.read(box, _UUID_BYTES, max_bytes)
        if box.kind == b"moov":
            lists = (boxes.find(inner, b"XMP_") for inner in boxes.within(box) if inner.kind == b"udta")
            if (found := next(filter(None, lists), None)) is not None:
                return boxes.read(found, 0, max_bytes)
    return None


def _in_chunks(stream: BinaryIO, max_bytes: int) -> bytes | None:
    for chunk in iter_chunks(stream, ()):
        if chunk.kind == _AVI_CHUNK:
            return read_chunk(stream, chunk, max_bytes)
    return None
