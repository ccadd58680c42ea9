"""What a JPEG file consists of, without decoding it.

Source: ITU-T T.81, annex B (markers, segments, scans).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

START, END = b"\xff\xd8", b"\xff\xd9"
START_OF_SCAN, END_OF_IMAGE = 0xDA, 0xD9

_MARKER = re.compile(rb"\xff+([\x01-\xfe])", re.DOTALL)
_AFTER_SCAN = re.compile(rb"\xff+[^\x00\xd0-\xd7\xff]", re.DOTALL)
"""The first marker behind a scan's data: in these 0xff is followed by 0, or by a restart marker."""


class Part(NamedTuple):
    """A segment: its marker's second byte, and where in the file it lies, a scan with its data."""

    kind: int
    content: slice


def jpeg_parts(content: bytes) -> Iterator[Part]:
    """A file's whole segments in order, to the end of the image; of its last scan what there is.

    Bytes between them that belong to none are passed over, as libjpeg does.
    """
    at = len(START)
    while segment := _MARKER.search(content, at):
        kind = segment[1][0]
        if kind == END_OF_IMAGE:
            yield Part(kind, slice(segment.start(), segment.end()))
            return
        at = segment.end() + int.from_bytes(content[segment.end() : segment.end() + 2], "big")
        if at < segment.end() + 2 or at > len(content):
            return
        if kind == START_OF_SCAN:
            behind = _AFTER_SCAN.search(content, at)
            at = behind.start() if behind else len(content)
        yield Part(kind, slice(segment.start(), at))
