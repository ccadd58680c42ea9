"""Values that templates show: hits, facets, facts and boxes, each with its links."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlencode

from pipeline.text import printable
from search.backend import Facet, Facets, Hit
from search.conditions import MediaKind
from search.documents import UNKNOWN
from search.hitformats import clock
from search.web.library import key_of
from search.web.querytext import field as query_field
from search.web.querytext import has_term, removable_terms, with_term, without_term
from search.web.ratios import ratio_class
from search.web.wording import camera_text, month_title

THUMBNAIL_PX = 400


@dataclass(frozen=True, slots=True)
class Tile:
    """One hit in the grid of results."""

    key: str
    href: str
    ratio: str
    width: int
    height: int
    title: str
    description: str
    duration: str


@dataclass(frozen=True, slots=True)
class Month:
    """The hits of one month on a page."""

    title: str
    tiles: list[Tile] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Choice:
    """A value that a search can be narrowed down by, or widened by if it is active."""

    text: str
    count: str
    href: str
    is_active: bool
    face: str = ""


def search_href(query: str, **more: str | None) -> str:
    """The address of a search."""
    parameters = {"q": query, **{name: value for name, value in more.items() if value}}
    return "/?" + urlencode({name: value for name, value in parameters.items() if value})


def file_href(path: bytes, query: str = "", after: str | None = None, time_s: float | None = None) -> str:
    """The address of a file's page; query and page lead back to the results."""
    parameters = {"q": query, "after": after or "", "t": "" if time_s is None else f"{time_s:g}"}
    text = urlencode({name: value for name, value in parameters.items() if value})
    return f"/file/{key_of(path)}" + (f"?{text}" if text else "")


def months_of(hits: Iterable[Hit], query: str, after: str | None) -> list[Month]:
    """The hits of a page by month, in their order."""
    months: list[Month] = []
    for hit in hits:
        title = month_title(hit.taken)
        if not months or months[-1].title != title:
            months.append(Month(title))
        months[-1].tiles.append(_tile(hit, query, after))
    return months


def choices(facets: Facets, facet: Facet, query: str, fields: str) -> list[Choice]:
    """The values of a facet as links.

    Args:
        facets: the values and their counts; faces without a name come last.
        facet: which one.
        query: of the page.
        fields: the field of the query language, such as `label`.
    """
    return [
        Choice(
            printable(camera_text(text) if facet is Facet.CAMERA else text),
            f"{count:,}",
            search_href(_toggled(query, term)),
            has_term(query, term),
            face_href(text) if facet is Facet.NAME else "",
        )
        for text, count in sorted(
            facets.values.get(facet, ()), key=lambda value: _is_unknown(facet, value[0])
        )
        for term in (query_field(fields, text),)
    ]


def active_terms(query: str) -> list[tuple[str, str]]:
    """Each term of a query with the address of the search without it."""
    return [(printable(term), search_href(without_term(query, term))) for term in removable_terms(query)]


def face_href(name: str) -> str:
    """The address of a person's face; empty for faces without a name, which show many people."""
    return "" if name == UNKNOWN else f"/face?{urlencode({'name': name})}"


def _is_unknown(facet: Facet, text: str) -> bool:
    return facet is Facet.NAME and text == UNKNOWN


def _toggled(query: str, term: str) -> str:
    return without_term(query, term) if has_term(query, term) else with_term(query, term)


def _tile(hit: Hit, query: str, after: str | None) -> Tile:
    start = hit.moments[0].first_s if hit.moments else None
    width, height = (hit.width, hit.height) if hit.width > 0 and hit.height > 0 else (4, 3)
    scale = THUMBNAIL_PX / max(width, height)
    return Tile(
        key=key_of(hit.path),
        href=file_href(hit.path, query, after, start),
        ratio=ratio_class(width, height),
        width=max(1, round(width * scale)),
        height=max(1, round(height * scale)),
        title=printable(os.fsdecode(hit.path.rpartition(b"/")[2])),
        description=describe(hit.kind, hit.names, hit.labels),
        duration=clock(int(hit.duration_s)) if hit.duration_s is not None else "",
    )


def describe(kind: MediaKind, names: Sequence[str], labels: Sequence[str]) -> str:
    """Alternative text of a picture: what kind of file it is and what was found in it."""
    found = [printable(text) for text in (*names, *labels)]
    return f"{kind.word}: {', '.join(found)}" if found else kind.word
