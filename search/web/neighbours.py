"""The files before and behind a file in the results that led to it."""

from __future__ import annotations

from search.backend import Page
from search.conditions import Condition
from search.documents import Document
from search.question import understand
from search.sqlite.index import SqliteIndex
from search.web.searchpage import HITS
from search.web.views import file_href

_MOST_PAGES_BACK = 25


def neighbours(
    index: SqliteIndex, document: Document, query: str, after: str | None
) -> tuple[str | None, str | None]:
    """The addresses of the files before and behind this one in the results that led here."""
    condition = understand(query, index).condition
    page = index.search(condition, Page(HITS, after))
    paths = [hit.path for hit in page.hits]
    if document.path not in paths:
        return None, None
    at = paths.index(document.path)
    previous: str | None = None
    if at > 0:
        previous = file_href(paths[at - 1], query, after)
    elif after is not None:
        previous = _last_before(index, condition, query, after)
    if at + 1 < len(paths):
        return previous, file_href(paths[at + 1], query, after)
    if page.next is None:
        return previous, None
    behind = index.search(condition, Page(1, page.next)).hits
    return previous, file_href(behind[0].path, query, page.next) if behind else None


def _last_before(index: SqliteIndex, condition: Condition, query: str, after: str) -> str | None:
    """The address of the last file on the page before the one that begins after a cursor.

    An index only leads forward, so pages are read from the first one; far behind it there is no such link.
    """
    cursor = None
    for _ in range(_MOST_PAGES_BACK):
        page = index.search(condition, Page(HITS, cursor))
        if page.next == after and page.hits:
            return file_href(page.hits[-1].path, query, cursor)
        cursor = page.next
        if cursor is None:
            return None
    return None
