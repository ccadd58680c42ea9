"""The boxes of a document as the export formats want them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from search.conditions import TermKind
from search.documents import Document, Rect
from search.vocabulary import Vocabulary


class Box(NamedTuple):
    """A box with its class.

    Args:
        text: label or name.
        kind: which of the two.
        component: the detector or recognizer.
        confidence: 0 to 1, or None.
        rect: pixels of the upright picture, right and bottom exclusive; inside the picture.
        time_s, frame: of a video's best frame, else None.
    """

    text: str
    kind: TermKind
    component: str
    confidence: float | None
    rect: Rect
    time_s: float | None = None
    frame: int | None = None


def iter_boxes(document: Document, kinds: Iterable[TermKind]) -> Iterator[Box]:
    """The boxes of a photo, and the best box of each span of a video, in a fixed order.

    Empty boxes, and parts of boxes outside of the picture, are left out.
    """
    wanted = frozenset(kinds)
    found = [
        Box(one.text, one.kind, one.component, one.confidence, one.rect)
        for one in document.detections
        if one.kind in wanted
    ]
    found += [
        Box(one.text, one.kind, one.component, one.confidence, one.rect, one.time_s, one.frame)
        for one in document.moments
        if one.kind in wanted
    ]
    found.sort(key=lambda box: (box.time_s or 0.0, box.rect, box.kind, box.text, box.component))
    for box in found:
        x1, y1, x2, y2 = box.rect
        x1, x2 = (min(max(x, 0), document.width) for x in (x1, x2))
        y1, y2 = (min(max(y, 0), document.height) for y in (y1, y2))
        if x1 < x2 and y1 < y2:
            yield box._replace(rect=(x1, y1, x2, y2))


def class_names(vocabulary: Vocabulary, kinds: Iterable[TermKind]) -> list[tuple[TermKind, str]]:
    """The classes that an index has, labels first, each kind in the order of its texts."""
    wanted = frozenset(kinds)
    return sorted({(term.kind, term.text) for term in vocabulary.terms if term.kind in wanted})


def relative_path(document: Document) -> str:
    """The path below INPUT as `os.fsdecode` gives it."""
    return os.fsdecode(document.path)
