"""From a document to a hit: the moments of a video at which it shows what was asked for."""

from __future__ import annotations

from collections.abc import Sequence

from search.backend import Hit, terms_of
from search.conditions import HasTerm
from search.documents import MILLIONTHS, Document, Moment
from search.resolve import WINDOW_S
from search.spans import Span, together


def hit_of(document: Document, groups: Sequence[HasTerm]) -> Hit:
    """A document as a hit.

    Args:
        document: that was found.
        groups: what was asked for, from `search.resolve.shown_groups`.
    """
    spans, best = moments_of(document, groups) if document.moments and groups else ((), None)
    labels, names = terms_of(document)
    return Hit(
        path=document.path,
        source=document.source,
        kind=document.kind,
        taken=document.taken,
        labels=labels,
        names=names,
        width=document.width,
        height=document.height,
        duration_s=document.duration_s,
        moments=spans,
        best=best,
    )


def moments_of(document: Document, groups: Sequence[HasTerm]) -> tuple[tuple[Span, ...], Moment | None]:
    """The spans in which something of each group is seen, and the best moment within them."""
    of_groups = []
    for group in groups:
        wanted = {(term.kind, term.text) for term in group.terms}
        of_groups.append(
            sorted(
                (one for one in document.moments if (one.kind, one.text) in wanted and is_sure(one, group)),
                key=lambda one: one.first_s,
            )
        )
    return moments_at_once(of_groups)


def moments_at_once(of_groups: Sequence[Sequence[Moment]]) -> tuple[tuple[Span, ...], Moment | None]:
    """The spans in which one moment of each group is near the others, and the best moment within them."""
    spans = together([[Span(one.first_s, one.last_s) for one in group] for group in of_groups], WINDOW_S)
    near = [
        one
        for group in of_groups
        for one in group
        if any(
            span.first_s - WINDOW_S <= one.time_s <= span.last_s + WINDOW_S
            and one.first_s <= span.last_s + WINDOW_S
            for span in spans
        )
    ]
    best = max(near, key=lambda one: (one.confidence or 0.0, -one.time_s), default=None)
    return tuple(spans), best


def is_sure(moment: Moment, group: HasTerm) -> bool:
    """Whether a moment has the confidence that a group asks for; one without any confidence counts."""
    if group.confidence is None or moment.confidence is None:
        return True
    return round(moment.confidence * MILLIONTHS) >= round(group.confidence * MILLIONTHS)
