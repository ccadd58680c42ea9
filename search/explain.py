"""Describe in words how a query was understood."""

from __future__ import annotations

from collections.abc import Iterator

from search.conditions import (
    AllOf,
    AnyOf,
    Condition,
    Everything,
    Flag,
    HasCamera,
    HasConfidence,
    HasFaces,
    HasFlag,
    HasRating,
    HasTerm,
    HasWords,
    NearPlace,
    Nothing,
    NotOf,
    OfKind,
    TakenBetween,
    Together,
)
from search.fieldvalues import HIGHEST_RATING, LAST_DATE, NO_DATE
from search.resolve import Resolved

_MOST_TERMS = 8
_FLAGS = {
    Flag.LOCATED: "it is known where it was taken",
    Flag.PARTIAL: "it is cut off or damaged",
    Flag.ANNOTATED: "there is an annotated copy",
    Flag.DATED: "it is known when it was taken",
    Flag.NAMED: "a face in it has a name",
}


def explanation(question: Resolved) -> list[str]:
    """Return lines of text: the conditions, one a line, and the notes."""
    lines = ["files that match:", *(f"  {line}" for line in _lines(question.condition))]
    return lines + [f"note: {note}" for note in question.notes]


def _lines(condition: Condition) -> Iterator[str]:
    match condition:
        case AllOf(conditions):
            yield "all of:"
            for one in conditions:
                yield from (f"  {line}" for line in _lines(one))
        case AnyOf(conditions):
            yield "any of:"
            for one in conditions:
                yield from (f"  {line}" for line in _lines(one))
        case NotOf(inner):
            yield "not:"
            yield from (f"  {line}" for line in _lines(inner))
        case _:
            yield _leaf(condition)


def _leaf(condition: Condition) -> str:
    match condition:
        case Everything():
            return "every file"
        case Nothing():
            return "no file"
        case HasTerm():
            return _term(condition)
        case HasWords(tokens, prefix, field):
            return f'the {field or "path or title"} has "{" ".join(tokens)}{"*" * prefix}"'
        case HasConfidence(least):
            return f"something is seen with a confidence of {least:g} or more"
        case HasCamera(cameras):
            return f"the camera is {' or '.join(cameras[:_MOST_TERMS])}"
        case TakenBetween():
            return _taken(condition)
        case NearPlace(latitude, longitude, km):
            return f"taken at most {km:g} km from {latitude:g}, {longitude:g}"
        case OfKind(kind):
            return f"it is a {kind.word}"
        case HasFlag(flag):
            return _FLAGS[flag]
        case HasFaces(at_least):
            return f"{at_least} or more faces in one picture"
        case HasRating():
            return _rating(condition)
        case Together(groups, window_s):
            names = " and ".join(group.terms[0].text for group in groups)
            return f"if it is a video, {names} are seen within {window_s:g} seconds"
    raise AssertionError(condition)


def _term(condition: HasTerm) -> str:
    some = [
        f'the {term.kind.name.lower()} "{term.text}" ({term.files:,} file{"s" * (term.files != 1)})'
        for term in condition.terms[:_MOST_TERMS]
    ]
    if len(condition.terms) > _MOST_TERMS:
        some.append(f"{len(condition.terms) - _MOST_TERMS:,} more like these")
    text = " or ".join(some)
    if condition.at_least > 1:
        text += f", {condition.at_least} or more in one picture"
    if condition.confidence is not None:
        text += f", with a confidence of {condition.confidence:g} or more"
    return text


def _rating(condition: HasRating) -> str:
    least, most = condition.least, condition.most
    if least == most:
        return f"the rating is {least}"
    return f"the rating is {least} or more" if most >= HIGHEST_RATING else f"the rating is {most} or less"


def _taken(condition: TakenBetween) -> str:
    first, last = _digits(condition.first, "0"), _digits(condition.last, "9")
    if condition.first <= NO_DATE + 1:
        return f"taken until {last}"
    if condition.last >= LAST_DATE:
        return f"taken from {first} on"
    return f"taken in {first}" if first == last else f"taken from {first} to {last}"


def _digits(moment: int, filler: str) -> str:
    """Return a date without the parts that were not typed."""
    text = f"{moment:014d}"
    parts = [text[:4], text[4:6], text[6:8], text[8:10], text[10:12], text[12:]]
    while len(parts) > 1 and parts[-1] == filler * 2:
        parts.pop()
    return "-".join(parts[:3]) + (" " + ":".join(parts[3:]) if len(parts) > 3 else "")
