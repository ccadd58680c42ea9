"""Dates as cameras and editors write them -> ISO 8601; dates of clocks that were never set are dropped."""

from __future__ import annotations

import re
from datetime import datetime

_TIME = r"(\d{1,2}): ?(\d{1,2})(?:: ?(\d{1,2})(?:[.,]\d*)?)?"
_ZONE = r"(Z|[+-]\d\d(?::?\d\d)?)"
_DATE = re.compile(
    r"(\d{4})([:/.-]) ?(\d{1,2})\2 ?(\d{1,2})" + rf"(?:/?(?:T|\s)\s*{_TIME}\s*(AM|PM)?\s*{_ZONE}?)?",
    re.ASCII | re.IGNORECASE,
)
"""A day, mostly with a time: EXIF (colons), ISO 8601 (dashes, `T`), Casio's AVI (slashes, no seconds)."""
_COMPACT = re.compile(
    rf"(\d{{4}})(\d\d)(\d\d)[T ](\d\d)(\d\d)(\d\d)(?:[.,]\d*)?{_ZONE}?", re.ASCII | re.IGNORECASE
)
"""ISO 8601's basic form."""
_CTIME = re.compile(r"[a-z]{3}\s+([a-z]{3})\s+(\d{1,2})\s+" + _TIME + r"\s+(\d{4})", re.ASCII | re.IGNORECASE)
"""C's `asctime`, the form that Microsoft defines for AVI: `Mon Mar 10 15:04:43 2003`."""
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_OFFSET = re.compile(_ZONE, re.ASCII | re.IGNORECASE)

_EPOCHS = ((1904, 1, 1), (1970, 1, 1))
"""Where the clocks of QuickTime and of Unix begin."""
_OLE_EPOCH = datetime(1899, 12, 30)
"""Zero in the dates of Windows' programs."""
_EVES = ((1903, 12, 31), (1969, 12, 31))
"""The same moments, written as the local time of a zone west of Greenwich."""


def parse_date(text: str, offset: str = "", *, may_be_day: bool = False) -> str | None:
    """Convert a date to `YYYY-MM-DDTHH:MM:SS`, with the offset from UTC if one is known.

    Fractions of a second are cut off.

    Args:
        text: as a file has it; an offset in the text itself counts before `offset`.
        offset: `+HH:MM`, `+HHMM`, `+HH`, `Z`; anything else is ignored.
        may_be_day: whether a day without a time is accepted; the answer is `YYYY-MM-DD` then.

    Returns: None for a text that is no date, for a date that does not exist, and for the date of a clock that
        was never set: in the year 0 or 1, on the first day of 1904 or 1970, or at the zero of Windows' dates.
    """
    text = text.strip()
    if match := _CTIME.fullmatch(text):
        month, day, hour, minute, second, year = match.groups()
        if month.lower() not in _MONTHS:
            return None
        numbers = (year, _MONTHS.index(month.lower()) + 1, day, hour, minute, second or 0)
        return _moment(tuple(map(int, numbers)), offset)
    if match := _COMPACT.fullmatch(text):
        return _moment(tuple(map(int, match.groups()[:6])), match[7] or offset)
    match = _DATE.fullmatch(text)
    if match is None:
        return None
    year, _, month, day, hour, minute, second, half, zone = match.groups()
    if hour is None:
        return _day((int(year), int(month), int(day))) if may_be_day else None
    hours = int(hour)
    if half:
        hours = hours % 12 + (12 if half.upper() == "PM" else 0)
    return _moment((int(year), int(month), int(day), hours, int(minute), int(second or 0)), zone or offset)


def parse_offset(text: str) -> str:
    """Convert an offset from UTC to `+HH:MM`.

    Args:
        text: `+HH:MM`, `+HHMM`, `+HH` or `Z`.

    Returns: an empty text for anything else.
    """
    text = text.strip().upper()
    if not _OFFSET.fullmatch(text):
        return ""
    if text == "Z":
        return "+00:00"
    hours, minutes = int(text[1:3]), int(text[-2:]) if len(text) > 3 else 0
    if hours >= 24 or minutes >= 60:
        return ""
    return f"{text[0] if hours or minutes else '+'}{hours:02}:{minutes:02}"


def _day(numbers: tuple[int, int, int]) -> str | None:
    moment = _moment((*numbers, 0, 0, 0), "")
    return moment and moment[:10]


def _moment(numbers: tuple[int, ...], offset: str) -> str | None:
    year, month, day, hour, minute, second = numbers
    try:
        moment = datetime(year, month, day, hour, minute, second)
    except ValueError:
        return None
    if _is_unset(moment):
        return None
    return moment.isoformat(timespec="seconds") + parse_offset(offset)


def _is_unset(moment: datetime) -> bool:
    day = (moment.year, moment.month, moment.day)
    is_eve = day in _EVES and moment.hour >= 12 and not moment.minute % 15 and not moment.second
    return moment.year <= 1 or day in _EPOCHS or is_eve or moment == _OLE_EPOCH
