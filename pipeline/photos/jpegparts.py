"""Splits a JPEG file into its segments, without decoding it.

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
"""The first marker after a scan's data, in which 0xff is followed only by 0 or by a restart marker."""


class Part(NamedTuple):
    """A segment: the second byte of its marker, and its place in the file; a scan includes its data."""

    kind: int
    content: slice


def jpeg_parts(content: bytes) -> Iterator[Part]:
    """The complete segments of a file in order, up to the end of the image; the last scan may be incomplete.

    Bytes between segments are skipped, as libjpeg does.
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
