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

from pipeline.capture import Capture, camera_name, clean_text

_PNG_SIGNATURE_BYTES = 8
_Tags = Mapping[int, Any]


class Exif(NamedTuple):
    """The part of EXIF that the report holds, and the orientation that decoding needs.

    Args:
        orientation: 1 to 8 as TIFF 6.0 numbers them; 1 is upright.
        capture: when, where and with which camera the photo was taken.
    """

    orientation: int = 1
    capture: Capture = Capture()


def read_exif(image: Image.Image, content: bytes) -> Exif:
    """The facts in an opened image's EXIF block; those that are absent or absurd stay at their defaults.

    Args:
        image: opened, its pixels not yet decoded; they are not decoded here either.
        content: the whole file.
    """
    if image.format == "PNG" and "exif" not in image.info:
        late = _png_exif(content)
        if late is not None:
            image.info["exif"] = late
    try:
        # Not `image.getexif()`: the PNG reader's own decodes all pixels to see whether a block follows them.
        tags = Image.Image.getexif(image)
    except MemoryError:
        raise
    except Exception:  # Pillow's reader raises whatever a broken block makes it stumble over
        return Exif()
    details, gps = _block(tags, IFD.Exif), _block(tags, IFD.GPSInfo)
    orientation = _value(tags, Base.Orientation)
    capture = Capture(
        taken=_taken(tags, details),
        camera=camera_name(_value(tags, Base.Make), _value(tags, Base.Model)),
        latitude=_degrees(_value(gps, GPS.GPSLatitude), _value(gps, GPS.GPSLatitudeRef), "S", 90),
        longitude=_degrees(_value(gps, GPS.GPSLongitude), _value(gps, GPS.GPSLongitudeRef), "W", 180),
        altitude=_altitude(gps),
    )
    return Exif(int(orientation) if orientation in range(1, 9) else 1, capture)


def _png_exif(content: bytes) -> bytes | None:
    """The `eXIf` chunk of a PNG file, wherever it stands.

    Source: PNG specification, third edition, 5.3 (chunk layout) and 11.3.4.5 (eXIf).
    """
    at = _PNG_SIGNATURE_BYTES
    while len(head := content[at : at + 8]) == 8:
        length = int.from_bytes(head[:4], "big")
        if head[4:] == b"eXIf":
            return content[at + 8 : at + 8 + length]
        if head[4:] == b"IEND":
            break
        at += 12 + length  # length, type and CRC are four bytes each
    return None


def _block(tags: Image.Exif, number: IFD) -> _Tags:
    """One of EXIF's inner tables of tags; empty where it cannot be read."""
    try:
        return tags.get_ifd(number)
    except MemoryError:
        raise
    except Exception:  # as above
        return {}


def _value(tags: _Tags, tag: int) -> Any:
    """A tag's value, or None: Pillow decodes it only now and stumbles only now."""
    try:
        return tags.get(tag)
    except MemoryError:
        raise
    except Exception:  # as above
        return None


def _taken(tags: _Tags, details: _Tags) -> str | None:
    """When the shutter opened, else when the file was written; whatever of them is a date."""
    for text, offset in (
        (
            clean_text(_value(details, Base.DateTimeOriginal)),
            clean_text(_value(details, Base.OffsetTimeOriginal)),
        ),
        (clean_text(_value(tags, Base.DateTime)), clean_text(_value(details, Base.OffsetTime))),
    ):
        if not text:
            continue
        for given, form in ((text + offset, "%Y:%m:%d %H:%M:%S%z"), (text, "%Y:%m:%d %H:%M:%S")):
            try:
                return datetime.strptime(given, form).isoformat(timespec="seconds")
            except ValueError:
                continue
    return None


def _degrees(parts: object, reference: object, negative: str, limit: int) -> float | None:
    """Degrees, minutes and seconds as one signed number, or None where they make no sense."""
    try:
        degrees, minutes, seconds = (float(part) for part in parts)  # type: ignore[attr-defined]
    except (TypeError, ValueError, ArithmeticError):
        return None
    value = degrees + minutes / 60 + seconds / 3600
    if not math.isfinite(value) or not 0 <= value <= limit:
        return None
    return round(-value if clean_text(reference).upper().startswith(negative) else value, 7)


def _altitude(gps: _Tags) -> float | None:
    try:
        value = float(_value(gps, GPS.GPSAltitude))
    except (TypeError, ValueError, ArithmeticError):
        return None
    below = _value(gps, GPS.GPSAltitudeRef) in (b"\x01", 1)
    return round(-value if below else value, 2) if math.isfinite(value) and abs(value) < 1e5 else None
