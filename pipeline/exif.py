"""What a photo's EXIF block says: which way is up, when, where and with what it was taken.

EXIF is written by thousands of devices and by hostile hands: every value is checked, and what makes
no sense is left out.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from PIL import Image
from PIL.ExifTags import GPS, IFD, Base


class ExifFacts(NamedTuple):
    """The part of EXIF that the report holds, and the orientation that decoding needs.

    Args:
        orientation: 1 to 8 as TIFF 6.0 numbers them; 1 is upright.
        taken, camera, latitude, longitude, altitude: as in `MediaFacts`.
    """

    orientation: int = 1
    taken: str | None = None
    camera: str | None = None
    latitude: float | None = None
    longitude: float | None = None
    altitude: float | None = None


def read_exif(image: Image.Image) -> ExifFacts:
    """The facts in an opened image's EXIF block; those that are absent or absurd stay at their defaults."""
    try:
        tags = image.getexif()
        if not tags:
            return ExifFacts()
        details = tags.get_ifd(IFD.Exif)
        gps = tags.get_ifd(IFD.GPSInfo)
    except MemoryError:
        raise
    except Exception:  # Pillow's reader raises whatever a broken block makes it stumble over
        return ExifFacts()
    orientation = tags.get(Base.Orientation, 1)
    return ExifFacts(
        orientation=orientation if orientation in range(1, 9) else 1,
        taken=_taken(tags, details),
        camera=_camera(tags),
        latitude=_degrees(gps.get(GPS.GPSLatitude), gps.get(GPS.GPSLatitudeRef), "S", 90),
        longitude=_degrees(gps.get(GPS.GPSLongitude), gps.get(GPS.GPSLongitudeRef), "W", 180),
        altitude=_altitude(gps),
    )


def _text(value: object) -> str | None:
    """A tag's text without padding and control characters, at most 100 characters."""
    if not isinstance(value, str):
        return None
    return "".join(char for char in value if char.isprintable()).strip()[:100] or None


def _taken(tags: Mapping[int, Any], details: Mapping[int, Any]) -> str | None:
    text = _text(details.get(Base.DateTimeOriginal)) or _text(tags.get(Base.DateTime))
    offset = _text(details.get(Base.OffsetTimeOriginal)) or ""
    if text is None:
        return None
    for given, form in ((text + offset, "%Y:%m:%d %H:%M:%S%z"), (text, "%Y:%m:%d %H:%M:%S")):
        try:
            return datetime.strptime(given, form).isoformat(timespec="seconds")
        except ValueError:
            continue
    return None


def _camera(tags: Mapping[int, Any]) -> str | None:
    make, model = _text(tags.get(Base.Make)), _text(tags.get(Base.Model))
    if make and model and model.lower().startswith(make.lower()):
        return model
    return " ".join(part for part in (make, model) if part) or None


def _degrees(parts: object, reference: object, negative: str, limit: int) -> float | None:
    """Degrees, minutes and seconds as one signed number, or None where they make no sense."""
    try:
        degrees, minutes, seconds = (float(part) for part in parts)  # type: ignore[attr-defined]
    except (TypeError, ValueError, ZeroDivisionError):
        return None
    value = degrees + minutes / 60 + seconds / 3600
    if not math.isfinite(value) or not 0 <= value <= limit:
        return None
    return round(-value if reference == negative else value, 7)


def _altitude(gps: Mapping[int, Any]) -> float | None:
    try:
        value = float(gps[GPS.GPSAltitude])
    except (KeyError, TypeError, ValueError, ZeroDivisionError):
        return None
    below = gps.get(GPS.GPSAltitudeRef) in (b"\x01", 1)
    return round(-value if below else value, 2) if math.isfinite(value) and abs(value) < 1e5 else None
