"""The chunks of an AVI file.

Source: Microsoft, AVI RIFF File Reference.
"""

from __future__ import annotations

import struct
from collections.abc import Collection, Iterator
from typing import BinaryIO, NamedTuple

_MAX_CHUNKS = 256
"""Most AVIs have a dozen before and behind their pictures."""


class Chunk(NamedTuple):
    """Where the data of a chunk begins in the file, and how many bytes it claims to have."""

    kind: bytes
    start: int
    size: int


def iter_chunks(stream: BinaryIO, lists: Collection[bytes]) -> Iterator[Chunk]:
    """Yield the chunks of a file, 256 at most.

    Args:
        stream: the file, seekable.
        lists: kinds of lists whose chunks are yielded too; other lists, such as that of the pictures, are
            skipped.
    Raises: OSError: it cannot be read.
    """
    at = 12  # behind `RIFF`, its size and `AVI `
    for _ in range(_MAX_CHUNKS):
        stream.seek(at)
        head = stream.read(12)
        if len(head) < 8:
            return
        kind, size = struct.unpack("<4sI", head[:8])
        if kind == b"RIFF" or (kind == b"LIST" and head[8:] in lists):
            at += 12
            continue
        if kind != b"LIST":
            yield Chunk(kind, at + 8, size)
        at += 8 + size + size % 2


def read_chunk(stream: BinaryIO, chunk: Chunk, most: int) -> bytes:
    """Read a chunk's data, up to a number of bytes.

    Raises: OSError: it cannot be read.
    """
    stream.seek(chunk.start)
    return stream.read(min(chunk.size, most))
