"""The interface of all search backends.

A backend gets resolved conditions (`search.resolve`) and whole documents (`search.documents`), both with
words already split into tokens (`search.tokens`). The query language and the meaning of a condition are
therefore the same for all backends; a backend only translates.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from pipeline.errors import UsageError
from search.conditions import Condition, MediaKind
from search.documents import Document, Moment
from search.spans import Span
from search.vocabulary import Vocabulary

MOST_COUNTED = 10_000
"""Counts are exact up to this; beyond it is "more"."""
QUERY_SECONDS = 2.0
"""A query that takes longer is ended, and says what it has."""


class Facet(StrEnum):
    """A property by which the files of a result can be counted."""

    LABEL = "label"
    NAME = "name"
    TAG = "tag"
    YEAR = "year"
    TYPE = "type"
    CAMERA = "camera"


class CursorError(UsageError):
    """The text that says where a page of results begins is not one of an index."""


@dataclass(frozen=True, slots=True)
class Page:
    """A part of a result.

    Args:
        size: how many hits, 1 and more.
        after: `Hits.next` of the page before; None for the first one.
    """

    size: int = 100
    after: str | None = None


@dataclass(frozen=True, slots=True)
class Hit:
    """One file of a result.

    Args:
        path, source, kind, taken: as in `Document`.
        labels, names: what is on it, by text.
        width, height: upright, pixels.
        duration_s: of a video, or None.
        moments: when a video shows what was asked for; empty for photos, and where nothing of the kind was
            asked.
        best: the moment with the surest box of a label or name that was asked for, or None.
    """

    path: bytes
    source: bytes
    kind: MediaKind
    taken: int
    labels: tuple[str, ...]
    names: tuple[str, ...]
    width: int = 0
    height: int = 0
    duration_s: float | None = None
    moments: tuple[Span, ...] = ()
    best: Moment | None = None


@dataclass(frozen=True, slots=True)
class Hits:
    """A page of a result, newest first; files without a date come last.

    Args:
        hits: on this page.
        next: for the following page, or None where there is none.
        is_complete: False where time ran out: there may be more, and they cannot be asked for.
    """

    hits: tuple[Hit, ...]
    next: str | None = None
    is_complete: bool = True


@dataclass(frozen=True, slots=True)
class Count:
    """The number of files for which a condition holds.

    Args:
        files: `MOST_COUNTED` at most.
        is_exact: False where there are, or may be, more.
    """

    files: int
    is_exact: bool = True

    def __str__(self) -> str:
        return f"{self.files:,}" + "+" * (not self.is_exact)


@dataclass(frozen=True, slots=True)
class Facets:
    """The number of files of a result for each value of some facets.

    Args:
        values: for each facet the values with their numbers of files, most files first, then by value.
        is_complete: False where time ran out.
    """

    values: dict[Facet, tuple[tuple[str, int], ...]] = field(default_factory=dict)
    is_complete: bool = True


class Backend(Protocol):
    """An index that answers queries. Methods raise `MinerError` if it cannot be used."""

    def vocabulary(self) -> Vocabulary:
        """Return its labels, names and cameras."""

    def search(self, condition: Condition, page: Page) -> Hits:
        """Return a page of the files for which the condition holds."""

    def count(self, condition: Condition) -> Count:
        """Return the number of files for which the condition holds."""

    def facets(self, condition: Condition, facets: Sequence[Facet], most: int) -> Facets:
        """Return the most frequent values of these facets in the result, at most `most` for each."""

    def document(self, path: bytes) -> Document | None:
        """Return all that is known of one file, or None."""

    def iter_documents(self, condition: Condition, after: bytes = b"") -> Iterator[Document]:
        """The documents for which the condition holds and whose path comes after this one, in the order of
        paths.

        Memory does not grow with the result. No time bound: for exports and for loading other backends.
        """

    def close(self) -> None:
        """Close files and connections."""


class WritableBackend(Backend, Protocol):
    """An index that documents can be loaded into."""

    def apply(self, documents: Iterable[Document], removed: Iterable[bytes] = ()) -> None:
        """Put documents in, each in place of an earlier one of its path, and take paths out: all of it or
        nothing.
        """

    def iter_stamps(self) -> Iterator[tuple[bytes, int]]:
        """Yield the path and stamp of each document, in the order of paths."""


def terms_of(document: Document) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """A document's labels and names, by text, as a hit shows them."""
    labels = sorted(one.text for one in document.sightings if one.kind.name == "LABEL")
    names = sorted(one.text for one in document.sightings if one.kind.name == "NAME")
    return tuple(labels), tuple(names)


__all__ = [
    *("MOST_COUNTED", "QUERY_SECONDS", "Backend", "Count", "Facet", "Facets", "Hit", "Hits", "Page"),
    *("Term", "WritableBackend", "terms_of"),
]
