"""When an AVI was recorded: Microsoft's date chunk, in the forms that cameras write, and makers' own places.

ffmpeg drops most of these forms, and calls the others UTC, which they are not.

Source: AVI RIFF File Reference (IDIT); ExifTool's RIFF.pm and Pentax.pm for the makers.
"""

from __future__ import annotations

import struct
from typing import BinaryIO

from pipeline.dates import parse_date
from pipeline.videos.riff import iter_chunks, read_chunk

_MAX_CHUNK_BYTES = 1 << 16
_LISTS = (b"hdrl", b"INFO", b"exif", b"hydt", b"pntx")
_PENTAX_NOTES = (b"hymn", b"mknt")
_PENTAX_MARK = b"PENTAX \0"
_PENTAX_DATE, _PENTAX_TIME = 6, 7
_OLYMPUS_MARKS = (b"PENTDigital Camera", b"OLYMDigital Camera")
"""Pentax' Optio RZ18 and Olympus' cameras share a layout."""
_OLYMPUS_DATE = slice(0x83, 0x83 + 24)


def read_avi_date(stream: BinaryIO) -> str | None:
    """Find the date of an AVI, in the form of `pipeline.capture.Capture.taken`; local, of no known zone.

    Args:
        stream: the file, seekable; not more than 256 chunks of it are read, and of each at most 64 KiB.

    Raises: OSError: it cannot be read.
    """
    of_makers: list[str | None] = []
    for chunk in iter_chunks(stream, _LISTS):
        kind, data = chunk.kind, read_chunk(stream, chunk, _MAX_CHUNK_BYTES)
        if kind == b"IDIT":
            if date := parse_date(_text(data)):
                return date
        elif kind in _PENTAX_NOTES and data.startswith(_PENTAX_MARK):
            of_makers.append(_pentax_date(data))
        elif kind == b"JUNK" and data.startswith(_OLYMPUS_MARKS):
            of_makers.append(parse_date(_text(data[_OLYMPUS_DATE])))
    return next(filter(None, of_makers), None)


def _text(data: bytes) -> str:
    return data.partition(b"\0")[0].decode("latin-1")


def _pentax_date(note: bytes) -> str | None:
    """The date in a maker note of Pentax: a table of tags, with its byte order behind the mark."""
    order = {b"II": "<", b"MM": ">"}.get(note[8:10])
    if order is None or len(note) < 12:
        return None
    (count,) = struct.unpack_from(f"{order}H", note, 10)
    values: dict[int, bytes] = {}
    for at in range(12, min(12 + 12 * count, len(note) - 11), 12):
        (tag,) = struct.unpack_from(f"{order}H", note, at)
        values.setdefault(tag, note[at + 8 : at + 12])
    if _PENTAX_DATE not in values or _PENTAX_TIME not in values:
        return None
    year, month, day = struct.unpack(">HBB", values[_PENTAX_DATE])  # in this order whatever the table's is
    hour, minute, second = values[_PENTAX_TIME][:3]
    return parse_date(f"{year:04}:{month}:{day} {hour}:{minute}:{second}")
