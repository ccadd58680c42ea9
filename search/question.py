"""Ask an index: from the text of a query to pages of hits."""

from __future__ import annotations

from collections.abc import Iterator

from search.backend import Backend, Hits, Page
from search.parser import parse
from search.resolve import Resolved, resolve


def understand(text: str, backend: Backend) -> Resolved:
    """Return the meaning of a query for the labels, names and cameras of an index."""
    return resolve(parse(text), backend.vocabulary())


def iter_pages(
    backend: Backend, question: Resolved, most: int | None, page_size: int = 5_000
) -> Iterator[Hits]:
    """Yield the pages of a result until its end or a number of hits.

    Args:
        backend: that is asked.
        question: what is asked.
        most: hits altogether; None for all.
        page_size: hits a page.
    """
    after, left = None, most
    while left is None or left > 0:
        size = page_size if left is None else min(page_size, left)
        page = backend.search(question.condition, Page(size, after))
        yield page
        if page.next is None or not page.is_complete:
            return
        after = page.next
        left = None if left is None else left - len(page.hits)
