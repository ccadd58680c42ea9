"""An AVI with DivX's packed bitstream, which ffmpeg reads but does not write."""

from __future__ import annotations

import re
import struct
from pathlib import Path

from tests.videos import RATE, SIZE_WH, make_video

_PICTURE = b"\0\0\1\xb6"
_MARK = b"\0\0\1\xb2DivX503b1393p"
_PLACEHOLDER = b"\x7f"
_SECOND_OF_A_PAIR = 2
"""The coding type of a picture that others do not refer to, in the two bits behind its start code."""


def make_packed(path: Path, frames: int = 120) -> Path:
    """A numbered video whose packets hold two pictures and none in turn; the first packet alone says so."""
    encoding = ("-c:v", "mpeg4", "-g", "20", "-bf", "1", "-sc_threshold", "1000000000", "-q:v", "3")
    stream = make_video(path.with_suffix(".m4v"), *encoding, frames=frames).read_bytes()
    starts = [match.start() for match in re.finditer(rb"\x00\x00\x01[\xb0\xb3\xb6]", stream)]
    pieces = [stream[start:end] for start, end in zip(starts, [*starts[1:], len(stream)], strict=True)]
    pictures: list[bytes] = []
    header = b""
    for piece in pieces:  # a header belongs to the picture behind it
        if piece.startswith(_PICTURE):
            pictures.append(header + piece)
            header = b""
        else:
            header += piece
    packets: list[bytes] = []
    for picture in pictures:
        at = picture.index(_PICTURE)
        if picture[at + 4] >> 6 == _SECOND_OF_A_PAIR:
            packets[-1] += picture
            packets.append(_PLACEHOLDER)
        else:
            packets.append(picture)
    at = packets[0].index(_PICTURE)
    packets[0] = packets[0][:at] + _MARK + packets[0][at:]
    return _write_avi(path, packets)


def _write_avi(path: Path, packets: list[bytes]) -> Path:
    width, height = SIZE_WH
    main = struct.pack("<14I", 1_000_000 // RATE, 0, 0, 0x10, len(packets), 0, 1, 0, width, height, *[0] * 4)
    kind = struct.pack("<4s4s10I4H", b"vids", b"DX50", 0, 0, 0, 1, RATE, 0, len(packets), 0, 0, 0, *[0] * 4)
    picture = struct.pack("<3I2H4s5I", 40, width, height, 1, 24, b"DX50", width * height * 3, *[0] * 4)
    streams = _list(b"strl", _chunk(b"strh", kind) + _chunk(b"strf", picture))
    movie, index = b"", b""
    for packet in packets:
        is_key = not packet.startswith((_PICTURE, _PLACEHOLDER))
        index += struct.pack("<4s3I", b"00dc", 0x10 * is_key, 4 + len(movie), len(packet))
        movie += _chunk(b"00dc", packet)
    body = _list(b"hdrl", _chunk(b"avih", main) + streams) + _list(b"movi", movie) + _chunk(b"idx1", index)
    path.write_bytes(_chunk(b"RIFF", b"AVI " + body))
    return path


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack("<4sI", kind, len(content)) + content + b"\0" * (len(content) % 2)


def _list(kind: bytes, content: bytes) -> bytes:
    return _chunk(b"LIST", kind + content)
