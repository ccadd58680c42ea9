"""ffmpeg's `ffmetadata` output -> when, where and with what a video was taken.

Tags are written by thousands of devices and by hostile hands: what makes no sense is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime

from pipeline.capture import Capture, camera_name, clean_text

_DATE_KEYS = ("com.apple.quicktime.creationdate", "creation_time", "date")
"""Best first: Apple's has the local time and its offset, the others are UTC or of no known zone."""
_MAKER_KEYS = ("com.apple.quicktime.make", "com.android.manufacturer", "make")
_MODEL_KEYS = ("com.apple.quicktime.model", "com.android.model", "model")
_PLACE_KEYS = ("com.apple.quicktime.location.iso6709", "location")

_DATE = re.compile(
    r"(\d{4})[-:](\d\d)[-:](\d\d)[T ](\d\d):(\d\d):(\d\d)(?:[.,]\d+)?\s*(Z|[+-]\d\d:?\d\d)?", re.ASCII
)
_PLACE = re.compile(r"([+-]\d{1,2}\.\d+)([+-]\d{1,3}\.\d+)([+-]\d+(?:\.\d+)?)?(?:CRS\w+)?/?", re.ASCII)
"""ISO 6709 in decimal degrees, as phones write it: `+48.8584+002.2945+035.000/`."""

_UNSET_YEARS = range(1971)
"""Clocks that were never set: 1904 (QuickTime counts from there), 1970 (so does Unix)."""


def parse_ffmetadata(lines: Iterable[str]) -> Capture:
    """Read ffmpeg's `ffmetadata` output, the file's own tags before those of its streams."""
    tags: dict[str, str] = {}
    for line in lines:
        key, separator, value = line.partition("=")
        if separator:
            tags.setdefault(key.lower(), re.sub(r"\\(.)", r"\1", value))
    latitude, longitude, altitude = _place(tags)
    camera = camera_name(_first(tags, _MAKER_KEYS), _first(tags, _MODEL_KEYS))
    return Capture(_taken(tags), camera, latitude, longitude, altitude)


def _first(tags: dict[str, str], keys: Iterable[str]) -> str:
    for key in keys:
        if text := clean_text(tags.get(key)):
            return text
    return ""


def _taken(tags: dict[str, str]) -> str | None:
    for key in _DATE_KEYS:
        text, _, _ = tags.get(key, "").partition(";")  # QuickTime's two places for one date come as "a;b"
        found = _DATE.fullmatch(text.strip())
        if found is None:
            continue
        year, month, day, hour, minute, second = (int(part) for part in found.groups()[:6])
        offset = {None: "", "Z": "+00:00"}.get(found[7], found[7])
        text = f"{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{offset}"
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            continue
        if moment.year not in _UNSET_YEARS:
            return moment.isoformat(timespec="seconds")
    return None


def _place(tags: dict[str, str]) -> tuple[float | None, float | None, float | None]:
    """Latitude, longitude, altitude; all None where the first two make no sense."""
    found = _PLACE.fullmatch(_first(tags, _PLACE_KEYS))
    if found is None:
        return None, None, None
    latitude, longitude = float(found[1]), float(found[2])
    if abs(latitude) > 90 or abs(longitude) > 180:
        return None, None, None
    altitude = float(found[3]) if found[3] else None
    if altitude is not None and abs(altitude) >= 1e5:
        altitude = None
    return latitude, longitude, altitude
