"""What the backends that speak SQL write alike: pieces of statements, and the values of a file's columns."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from search.conditions import Flag
from search.documents import MILLIONTHS, Document

PARTIAL, ANNOTATED, NAMED, LOCATED = 1, 2, 4, 8
"""Bits of `file.flags`."""
FLAG_BITS = {Flag.PARTIAL: PARTIAL, Flag.ANNOTATED: ANNOTATED, Flag.NAMED: NAMED, Flag.LOCATED: LOCATED}
NO_CONFIDENCE = 9999
"""Stands in a ladder for a box without a confidence, which always counts."""


class Clause(NamedTuple):
    """A piece of SQL and the values of its placeholders."""

    sql: str
    values: tuple[Any, ...] = ()


def joined(word: str, clauses: Iterable[Clause]) -> Clause:
    """Return the clauses joined by AND or OR, in brackets."""
    given = list(clauses)
    sql = f" {word} ".join(clause.sql for clause in given)
    return Clause(f"({sql})", tuple(value for clause in given for value in clause.values))


def flags_of(document: Document) -> int:
    """Return the bits of `file.flags`."""
    return (
        PARTIAL * document.is_partial
        | ANNOTATED * document.is_annotated
        | NAMED * document.is_named
        | LOCATED * (document.latitude is not None)
    )


def step_of(confidence: float | None) -> int:
    """Return a step of a ladder: whole thousandths, rounded down, or `NO_CONFIDENCE`."""
    return NO_CONFIDENCE if confidence is None else round(confidence * MILLIONTHS) // 1000
