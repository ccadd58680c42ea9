"""A face for each person: the box of a photo in which the person is recognized best."""

from __future__ import annotations

from search.backend import Page
from search.conditions import TermKind
from search.documents import Document, Rect
from search.question import understand
from search.web.library import Library
from search.web.querytext import field

_PHOTOS = 20
"""Number of photos examined, newest first."""


def best_face(library: Library, name: str) -> tuple[Document, Rect] | None:
    """The photo and the box of a person's face with the smallest distance, or None if no photo has one."""
    index = library.index()
    condition = understand(f"{field('name', name)} type:photo", index).condition
    found: list[tuple[float, int, Document, Rect]] = []
    for number, hit in enumerate(index.search(condition, Page(_PHOTOS)).hits):
        document = index.document(hit.path)
        if document is None:
            continue
        for one in document.detections:
            if one.kind is TermKind.NAME and one.text == name:
                distance = 0.0 if one.distance is None else one.distance
                found.append((distance, number, document, one.rect))
    if not found:
        return None
    _, _, document, rect = min(found, key=lambda face: face[:2])
    return document, rect
