"""When a photo was taken: which of a file's dates counts, and in which zone it is.

In this order (docs/metadata.md compares it with the orders of other programs):

1. EXIF DateTimeOriginal;
2. EXIF DateTimeDigitized, the only date of most scans;
3. XMP exif:DateTimeOriginal, photoshop:DateCreated, exif:DateTimeDigitized, xmp:CreateDate;
4. IPTC DateCreated with TimeCreated;
5. EXIF GPSDateStamp with GPSTimeStamp, which are in UTC;
6. EXIF DateTime, which an editor sets to the time of a change.

EXIF's dates are local, and each has its own offset from UTC. If that is missing, the offset of another date
that says the same time is used, or one whose own date is missing.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta

from PIL import Image
from PIL.ExifTags import GPS, Base
from PIL.ImageFile import ImageFile
from PIL.IptcImagePlugin import getiptcinfo

from pipeline.dates import parse_date, parse_offset
from pipeline.photos.exiftags import ExifTables, Tags
from pipeline.photos.xmp import XmpFacts

_EXIF_DATES = (
    (Base.DateTimeOriginal, Base.OffsetTimeOriginal),
    (Base.DateTimeDigitized, Base.OffsetTimeDigitized),
    (Base.DateTime, Base.OffsetTime),
)
_IPTC_DATE = (2, 55)
_IPTC_TIME = (2, 60)
_IPTC_DAY = re.compile(r"(\d{4})[:-]?(\d\d)[:-]?(\d\d)", re.ASCII)
_IPTC_CLOCK = re.compile(r"(\d\d):?(\d\d):?(\d\d)([+-]\d\d:?\d\d)?", re.ASCII)
_LOCAL_LENGTH = len("YYYY-MM-DDTHH:MM:SS")
_WIDEST_ZONE = timedelta(hours=14)
_GPS_EPOCH = "1980-01-06"
"""The day at which GPS time begins, and a receiver's clock that was not yet set."""


def find_taken(tables: ExifTables, image: Image.Image, read_xmp: Callable[[], XmpFacts]) -> str | None:
    """Return when a photo was taken, as in `pipeline.capture.Capture`.

    XMP and IPTC are read only if EXIF has neither of its first two dates. DateTime counts before XMP and IPTC
    if it says the same local time, and before GPS if some zone has that local time at the moment of the fix.

    Args:
        tables: of the EXIF block.
        image: opened, its pixels not yet decoded.
        read_xmp: reads the file's XMP.
    """
    original, digitized, changed = _exif_dates(tables)
    if taken := original or digitized:
        return taken
    if described := _xmp_date(read_xmp()) or _iptc_date(image):
        return changed if changed and changed[:_LOCAL_LENGTH] == described[:_LOCAL_LENGTH] else described
    fixed = _gps_date(tables.gps)
    return changed if changed and (fixed is None or _may_be_local(changed, fixed)) else fixed


def _exif_dates(tables: ExifTables) -> list[str | None]:
    texts = []
    for date, offset in _EXIF_DATES:
        # Only DateTime belongs into the main table, but some scanners write the others there too.
        found = "" if date is Base.DateTime else tables.details.text(date)
        texts.append((found or tables.main.text(date), tables.details.text(offset)))
    return [parse_date(date, _offset(date, own, texts), may_be_day=True) for date, own in texts]


def _offset(date: str, own: str, texts: list[tuple[str, str]]) -> str:
    """The offset from UTC that belongs to a date, or that a date saying the same time has."""
    if parse_offset(own):
        return own
    borrowed = (offset for other, offset in texts if other in ("", date) and parse_offset(offset))
    return next(borrowed, "")


def _xmp_date(described: XmpFacts) -> str | None:
    dates = (parse_date(text, may_be_day=True) for text in described.dates)
    return next(filter(None, dates), None)


def _iptc_date(image: Image.Image) -> str | None:
    """IPTC's date, with its time if there is one.

    Source: IPTC-NAA IIM 4.2, 2:55 (CCYYMMDD) and 2:60 (HHMMSS±HHMM).
    """
    try:
        records = (isinstance(image, ImageFile) and getiptcinfo(image)) or {}
    except MemoryError:
        raise
    except Exception:  # Pillow's reader raises whatever a broken record causes
        return None
    day = _IPTC_DAY.fullmatch(_first_text(records.get(_IPTC_DATE)))
    clock = _IPTC_CLOCK.fullmatch(_first_text(records.get(_IPTC_TIME)))
    if day is None:
        return None
    date = "-".join(day.groups())
    if clock is None:
        return parse_date(date, may_be_day=True)
    hour, minute, second, offset = clock.groups()
    return parse_date(f"{date} {hour}:{minute}:{second}", offset or "")


def _first_text(records: object) -> str:
    """The first of a record's values as text; `getiptcinfo` gives a list where a record is repeated."""
    value = records[0] if isinstance(records, list) and records else records
    return value.decode("latin-1").strip("\0 ") if isinstance(value, bytes) else ""


def _gps_date(gps: Tags) -> str | None:
    try:
        hours, minutes, seconds = (float(part) for part in gps.value(GPS.GPSTimeStamp))
        total = int(hours * 3600 + minutes * 60 + seconds)
    except (TypeError, ValueError, ArithmeticError):
        return None
    if not 0 <= total < 86_400:
        return None
    clock = f"{total // 3600:02}:{total // 60 % 60:02}:{total % 60:02}"
    moment = parse_date(f"{gps.text(GPS.GPSDateStamp)} {clock}", "Z")
    return None if moment is None or moment.startswith(_GPS_EPOCH) else moment


def _may_be_local(date: str, utc: str) -> bool:
    """Whether a date may be the local time of a moment in UTC, in whatever zone the photo was taken."""
    local = datetime.fromisoformat(date[:_LOCAL_LENGTH])
    return abs(local - datetime.fromisoformat(utc[:_LOCAL_LENGTH])) <= _WIDEST_ZONE
