"""Parsers for the values of a query's fields: dates, places, counts, kinds. They return None for others."""

from __future__ import annotations

import re
from collections.abc import Callable

from search.conditions import Flag, HasFlag, HasRating, MediaKind, NearPlace, OfKind, TakenBetween
from search.syntax import And, Not, Query

NO_DATE = 0
"""What stands for an unknown date in stored dates."""
LAST_DATE = 9999_99_99_99_99_99
MAX_COUNT = 9_999
LOWEST_RATING, HIGHEST_RATING = -1, 5
"""Rejected, and five stars."""
DEFAULT_KM = 5.0
MAX_KM = 20_037.0
"""Half of the equator: everything is nearer."""

_TIME = r"(?:[T_ ]?(\d\d)(?::?(\d\d)(?::?(\d\d))?)?)?"
_DATES = (
    re.compile(rf"(\d{{4}})(?:(\d\d)(?:(\d\d){_TIME})?)?", re.ASCII),
    re.compile(rf"(\d{{4}})[-/.](\d\d?)(?:[-/.](\d\d?){_TIME})?", re.ASCII),
)
"""`20080517` and `2008-5-17`, or less of them."""
_YEARS = re.compile(r"(\d{4})-(\d{4})", re.ASCII)
_NUMBER = r"([-+]?\d{1,6}(?:\.\d{0,12})?)"
NEAR_VALUE = re.compile(
    rf"\s*{_NUMBER}\s*,\s*{_NUMBER}(?:\s*,\s*(\d{{1,6}}(?:\.\d{{0,12}})?)\s*(km|m)?)?(?![^\s()])", re.ASCII
)
_KINDS = {
    **dict.fromkeys(("photo", "photos", "image", "images", "picture", "pictures"), MediaKind.PHOTO),
    **dict.fromkeys(("video", "videos", "film", "films", "movie", "movies"), MediaKind.VIDEO),
}
_LOWEST = (0, 1, 1, 0, 0, 0)
_HIGHEST = (9999, 12, 31, 23, 59, 59)


def taken_query(operator: str, value: str) -> TakenBetween | None:
    """Parse the value of `taken:` or of a comparison: a year, month, day, moment, or a range of two."""
    if operator in (":", "="):
        return _taken_span(value)
    span = _date_span(value)
    if span is None:
        return None
    match operator:
        case ">=":
            return TakenBetween(span.first, LAST_DATE)
        case ">":
            return TakenBetween(span.last + 1, LAST_DATE)
        case "<=":
            return TakenBetween(NO_DATE + 1, span.last)
    return TakenBetween(NO_DATE + 1, span.first - 1)


def near_query(match: re.Match[str]) -> NearPlace | None:
    """Return the place in a match of `NEAR_VALUE`, or None if there is no such place on Earth."""
    latitude, longitude = float(match[1]), float(match[2])
    km = DEFAULT_KM if match[3] is None else float(match[3]) / (1000 if match[4] == "m" else 1)
    if abs(latitude) > 90 or abs(longitude) > 180 or not km > 0:
        return None
    return NearPlace(latitude, longitude, min(km, MAX_KM))


def kind_query(value: str) -> OfKind | None:
    """Parse the value of `type:`."""
    kind = _KINDS.get(value.casefold())
    return None if kind is None else OfKind(kind)


def flag_query(value: str) -> HasFlag | OfKind | None:
    """Parse the value of `is:`. `is:video` is accepted too."""
    try:
        return HasFlag(Flag(value.casefold()))
    except ValueError:
        return kind_query(value)


def confidence_of(value: str) -> float | None:
    """Parse a confidence: `0.8`, `.8`, `80` or `80%`. Returns 0 to 1."""
    match = re.fullmatch(r"(\d{0,3}(?:\.\d{0,6})?)(%?)", value, re.ASCII)
    if match is None or not match[1].strip("."):
        return None
    number = float(match[1])
    if match[2] or number > 1:
        number /= 100
    return number if number <= 1 else None


def count_of(value: str) -> int | None:
    """Parse a count; larger ones are cut to `MAX_COUNT`."""
    return min(int(value), MAX_COUNT) if re.fullmatch(r"\d{1,9}", value, re.ASCII) else None


def rating_query(operator: str, value: str) -> Query | None:
    """Parse the value of `rating:` or of a comparison: -1 to 5."""
    if not re.fullmatch(r"-1|[0-5]", value, re.ASCII):
        return None
    number = int(value)
    least, most = {
        ">=": (number, HIGHEST_RATING),
        ">": (number + 1, HIGHEST_RATING),
        "<=": (LOWEST_RATING, number),
        "<": (LOWEST_RATING, number - 1),
    }.get(operator, (number, number))
    return HasRating(least, most) if least <= most else Not(And())


def compared(operator: str, count: int, at_least: Callable[[int], Query]) -> Query:
    """Return a query for a comparison of a count, built from "at least N".

    Args:
        operator: `:`, `=`, `>=`, `<=`, `>` or `<`.
        count: what is compared with.
        at_least: a query for one and more.
    """

    def least(number: int) -> Query:
        return at_least(number) if number > 0 else And()

    match operator:
        case ">=":
            return least(count)
        case ">":
            return least(count + 1)
        case "<":
            return Not(least(count))
        case "<=":
            return Not(least(count + 1))
    if count == 0:
        return Not(least(1))
    return And((least(count), Not(least(count + 1))))


def _taken_span(value: str) -> TakenBetween | None:
    years = _YEARS.fullmatch(value)
    first, dots, last = (years[1], "..", years[2]) if years else value.partition("..")
    last = last.removeprefix(".")
    if not dots:
        return _date_span(value)
    one = _date_span(first) if first else TakenBetween(NO_DATE + 1, LAST_DATE)
    other = _date_span(last) if last else TakenBetween(NO_DATE + 1, LAST_DATE)
    if one is None or other is None:
        return None
    if first and last and one.first > other.first:  # typed the wrong way round
        one, other = other, one
    return TakenBetween(one.first, other.last)


def _date_span(value: str) -> TakenBetween | None:
    """Return the first and last second of a year, month, day, hour, minute or second."""
    match = next((found for form in _DATES if (found := form.fullmatch(value))), None)
    if match is None:
        return None
    parts = [int(part) for part in match.groups() if part is not None]
    if any(not low <= part <= high for part, low, high in zip(parts, _LOWEST, _HIGHEST, strict=False)):
        return None
    first = last = 0
    for number in range(len(_HIGHEST)):
        known = number < len(parts)
        first = first * 100 + (parts[number] if known else 0)
        last = last * 100 + (parts[number] if known else 99)
    return TakenBetween(max(first, NO_DATE + 1), last)
