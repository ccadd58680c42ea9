"""EXIF's GPS tags -> degrees and metres.

Source: EXIF 3.0 (CIPA DC-008-2023), 4.6.7, GPS attribute information.
"""

from __future__ import annotations

import math
from numbers import Real

from PIL.ExifTags import GPS

from pipeline.capture import Place, place_of
from pipeline.photos.exiftags import Tags

_BELOW = (1, 3, b"\x01", b"\x03")
"""GPSAltitudeRef: 1 is below the ellipsoid, and before EXIF 3.0 below the sea; 3 is below the sea."""


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
