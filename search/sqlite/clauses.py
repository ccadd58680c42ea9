"""Conditions as SQL expressions on one file, independent of the order in which files are read."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

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
    TermKind,
    Together,
)
from search.documents import MAX_LADDER, MILLIONTHS
from search.geo import cell_ranges
from search.sql import FLAG_BITS, LOCATED, Clause, joined
from search.sqlite.schema import LADDER_DIGITS

MANY_TERMS = 40
"""So many terms are not looked up one by one but looked for among a file's boxes."""


@dataclass(frozen=True, slots=True)
class AllWords:
    """All of these words. They are looked up together, because the text index intersects them fast."""

    words: tuple[HasWords, ...]


Conjunct: TypeAlias = Condition | AllWords


class Row(NamedTuple):
    """The SQL expressions for a file's number and age."""

    file: str
    age: str


FILE_ROW = Row("f.id", "f.age")
POSTING_ROW = Row("p.file", "p.age")


def match_of(words: Iterable[HasWords]) -> str:
    """Return a full text query for all of these words. Tokens are quoted, so none is read as an operator."""
    return " AND ".join(map(_phrase, words))


def _phrase(words: HasWords) -> str:
    column = f"{words.field} : " if words.field else ""
    return f'{column}"{" ".join(words.tokens).replace(chr(34), chr(34) * 2)}"{" *" * words.prefix}'


def holds(condition: Conjunct, row: Row) -> Clause:
    """Return an SQL expression that is true if the condition holds for a row of `file f`.

    Args:
        condition: resolved.
        row: what the row is called.
    """
    match condition:
        case Everything():
            return Clause("1")
        case Nothing():
            return Clause("0")
        case AllOf(conditions):
            return joined("AND", (holds(one, row) for one in conditions))
        case AnyOf(conditions):
            return joined("OR", (holds(one, row) for one in conditions))
        case NotOf(inner):
            clause = holds(inner, row)
            return Clause(f"NOT coalesce({clause.sql}, 0)", clause.values)
        case HasTerm():
            return _has_term(condition, row)
        case HasWords():
            return _has_match(match_of([condition]), row)
        case AllWords(words):
            return _has_match(match_of(words), row)
        case Together():
            return _together(condition, row)
    return _of_file(condition)


def _has_match(match: str, row: Row) -> Clause:
    """Return a test that the texts have these words. Collecting a million files takes 0.1 s, probing more."""
    return Clause(f"{row.file} IN (SELECT rowid FROM words WHERE words MATCH ?)", (match,))


def term_bounds(condition: HasTerm, posting: str) -> Clause:
    """Return the tests of `at_least` and `confidence` on a row of `posting`; begins with AND or is empty."""
    sql, values = "", list[int]()
    if condition.at_least > 1:
        sql += f" AND {posting}.n >= ?"
        values.append(condition.at_least)
    if condition.confidence is not None and condition.at_least > 1:
        step = min(condition.at_least, MAX_LADDER)
        at = LADDER_DIGITS * (step - 1) + 1
        sql += f" AND CAST(substr({posting}.ladder, {at}, {LADDER_DIGITS}) AS INTEGER) >= ?"
        values.append(-(-round(condition.confidence * MILLIONTHS) // 1000))
    elif condition.confidence is not None:
        sql += f" AND ({posting}.best IS NULL OR {posting}.best >= ?)"
        values.append(round(condition.confidence * MILLIONTHS))
    return Clause(sql, tuple(values))


def term_is(condition: HasTerm, column: str) -> Clause:
    """Return a test that a column is one of the condition's terms."""
    numbers = [str(int(term.number)) for term in condition.terms]
    if len(numbers) == 1:
        return Clause(f"{column} = {numbers[0]}")
    return Clause(f"{column} IN ({', '.join(numbers)})")


def _has_term(condition: HasTerm, row: Row) -> Clause:
    if len(condition.terms) > MANY_TERMS and condition.at_least == 1:
        return _has_one_of_many(condition, row)
    term, bounds = term_is(condition, "q.term"), term_bounds(condition, "q")
    place = f"q.age = {row.age} AND q.file = {row.file}"
    return Clause(f"EXISTS (SELECT 1 FROM posting q WHERE {term.sql} AND {place}{bounds.sql})", bounds.values)


def _has_one_of_many(condition: HasTerm, row: Row) -> Clause:
    term = term_is(condition, "+d.term").sql  # +: a file's rows are compared, not each term looked up
    sure = ""
    values: tuple[int, ...] = ()
    if condition.confidence is not None:
        sure = " AND (d.confidence IS NULL OR d.confidence >= ?)"
        values = (round(condition.confidence * MILLIONTHS),)
    kinds = {one.kind for one in condition.terms}
    places: list[tuple[str, str, tuple[int, ...]]] = []
    if TermKind.TAG in kinds:
        places.append(("boxless", "", ()))
    if kinds != {TermKind.TAG}:
        places += [("detection", sure, values), ("moment", sure, values)]
    return joined(
        "OR",
        (
            Clause(f"EXISTS (SELECT 1 FROM {table} d WHERE d.file = {row.file} AND {term}{bound})", given)
            for table, bound, given in places
        ),
    )


def _together(condition: Together, row: Row) -> Clause:
    """Return a test for spans, one of each group, that are near in pairs; by Helly one window touches all."""
    names = [f"m{number}" for number in range(len(condition.groups))]
    tests: list[str] = []
    values: list[Any] = []
    for number, (name, group) in enumerate(zip(names, condition.groups, strict=True)):
        tests.append(f"{name}.file = {row.file} AND {term_is(group, f'{name}.term').sql}")
        if group.confidence is not None:
            tests.append(f"({name}.confidence IS NULL OR {name}.confidence >= ?)")
            values.append(round(group.confidence * MILLIONTHS))
        for other in names[:number]:
            tests.append(f"{name}.first <= {other}.last + ? AND {name}.last >= {other}.first - ?")
            values.extend((condition.window_s, condition.window_s))
    tables = " CROSS JOIN ".join(f"moment {name}" for name in names)
    spans = f"SELECT 1 FROM {tables} WHERE {' AND '.join(tests)}"
    return Clause(f"(f.kind = {int(MediaKind.PHOTO)} OR EXISTS ({spans}))", tuple(values))


def _of_file(condition: Condition) -> Clause:
    """Return a test of the row of `file f` itself."""
    match condition:
        case TakenBetween(first, last):
            return Clause("f.age BETWEEN ? AND ?", (-last, -first))
        case OfKind(kind):
            return Clause("f.kind = ?", (int(kind),))
        case HasFlag(Flag.DATED):
            return Clause("f.age < 0")
        case HasFlag(flag):
            return Clause("f.flags & ?", (FLAG_BITS[flag],))
        case HasFaces(at_least):
            return Clause("f.faces >= ?", (at_least,))
        case HasRating(least, most):
            return Clause("f.rating BETWEEN ? AND ?", (least, most))
        case HasCamera(cameras):
            marks = ", ".join("?" * len(cameras))
            return Clause(
                f"coalesce(f.camera IN (SELECT id FROM camera WHERE name IN ({marks})), 0)", cameras
            )
        case NearPlace(latitude, longitude, km):
            return Clause(
                f"(f.flags & {LOCATED} AND distance_km(?, ?, f.latitude, f.longitude) <= ?)",
                (latitude, longitude, km),
            )
        case HasConfidence(least):
            return Clause("coalesce(f.sure >= ?, 0)", (round(least * MILLIONTHS),))
    raise AssertionError(condition)


def in_cells(near: NearPlace) -> Clause:
    """Return a subquery for the files in the cells that a circle touches."""
    ranges = cell_ranges(near)
    rows = ", ".join(f"({low}, {high})" for low, high in ranges)
    return Clause(
        f"SELECT c.id AS file FROM (VALUES {rows}) AS span CROSS JOIN file c INDEXED BY file_cell"
        " ON c.cell BETWEEN span.column1 AND span.column2"
    )
