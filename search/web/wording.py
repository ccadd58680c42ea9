"""Sizes, dates, cameras and ticks of a timeline as people write them."""

from __future__ import annotations

from search.hitformats import clock
from search.web.texts import MONTHS, TEXTS

_UNITS = ("bytes", "kB", "MB", "GB", "TB")
_TICK_STEPS_S = (0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21600, 86400)
_MOST_TICKS = 8
_LEAST_MAKER = 3
"""Letters of a word that is taken for a maker's name where it stands twice."""


def size_text(size_bytes: int) -> str:
    """`1.2 MB` for a size in bytes; units are powers of 1000."""
    size, unit = float(size_bytes), 0
    while size >= 999.5 and unit + 1 < len(_UNITS):
        size, unit = size / 1000, unit + 1
    digits = 1 if unit and size < 9.95 else 0
    return f"{size:.{digits}f} {_UNITS[unit]}"


def date_text(taken: int) -> str:
    """`14 March 2021, 15:42` for the digits of a date, without the time at midnight, as of a date alone."""
    day, hour, minute = taken // 10**6 % 100, taken // 10**4 % 100, taken // 100 % 100
    month = month_title(taken)
    date = f"{day} {month}" if day and " " in month else month
    return f"{date}, {hour:02d}:{minute:02d}" if taken % 10**6 else date


def month_title(taken: int) -> str:
    """`June 2008` for the digits of a date."""
    year, month = taken // 10**10, taken // 10**8 % 100
    if year == 0:
        return TEXTS["no_date"]
    return f"{MONTHS[month - 1]} {year}" if 1 <= month <= len(MONTHS) else str(year)


def camera_text(camera: str) -> str:
    """`NIKON D70` for `NIKON CORPORATION NIKON D70`: the model alone if it repeats a word of the maker."""
    words = camera.split()
    for at, word in enumerate(words):
        if len(word) >= _LEAST_MAKER and word.lower() in (before.lower() for before in words[:at]):
            return " ".join(words[at:])
    return camera


def ticks(length_s: float) -> list[tuple[float, str]]:
    """Times on the axis of a timeline at even steps: where, in percent of its length, and the text.

    Args:
        length_s: more than 0.
    """
    step = next((step for step in _TICK_STEPS_S if length_s <= step * _MOST_TICKS), length_s / _MOST_TICKS)
    count = int(length_s / step + 1e-6)
    return [(100 * number * step / length_s, clock(number * step)) for number in range(count + 1)]
