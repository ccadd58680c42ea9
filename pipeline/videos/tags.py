"""ffmpeg's `ffmetadata` output -> when, where and with which camera a video was taken.

Tags are written by thousands of devices, and by attackers: what makes no sense is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from pipeline.capture import Capture, Place, camera_name, clean_text, place_of
from pipeline.dates import parse_date

_CREATION_TIME = "creation_time"
_DATE_KEYS = ("com.apple.quicktime.creationdate", _CREATION_TIME, "date", "datetimeoriginal", "datetime")
"""Best first: Apple's is local with its offset, `creation_time` is UTC, the others have no known zone. The
last two are of the EXIF block in an AVI's stream header."""
_MAKER_KEYS = ("com.apple.quicktime.make", "com.android.manufacturer", "make")
_MODEL_KEYS = ("com.apple.quicktime.model", "com.android.model", "model")
_PLACE_KEYS = ("com.apple.quicktime.location.iso6709", "location")

_LOCAL_TIME_CONTAINER = "avi"
"""Its dates are local times of no known zone; ffmpeg says of them that they are UTC."""
_FIRST_YEAR_OF_CLOCKS = 1971
"""An earlier `creation_time` is that of a clock that was never set and has run since 1904 or 1970."""

_PLACE = re.compile(
    r"([+-])(\d{1,2}|\d{4}|\d{6})(\.\d+)?([+-])(\d{1,3}|\d{5}|\d{7})(\.\d+)?([+-]\d+(?:\.\d+)?)?(?:CRS\w+)?(?:/.*)?",
    re.ASCII,
)
"""ISO 6709: `+48.8584+002.2945+035.000/`, `+4851.504+00217.670/` or `+485130.24+0021740.2/`; 3GPP's has a
name of the place behind it."""


def parse_ffmetadata(lines: Iterable[str], container: str = "") -> Capture:
    """Read ffmpeg's `ffmetadata` output, the file's own tags before those of its streams.

    Args:
        lines: of the output.
        container: a word of `pipeline.formats.FORMATS`; that of an AVI decides on the zone of its dates.
    """
    tags: dict[str, str] = {}
    for line in lines:
        key, separator, value = line.partition("=")
        if separator:
            tags.setdefault(key.lower(), re.sub(r"\\(.)", r"\1", value))
    camera = camera_name(_first(tags, _MAKER_KEYS), _first(tags, _MODEL_KEYS))
    return Capture(_taken(tags, container), camera, *_place(_first(tags, _PLACE_KEYS)))


def _first(tags: dict[str, str], keys: Iterable[str]) -> str:
    return next(filter(None, (clean_text(tags.get(key)) for key in keys)), "")


def _taken(tags: dict[str, str], container: str) -> str | None:
    for key in _DATE_KEYS:
        text, _, _ = tags.get(key, "").partition(";")  # QuickTime's two places for one date come as "a;b"
        taken = parse_date(text)
        if taken is None or (key == _CREATION_TIME and int(taken[:4]) < _FIRST_YEAR_OF_CLOCKS):
            continue
        return taken.removesuffix("+00:00") if container == _LOCAL_TIME_CONTAINER else taken
    return None


def _place(text: str) -> Place:
    """Read a place in one of the three forms of ISO 6709: degrees, with minutes, with minutes and seconds."""
    found = _PLACE.fullmatch(text)
    if found is None:
        return Place()
    north, latitude, latitude_part, east, longitude, longitude_part, altitude = found.groups("")
    return place_of(
        _degrees(north, latitude, latitude_part, 2),
        _degrees(east, longitude, longitude_part, 3),
        float(altitude) if altitude else None,
    )


def _degrees(sign: str, digits: str, decimals: str, degree_digits: int) -> float:
    """Degrees as one number.

    Args:
        sign: `+` for north and east.
        digits: of degrees, then two each of minutes and seconds if they are given.
        decimals: a fraction of the last of them, with its point, or nothing.
        degree_digits: how many digits degrees have if minutes follow.
    """
    if len(digits) <= degree_digits:
        return float(sign + digits + decimals)
    minutes = digits[degree_digits : degree_digits + 2]
    seconds = digits[degree_digits + 2 :]
    value = int(digits[:degree_digits]) + float(minutes + ("" if seconds else decimals)) / 60
    if seconds:
        value += float(seconds + decimals) / 3600
    return round(-value if sign == "-" else value, 7)
