"""Conditions as SQL on a row of `file f`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

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
    MediaKind,
    NearPlace,
    Nothing,
    NotOf,
    OfKind,
    TakenBetween,
    TextField,
    Together,
)
from search.documents import MAX_LADDER, MILLIONTHS
from search.geo import EARTH_KM, cell_ranges
from search.sql import FLAG_BITS, Clause, joined

_WEIGHTS = {TextField.PATH: "D", TextField.TITLE: "A"}
"""D is what PostgreSQL gives lexemes without a weight."""
_DISTANCE = (
    f"2 * {EARTH_KM} * asin(least(1.0, sqrt(power(sin(radians(f.latitude - %s) / 2), 2) + cos(radians(%s)) * "
    "cos(radians(f.latitude)) * power(sin(radians(f.longitude - %s) / 2), 2))))"
)


def holds(condition: Condition) -> Clause:
    """What has to hold of a row of `file f`."""
    match condition:
        case Everything():
            return Clause("true")
        case Nothing():
            return Clause("false")
        case AllOf(conditions):
            words = [one for one in conditions if isinstance(one, HasWords)]
            rest = [holds(one) for one in conditions if not isinstance(one, HasWords)]
            return joined("AND", [*rest, _has_words(words)] if words else rest)
        case AnyOf(conditions):
            return joined("OR", map(holds, conditions))
        case NotOf(inner):
            clause = holds(inner)
            return Clause(f"NOT coalesce({clause.sql}, false)", clause.values)
        case HasTerm():
            return _has_term(condition)
        case HasWords():
            return _has_words([condition])
        case Together():
            return _together(condition)
        case NearPlace():
            return _near(condition)
    return _of_row(condition)


def term_bounds(condition: HasTerm, posting: str) -> Clause:
    """What `at_least` and `confidence` ask of a row of `posting`; begins with AND, or is empty."""
    sql, values = "", list[int]()
    if condition.at_least > 1:
        sql += f" AND {posting}.n > 1 AND {posting}.n >= %s"  # the first as in the index of such postings
        values.append(condition.at_least)
        if condition.confidence is not None:
            sql += f" AND {posting}.ladder[%s] >= %s"
            values += [
                min(condition.at_least, MAX_LADDER),
                -(-round(condition.confidence * MILLIONTHS) // 1000),
            ]
    elif condition.confidence is not None:
        sql += f" AND ({posting}.best IS NULL OR {posting}.best >= %s)"
        values.append(round(condition.confidence * MILLIONTHS))
    return Clause(sql, tuple(values))


def numbers_of(condition: HasTerm) -> list[int]:
    """The numbers of the condition's terms."""
    return [term.number for term in condition.terms]


def lexemes_of(path: Sequence[str], title: Sequence[str]) -> str:
    """The tokens of a file as the text of a `tsvector`, each at its place, those of the title with a weight.

    A place is left free between them, so that no phrase begins in the one and ends in the other.
    """
    lexemes = [f"{_quoted(token)}:{place}" for place, token in enumerate(path, 1)]
    lexemes += [f"{_quoted(token)}:{place}A" for place, token in enumerate(title, len(path) + 2)]
    return " ".join(lexemes)


def _has_term(condition: HasTerm) -> Clause:
    bounds = term_bounds(condition, "q")
    if not bounds.sql:
        return Clause("f.terms && %s::integer[]", (numbers_of(condition),))
    return Clause(
        f"EXISTS (SELECT 1 FROM posting q WHERE q.file = f.id AND q.term = ANY(%s){bounds.sql})",
        (numbers_of(condition), *bounds.values),
    )


def _has_words(words: Iterable[HasWords]) -> Clause:
    """All of these words, asked for at once: the index intersects them fast."""
    return Clause("f.words @@ %s::tsquery", (" & ".join(f"({_tsquery(one)})" for one in words),))


def _tsquery(words: HasWords) -> str:
    weight = _WEIGHTS[words.field] if words.field else ""
    marks = [weight] * len(words.tokens)
    marks[-1] = "*" * words.prefix + weight
    return " <-> ".join(
        f"{_quoted(token)}:{mark}" if mark else _quoted(token)
        for token, mark in zip(words.tokens, marks, strict=True)
    )


def _quoted(token: str) -> str:
    doubled = token.replace("\\", "\\\\").replace("'", "''")
    return f"'{doubled}'"


def _together(condition: Together) -> Clause:
    """Spans, one of each group, of which each two are near: then all reach into one window (Helly)."""
    names = [f"m{number}" for number in range(len(condition.groups))]
    tests: list[str] = []
    values: list[Any] = []
    for number, (name, group) in enumerate(zip(names, condition.groups, strict=True)):
        tests.append(f"{name}.file = f.id AND {name}.term = ANY(%s)")
        values.append(numbers_of(group))
        if group.confidence is not None:
            tests.append(f"({name}.confidence IS NULL OR {name}.confidence >= %s)")
            values.append(round(group.confidence * MILLIONTHS))
        for other in names[:number]:
            tests.append(f"{name}.first <= {other}.last + %s AND {name}.last >= {other}.first - %s")
            values += [condition.window_s, condition.window_s]
    tables = ", ".join(f"moment {name}" for name in names)
    spans = f"SELECT 1 FROM {tables} WHERE {' AND '.join(tests)}"
    return Clause(f"(f.kind = {int(MediaKind.PHOTO)} OR EXISTS ({spans}))", tuple(values))


def _near(near: NearPlace) -> Clause:
    cells = " OR ".join(f"f.cell BETWEEN {low} AND {high}" for low, high in cell_ranges(near))
    place = (near.latitude, near.latitude, near.longitude)
    return Clause(f"(({cells}) AND {_DISTANCE} <= %s)", (*place, near.km))


def _of_row(condition: Condition) -> Clause:
    match condition:
        case TakenBetween(first, last):
            return Clause("f.age BETWEEN %s AND %s", (-last, -first))
        case OfKind(kind):
            return Clause("f.kind = %s", (int(kind),))
        case HasFlag(Flag.DATED):
            return Clause("f.age < 0")
        case HasFlag(flag):
            return Clause(f"f.flags & {FLAG_BITS[flag]} <> 0")  # written out, as in the index of flags
        case HasFaces(at_least):
            return Clause("f.faces >= %s", (at_least,))
        case HasRating(least, most):
            return Clause(f"f.rating BETWEEN {least} AND {most}")
        case HasCamera(cameras):
            return Clause("coalesce(f.camera = ANY(%s), false)", (list(cameras),))
        case HasConfidence(least):
            return Clause("coalesce(f.best >= %s, false)", (round(least * MILLIONTHS),))
    raise AssertionError(condition)
