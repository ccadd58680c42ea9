"""A note of this program inside a PNG file: a text chunk that moves, copies and renames do not lose.

Source: PNG specification, third edition, 5.3 (chunk layout) and 11.3.3.2 (tEXt).
"""

from __future__ import annotations

import zlib

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_HEADER_END = len(_SIGNATURE) + 25
"""The first chunk, IHDR, has 13 bytes of data, and 12 of length, type and CRC."""
_PREFIX = b"tEXtDeepVisualMiner face\0"
MAX_NOTE_BYTES = 1 << 16


def with_note(png: bytes, note: bytes) -> bytes:
    """Return a PNG file with this note, in place of the one that it may have.

    Args:
        png: the file.
        note: ASCII text, at most `MAX_NOTE_BYTES`.
    """
    old = read_note(png)
    end = _HEADER_END if old is None else _HEADER_END + len(_chunk(old))
    return png[:_HEADER_END] + _chunk(note) + png[end:]


def read_note(png: bytes) -> bytes | None:
    """Return the note of a PNG file; None if it has none.

    Args:
        png: the file, or its beginning, which must hold `MAX_NOTE_BYTES` and 100 bytes more if the file does.
    """
    if not png.startswith(_SIGNATURE) or png[_HEADER_END + 4 :][: len(_PREFIX)] != _PREFIX:
        return None
    length = int.from_bytes(png[_HEADER_END : _HEADER_END + 4], "big") - len(_PREFIX) + 4
    note = png[_HEADER_END + 4 + len(_PREFIX) :][: max(length, 0)]
    return note if len(note) == length <= MAX_NOTE_BYTES else None


def _chunk(note: bytes) -> bytes:
    content = _PREFIX + note
    return (len(content) - 4).to_bytes(4, "big") + content + zlib.crc32(content).to_bytes(4, "big")
