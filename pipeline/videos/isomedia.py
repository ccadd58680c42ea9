"""What an MP4 or QuickTime file says of its tracks in boxes that ffmpeg does not report.

Source: ISO/IEC 14496-12, 8.2.2 (mvhd), 8.3.2 (tkhd), 8.6.6 (elst), 12.1.4 (pasp).
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import BinaryIO, NamedTuple

from pipeline.videos.boxes import Box, Boxes

_MAX_EDITS = 10_000
_MAX_DESCRIPTION_BYTES = 1 << 16
_EMPTY_EDIT = -1


class Gap(NamedTuple):
    """A time in the middle of a track in which it shows nothing, in seconds of the whole video."""

    start_s: Fraction
    end_s: Fraction


@dataclass(frozen=True, slots=True)
class Track:
    """One track.

    Args:
        number: its id.
        is_mirrored: whether its display matrix mirrors the picture.
        rotation: degrees clockwise by which the picture is turned, after it is mirrored if it is: left to
            right, or, if that leaves nothing to turn, top to bottom. None if the matrix does something else.
        has_pixel_aspect: whether its sample description states the shape of its pixels.
        gaps: where its edit list shows nothing, the time before the first picture left out.
        tick_s: the unit of the edit list's durations.
    """

    number: int
    is_mirrored: bool = False
    rotation: int | None = None
    has_pixel_aspect: bool = False
    gaps: tuple[Gap, ...] = ()
    tick_s: Fraction = Fraction(1, 1000)


def read_track(path: str, number: int) -> Track | None:
    """The track with this id; None if there is none, or the file is damaged.

    Args:
        path: of the file, as `os.fsdecode` gives it.
    """
    try:
        with open(path, "rb") as stream:
            return next((track for track in _Tracks(stream).tracks() if track.number == number), None)
    except (OSError, ValueError, IndexError, struct.error):  # a box that is shorter than its kind needs
        return None


class _Tracks:
    """Reads the tracks of a file."""

    def __init__(self, stream: BinaryIO) -> None:
        self._boxes = Boxes(stream)

    def tracks(self) -> Iterator[Track]:
        """All tracks of the file."""
        movie = self._boxes.find(self._boxes.whole, b"moov")
        if movie is None:
            return
        timescale = 1000
        for box in self._boxes.within(movie):
            if box.kind == b"mvhd":
                content = self._boxes.read(box, 0, 24)
                timescale = struct.unpack_from(">I", content, 20 if content[0] == 1 else 12)[0] or 1000
            elif box.kind == b"trak" and (track := self._track(box, Fraction(1, timescale))) is not None:
                yield track

    def _track(self, box: Box, tick_s: Fraction) -> Track | None:
        header = self._boxes.find(box, b"tkhd")
        if header is None:
            return None
        content = self._boxes.read(header, 0, 96)
        is_long = content[0] == 1
        (number,) = struct.unpack_from(">I", content, 20 if is_long else 12)
        a, b, _, c, d = struct.unpack_from(">5i", content, 52 if is_long else 40)
        edits = self._boxes.find(box, b"edts", b"elst")
        description = self._boxes.find(box, b"mdia", b"minf", b"stbl", b"stsd")
        return Track(
            number,
            is_mirrored=a * d - b * c < 0,
            rotation=_rotation(a, b, c, d),
            has_pixel_aspect=description is not None
            and b"pasp" in self._boxes.read(description, 0, _MAX_DESCRIPTION_BYTES),
            gaps=() if edits is None else self._gaps(edits, tick_s),
            tick_s=tick_s,
        )

    def _gaps(self, box: Box, tick_s: Fraction) -> tuple[Gap, ...]:
        version, count = struct.unpack(">B3xI", self._boxes.read(box, 0, 8))
        layout = ">qq4x" if version == 1 else ">Ii4x"
        size = struct.calcsize(layout)
        content = self._boxes.read(box, 8, min(count, _MAX_EDITS) * size)
        gaps, at, has_begun = [], 0, False
        for duration, media_time in struct.iter_unpack(layout, content[: len(content) // size * size]):
            if media_time == _EMPTY_EDIT and has_begun and duration > 0:
                gaps.append(Gap(at * tick_s, (at + duration) * tick_s))
            has_begun |= media_time != _EMPTY_EDIT
            at += max(0, duration)
        return tuple(gaps)


def _rotation(a: int, b: int, c: int, d: int) -> int | None:
    """Degrees clockwise, as in `Track`."""
    is_mirrored = a * d - b * c < 0
    if is_mirrored:
        a, b = -a, -b
    degrees = math.degrees(math.atan2(b, a))
    nearest = round(degrees / 90) * 90
    if abs(degrees - nearest) >= 1:
        return None
    return 0 if is_mirrored and nearest % 180 == 0 else nearest % 360
