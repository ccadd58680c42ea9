"""The syntax tree of a query, before labels and names are looked up in an index."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from search.conditions import (
    HasFaces,
    HasFlag,
    HasRating,
    NearPlace,
    OfKind,
    TakenBetween,
    TermKind,
    TextField,
)


@dataclass(frozen=True, slots=True)
class Words:
    """A word, or a phrase in quotes: matches labels, names, tags, titles and paths.

    Args:
        text: as it was typed, without quotes and `*`.
        tokens: of the text; none for punctuation alone.
        prefix: whether a `*` stood at its end.
        quoted: whether it stood in quotes.
        remark: why something that looked like a field is searched as words; empty for none.
    """

    text: str
    tokens: tuple[str, ...]
    prefix: bool = False
    quoted: bool = False
    remark: str = ""


@dataclass(frozen=True, slots=True)
class TermQuery:
    """`label:`, `name:` or `tag:`, with a count if one was given.

    Args:
        kind: which of them.
        text: the value as it was typed, without quotes and `*`.
        prefix: whether a `*` stood at its end.
        at_least: in one picture or frame.
    """

    kind: TermKind
    text: str
    prefix: bool = False
    at_least: int = 1


@dataclass(frozen=True, slots=True)
class TextWords:
    """`path:` or `title:`; tokens as in `HasWords`."""

    field: TextField
    tokens: tuple[str, ...]
    prefix: bool = False


@dataclass(frozen=True, slots=True)
class CameraQuery:
    """`camera:`; tokens that stand side by side in the camera's name."""

    text: str
    tokens: tuple[str, ...]
    prefix: bool = False


@dataclass(frozen=True, slots=True)
class ConfidenceQuery:
    """`conf>=`: labels below this, 0 to 1, do not count in this conjunction."""

    least: float


@dataclass(frozen=True, slots=True)
class And:
    """All parts hold. True of every file if there are no parts."""

    parts: tuple[Query, ...] = ()


@dataclass(frozen=True, slots=True)
class Or:
    """At least one of two or more parts holds."""

    parts: tuple[Query, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The part does not hold."""

    part: Query


FieldQuery: TypeAlias = (
    TermQuery
    | TextWords
    | CameraQuery
    | ConfidenceQuery
    | TakenBetween
    | NearPlace
    | OfKind
    | HasFlag
    | HasFaces
    | HasRating
)
Query: TypeAlias = Words | FieldQuery | And | Or | Not

__all__ = [
    *("And", "CameraQuery", "ConfidenceQuery", "FieldQuery", "Flag", "MediaKind", "Not", "Or", "Query"),
    *("TermKind", "TermQuery", "TextField", "TextWords", "Words"),
]
