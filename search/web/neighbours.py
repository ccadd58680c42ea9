"""The files before and behind a file in the results that led to it."""

from __future__ import annotations

from search.backend import Page
from search.conditions import Condition
from search.documents import Document
from search.question import understand
from search.sqlite.index import SqliteIndex
from search.web.searchpage import HITS
from search.web.views import file_href


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
    """The address of the last file on the page before the one that begins after a cursor."""
    back = index.cursors_back(condition, after, HITS + 1)
    path = index.path_at(back[0]) if back else None
    return None if path is None else file_href(path, query, back[HITS] if len(back) > HITS else None)
