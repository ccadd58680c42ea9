"""The page with the results of a search, the page of people, and completion."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from pipeline.text import printable
from search.backend import Facet, Facets, Page
from search.conditions import Condition, TermKind
from search.documents import UNKNOWN
from search.explain import explanation
from search.question import understand
from search.sqlite.index import SqliteIndex
from search.tokens import key_of
from search.web.querytext import field as query_field
from search.web.querytext import has_term, with_term, without_term
from search.web.suggestions import suggestions
from search.web.texts import MONTHS, TEXTS
from search.web.views import Choice, active_terms, choices, face_href, months_of, search_href

HITS = 60
_FACETS = (Facet.NAME, Facet.LABEL, Facet.TAG, Facet.YEAR, Facet.CAMERA, Facet.TYPE)
_MOST_VALUES = 24
_MOST_YEARS = 500
_MOST_COMPLETIONS = 10
_UNDATED = "-is:dated"
NO_FILTERS: dict[str, Any] = {
    "is_counted": True,
    **{name: [] for name in ("names", "labels", "tags", "cameras", "types", "years", "calendar")},
}
"""What `search_filters` returns where there is nothing to choose from."""
_YEAR = re.compile(r"(?<!\S)taken:(\d{4})(?:-(\d\d))?(?!\S)")


def search_page(index: SqliteIndex, query: str, after: str | None) -> dict[str, Any]:
    """What the template `search.html` shows of the results; `search_filters` gives the rest.

    Args:
        index: the index to search.
        query: the text as typed.
        after: the cursor of the page, from `Hits.next`; None for the first one.
    """
    question = understand(query, index)
    hits = index.search(question.condition, Page(HITS, after))
    instead = [] if hits.hits else suggestions(query, index.vocabulary())
    return {
        "query": query,
        "active": active_terms(query),
        "months": months_of(hits.hits, query, after),
        "count": str(index.count(question.condition)),
        "instead": [(printable(text), search_href(text)) for text in instead],
        "is_complete": hits.is_complete,
        "older": search_href(query, after=hits.next) if hits.next else None,
        "first": search_href(query) if after else None,
        "newer": _newer(index, question.condition, query, after) if after else None,
        "understood": explanation(replace(question, notes=())) if query.strip() else [],
        "notes": question.notes,
    }


def _newer(index: SqliteIndex, condition: Condition, query: str, after: str) -> str | None:
    """The address of the page before the one that begins after a cursor."""
    back = index.cursors_back(condition, after, HITS + 1)
    return search_href(query, after=back[HITS] if len(back) > HITS else None) if back else None


def search_filters(index: SqliteIndex, query: str) -> dict[str, Any]:
    """What the template shows beside the results: values to narrow the search down by.

    Counting them takes longer than finding a page of results.
    """
    condition = understand(query, index).condition
    facets = index.facets(condition, _FACETS, _MOST_VALUES)
    return {
        "is_counted": facets.is_complete,
        "names": choices(facets, Facet.NAME, query, "name"),
        "labels": choices(facets, Facet.LABEL, query, "label"),
        "tags": choices(facets, Facet.TAG, query, "tag"),
        "cameras": choices(facets, Facet.CAMERA, query, "camera"),
        "types": choices(facets, Facet.TYPE, query, "type"),
        "years": _years(index, query, facets) + _undated(index, query),
        "calendar": _calendar(index, query),
    }


def completions(index: SqliteIndex, query: str) -> list[dict[str, str]]:
    """Completions of the last word of a query: names, labels and tags, most files first.

    Returns: objects with `query`, the whole query after the choice, `text` and `count`.
    """
    beginning, word = re.fullmatch(r"(.*?)(\S*)", query, re.DOTALL).groups()  # type: ignore[union-attr]
    sign = "-" if word.startswith("-") else ""
    kind, _, value = word.removeprefix("-").rpartition(":")
    key = key_of(value.strip('"'))
    if not key or kind not in ("", "name", "label", "tag"):
        return []
    terms = [
        term
        for term in index.vocabulary().terms
        if any(f" {term.key}".find(f" {key}", at) == at for at in _word_starts(term.key))
        and (kind == "" or kind == term.kind.name.lower())
    ]
    terms.sort(key=lambda term: (-term.files, term.key))
    return [
        {
            "query": f"{beginning}{sign}{query_field(term.kind.name.lower(), term.text)} ",
            "text": f"{term.kind.name.lower()}:{term.text}",
            "count": f"{term.files:,}",
        }
        for term in terms[:_MOST_COMPLETIONS]
    ]


def people_page(index: SqliteIndex) -> dict[str, Any]:
    """What the template `people.html` shows: people with names, most files first; `unknown` comes last."""
    terms = sorted(
        (term for term in index.vocabulary().terms if term.kind is TermKind.NAME),
        key=lambda term: (term.text == UNKNOWN, -term.files, term.key),
    )
    return {"people": [person_choice(term.text, term.files) for term in terms]}


def person_choice(name: str, files: int) -> Choice:
    """A person as a link to the files with them."""
    return Choice(
        printable(name), f"{files:,}", search_href(query_field("name", name)), False, face_href(name)
    )


def _word_starts(key: str) -> list[int]:
    return [at for at, char in enumerate(f" {key}") if char == " "]


def _all_years(counted: list[Choice], known: Sequence[int], query: str) -> list[Choice]:
    """The years of a result of which only the newest files were counted; the oldest year's number is not
    complete, and those before it have none.
    """
    by_text = {choice.text: choice for choice in counted}
    oldest = min(by_text, default="")
    found = []
    for text in {*by_text, *(f"{year:04d}" for year in known)}:
        term = query_field("taken", text)
        href = search_href(with_term(query, term))
        found.append(
            by_text[text]
            if text in by_text and text > oldest
            else Choice(text, "", href, has_term(query, term))
        )
    return found


def _years(index: SqliteIndex, query: str, facets: Facets) -> list[Choice]:
    """The years of a result, latest first; all years of the rest of the query if it names a year.

    Args:
        index: the index.
        query: of the page.
        facets: of the query.
    """
    named = _YEAR.search(query)
    rest = without_term(query, named[0]) if named else query
    condition = understand(rest, index).condition
    if named or len(facets.values.get(Facet.YEAR, ())) >= _MOST_VALUES:
        facets = index.facets(condition, (Facet.YEAR,), _MOST_YEARS)
    found = choices(facets, Facet.YEAR, rest, "taken")
    if not facets.is_complete:
        found = _all_years(found, index.years(condition), rest)
    if named:
        found = [_chosen(year, rest, named[2]) if year.text == named[1] else year for year in found]
    return sorted(found, key=lambda choice: choice.text, reverse=True)


def _chosen(year: Choice, rest: str, month: str | None) -> Choice:
    """The chosen year, which leads from a month to the whole year, and from that to all years.

    Args:
        rest: the query without the date.
        month: that the query names; None if it names the year alone.
    """
    href = search_href(with_term(rest, f"taken:{year.text}") if month else rest)
    return replace(year, href=href, is_active=True)


def _undated(index: SqliteIndex, query: str) -> list[Choice]:
    """The entry of the rail for files without a date, if the collection has any.

    It has no number: counting them in a large result takes as long as everything else.
    """
    is_active = has_term(query, _UNDATED)
    if not is_active:
        if not index.search(understand(query, index).condition, Page(1)).hits:
            return []
        any_undated = index.search(understand(_UNDATED, index).condition, Page(1)).hits
        if not any_undated or _YEAR.search(query):
            return []
    href = search_href(without_term(query, _UNDATED) if is_active else with_term(query, _UNDATED))
    return [Choice(TEXTS["no_date"], "", href, is_active)]


def _calendar(index: SqliteIndex, query: str) -> list[Choice]:
    """The months of the year that the query names, with their counts; empty where it names none."""
    named = _YEAR.search(query)
    if named is None:
        return []
    year, chosen = int(named[1]), named[2]
    rest = without_term(query, named[0])
    found = []
    for month, name in enumerate(MONTHS, 1):
        term = f"taken:{year}-{month:02d}"
        is_active = chosen == f"{month:02d}"
        href = search_href(with_term(rest, f"taken:{year}" if is_active else term))
        count = index.count(understand(with_term(rest, term), index).condition)
        if count.files or is_active:
            found.append(Choice(name, str(count), href, is_active))
    return found
