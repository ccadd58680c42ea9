"""The boxes of an MP4 or QuickTime file.

Source: ISO/IEC 14496-12, 4.2.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

_MAX_BOXES = 10_000


class Box(NamedTuple):
    """Where the content of a box begins and ends in the file."""

    kind: bytes
    start: int
    end: int


class Boxes:
    """Reads boxes of a file, up to a number that bounds the cost of a hostile file.

    Its methods raise ValueError or struct.error if the file is damaged, and OSError if it cannot be read.

    Args:
        stream: the file, seekable.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._left = _MAX_BOXES
        self.whole = Box(b"", 0, os.fstat(stream.fileno()).st_size)

    def find(self, box: Box, *path: bytes) -> Box | None:
        """Return the first box of each kind of a path, from one box to another within it."""
        for kind in path:
            found = next((inner for inner in self.within(box) if inner.kind == kind), None)
            if found is None:
                return None
            box = found
        return box

    def within(self, box: Box) -> Iterator[Box]:
        """Yield the boxes right within another one."""
        at, end = box.start, box.end
        while at + 8 <= end:
            self._left -= 1
            if self._left < 0:
                raise ValueError("too many boxes")
            self._stream.seek(at)
            head = self._stream.read(16)
            size, kind = struct.unpack_from(">I4s", head)
            start = at + 8
            if size == 1:
                (size,) = struct.unpack_from(">Q", head, 8)
                start = at + 16
            beyond = end if size == 0 else at + size
            if beyond < start or beyond > end:
                return
            yield Box(kind, start, beyond)
            at = beyond

    def read(self, box: Box, offset: int, length: int) -> bytes:
        """Read a part of a box's content; less than `length` bytes where the box ends before."""
        self._stream.seek(box.start + offset)
        return self._stream.read(max(0, min(length, box.end - box.start - offset)))
