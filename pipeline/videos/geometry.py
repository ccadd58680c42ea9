"""The size, the shape and the turning of a video's picture; pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from fractions import Fraction

from pipeline.videos.isomedia import Track

_MAX_ASPECT = 4
_SQUARE = Fraction(1, 50)
_ROTATION = re.compile(r" +Display Matrix: rotation of (-?\d+\.\d+) degrees")


def pixel_aspect(
    reported: Fraction, stored_wh: tuple[int, int], upright_wh: tuple[int, int], track: Track | None
) -> Fraction:
    """Width over height of a pixel of the upright picture; 1 where it is nearly square or makes no sense.

    Args:
        reported: by ffmpeg. If an MP4 states no shape of its pixels, ffmpeg takes it from the size at which
            the track is shown, but compares that with the whole picture even if only a part of it, the
            clean aperture, is shown.
        stored_wh: width and height of the stored picture.
        upright_wh: those of the decoded picture, cropped and turned.
        track: the MP4 track; None in other containers.
    """
    cropped_wh = upright_wh[::-1] if track is not None and track.rotation in (90, 270) else upright_wh
    is_cropped = cropped_wh != stored_wh and all(map(int.__le__, cropped_wh, stored_wh))
    if track is not None and not track.has_pixel_aspect and is_cropped and reported != 1:
        change = Fraction(stored_wh[0] * cropped_wh[1], stored_wh[1] * cropped_wh[0])
        reported *= change if cropped_wh == upright_wh else 1 / change
    is_believable = Fraction(1, _MAX_ASPECT) <= reported <= _MAX_ASPECT
    return reported if is_believable and abs(reported - 1) > _SQUARE else Fraction(1)


def squared(size_wh: tuple[int, int], aspect: Fraction) -> tuple[int, int]:
    """The size with square pixels, by stretching, never by shrinking."""
    width, height = size_wh
    if aspect >= 1:
        return round(width * aspect), height
    return width, round(height / aspect)


def turning(
    log: Iterable[str], stored_wh: tuple[int, int], upright_wh: tuple[int, int], track: Track | None
) -> tuple[int, bool]:
    """Degrees clockwise by which the picture is turned, and whether it is mirrored before that.

    Args:
        log: ffmpeg's at level info, which gives degrees counterclockwise, but not whether it is mirrored.
        stored_wh: width and height of the stored picture.
        upright_wh: those of the decoded picture, which decide if the log says something else.
        track: the MP4 track; None in other containers.
    """
    if track is not None and track.is_mirrored and track.rotation is not None:
        return track.rotation, True
    found = next(filter(None, map(_ROTATION.match, log)), None)
    clockwise = round(-float(found[1])) % 360 if found else 0
    lies_on_its_side = stored_wh != upright_wh and stored_wh == upright_wh[::-1]
    if lies_on_its_side and clockwise not in (90, 270):
        return 90, False
    return clockwise, False
