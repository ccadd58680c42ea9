"""The values of a facet as they are shown, the same for each backend."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from search.backend import Facet
from search.conditions import MediaKind


def most_frequent(
    facet: Facet, found: Iterable[tuple[Any, int]], most: int | None = None
) -> tuple[tuple[str, int], ...]:
    """Return the most frequent values of a facet, the most frequent first, equally frequent ones by text.

    Args:
        facet: which one.
        found: the values as a backend stores them, and how many files have each.
        most: how many are returned at most; all without it.
    """
    named = [(_shown(facet, value), files) for value, files in found]
    return tuple(sorted(named, key=lambda pair: (-pair[1], pair[0]))[:most])


def _shown(facet: Facet, value: Any) -> str:
    if facet is Facet.YEAR:
        return f"{int(value):04d}"
    return MediaKind(int(value)).word if facet is Facet.TYPE else str(value)
