"""MP4 files whose boxes tests replace: ffmpeg writes no mirrors, gaps in edit lists, clean apertures."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from pathlib import Path

_PARENTS = (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"edts")
_MATRIX_AT, _SIZE_AT, _FLAGS_AT = 40, 76, 3  # in a tkhd of version 0


def read_boxes(content: bytes) -> list[tuple[bytes, bytes]]:
    """The boxes of a file or of a box, in order: kind and content."""
    boxes, at = [], 0
    while at + 8 <= len(content):
        size, kind = struct.unpack_from(">I4s", content, at)
        boxes.append((kind, content[at + 8 : at + size]))
        at += size
    return boxes


def box(kind: bytes, content: bytes) -> bytes:
    """One box."""
    return struct.pack(">I4s", 8 + len(content), kind) + content


class Movie:
    """An MP4 whose index comes last, as ffmpeg writes it, so that it can grow."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._boxes = read_boxes(path.read_bytes())
        assert [kind for kind, _ in self._boxes][-1] == b"moov"

    def save(self) -> Path:
        """Write the changed file."""
        self._path.write_bytes(b"".join(box(*one) for one in self._boxes))
        return self._path

    def set_matrix(self, a: int, b: int, c: int, d: int, track: int = 0) -> None:
        """Give a track a display matrix of whole numbers; the picture is moved back to where it is seen."""
        (header,) = self._get(track, b"tkhd")
        values = struct.pack(">9i", a << 16, b << 16, 0, c << 16, d << 16, 0, 0, 0, 1 << 30)
        self._put(track, b"tkhd", header[:_MATRIX_AT] + values + header[_MATRIX_AT + 36 :])

    def set_enabled(self, enabled: bool, track: int = 0) -> None:
        """Mark a track as enabled or not."""
        (header,) = self._get(track, b"tkhd")
        flags = header[_FLAGS_AT] & 0xFE | enabled
        self._put(track, b"tkhd", header[:_FLAGS_AT] + bytes([flags]) + header[_FLAGS_AT + 1 :])

    def set_shown_size(self, width: int, height: int, track: int = 0) -> None:
        """The size at which a track is shown."""
        (header,) = self._get(track, b"tkhd")
        self._put(track, b"tkhd", header[:_SIZE_AT] + struct.pack(">2I", width << 16, height << 16))

    def set_edits(self, edits: Sequence[tuple[int, int]], track: int = 0) -> None:
        """Give a track an edit list: durations in milliseconds; times in the track's unit, -1 for a gap."""
        entries = b"".join(struct.pack(">Ii4s", *edit, b"\0\1\0\0") for edit in edits)
        edit_list = box(b"elst", struct.pack(">2I", 0, len(edits)) + entries)
        self._put(track, b"edts", edit_list)

    def set_clean_aperture(self, width: int, height: int, track: int = 0) -> None:
        """Show only the middle of the picture, and say nothing of the shape of its pixels."""
        (description,) = self._get(track, b"mdia", b"minf", b"stbl", b"stsd")
        header, (entry,) = description[:8], read_boxes(description[8:])
        inner = [one for one in read_boxes(entry[1][78:]) if one[0] not in (b"pasp", b"clap")]
        clap = struct.pack(">8I", width, 1, height, 1, 0, 1, 0, 1)
        content = entry[1][:78] + b"".join(box(*one) for one in [*inner, (b"clap", clap)])
        self._put(track, b"stsd", header + box(entry[0], content))

    def _track(self, track: int) -> tuple[list[tuple[bytes, bytes]], int]:
        movie = read_boxes(self._boxes[-1][1])
        places = [place for place, (kind, _) in enumerate(movie) if kind == b"trak"]
        return movie, places[track]

    def _get(self, track: int, *path: bytes) -> list[bytes]:
        movie, place = self._track(track)
        content = movie[place][1]
        for kind in path:
            (content,) = (inner for found, inner in read_boxes(content) if found == kind)
        return [content]

    def _put(self, track: int, kind: bytes, content: bytes) -> None:
        movie, place = self._track(track)
        movie[place] = (b"trak", _replaced(movie[place][1], kind, content))
        self._boxes[-1] = (b"moov", b"".join(box(*one) for one in movie))


def _replaced(content: bytes, kind: bytes, new: bytes) -> bytes:
    boxes = []
    for found, inner in read_boxes(content):
        if found == kind:
            inner = new
        elif found in _PARENTS:
            inner = _replaced(inner, kind, new)
        boxes.append(box(found, inner))
    return b"".join(boxes)
