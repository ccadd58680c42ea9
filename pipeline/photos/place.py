"""EXIF's GPS tags, and the same in XMP -> degrees and metres.

Sources: EXIF 3.0 (CIPA DC-008-2023), 4.6.7, GPS attribute information; ISO 16684-1, 8.2.2.7 (GPSCoordinate).
"""

from __future__ import annotations

import math
import re
from fractions import Fraction
from numbers import Real

from PIL.ExifTags import GPS

from pipeline.capture import Place, place_of
from pipeline.photos.exiftags import Tags
from pipeline.photos.xmp import XmpFacts

_BELOW = (1, 3, b"\x01", b"\x03")
"""GPSAltitudeRef: 1 is below the ellipsoid, and before EXIF 3.0 below the sea; 3 is below the sea."""


_COORDINATE = re.compile(
    r"(\d{1,3})(\.\d{1,12})?(?:,\s*(\d{1,2}(?:\.\d{1,12})?))?(?:,\s*(\d{1,2}(?:\.\d{1,12})?))?\s*([NSEW])",
    re.ASCII | re.I,
)
"""`46,56.88N`, `46,56,52.8N`, and degrees alone, which some programs write."""


def find_place(gps: Tags) -> Place:
    """Return where a photo was taken; None for what is absent or out of range.

    Args:
        gps: EXIF's table of GPS tags.
    """
    latitude = _degrees(gps.value(GPS.GPSLatitude))
    longitude = _degrees(gps.value(GPS.GPSLongitude))
    if latitude is not None and gps.text(GPS.GPSLatitudeRef).upper().startswith("S"):
        latitude = -latitude
    if longitude is not None and gps.text(GPS.GPSLongitudeRef).upper().startswith("W"):
        longitude = -longitude
    return place_of(latitude, longitude, _altitude(gps))


def xmp_place(described: XmpFacts) -> Place:
    """Return where a photo was taken according to its XMP; None for what is absent or out of range."""
    latitude = _xmp_degrees(described.latitude, "NS")
    longitude = _xmp_degrees(described.longitude, "EW")
    return place_of(latitude, longitude, _xmp_altitude(described))


def _xmp_degrees(text: str, letters: str) -> float | None:
    match = _COORDINATE.fullmatch(text.strip())
    if match is None or match[5].upper() not in letters:
        return None
    degrees = float(match[1] + (match[2] or "")) + float(match[3] or 0) / 60 + float(match[4] or 0) / 3600
    return round(-degrees if match[5].upper() == letters[1] and degrees else degrees, 7)


def _xmp_altitude(described: XmpFacts) -> float | None:
    try:
        value = float(Fraction(described.altitude.strip()))
    except (ValueError, ArithmeticError):
        return None
    return round(-value if described.altitude_reference.strip() in ("1", "3") else value, 2)


def _degrees(parts: object) -> float | None:
    """Degrees as one number; None if they are absent or negative.

    Args:
        parts: degrees, minutes and seconds. EXIF asks for all three, but some writers leave out seconds, or
            minutes too, or write 0/0 for unknown seconds.
    """
    parts = parts if isinstance(parts, tuple) else (parts,)
    if not all(isinstance(part, Real) for part in parts):
        return None
    try:
        numbers = [float(part) for part in parts]
    except ArithmeticError:
        return None
    if len(numbers) == 3 and math.isnan(numbers[2]):
        numbers.pop()
    if not 1 <= len(numbers) <= 3:
        return None
    value = sum(number / 60**power for power, number in enumerate(numbers))
    return round(value, 7) if math.isfinite(value) and value >= 0 else None


def _altitude(gps: Tags) -> float | None:
    try:
        value = float(gps.value(GPS.GPSAltitude))
    except (TypeError, ValueError, ArithmeticError):
        return None
    if not math.isfinite(value):
        return None
    return round(-value if gps.value(GPS.GPSAltitudeRef) in _BELOW else value, 2)
