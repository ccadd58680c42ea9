"""Periods of time in a video: joining sightings to spans, and moments that show several things at once."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from statistics import median
from typing import NamedTuple

CLOSED_GAP_S = 2.0
"""Sightings at most so far apart are one span."""
CLOSED_STEPS = 2.5
"""So are sightings at most so many sampling steps apart, where frames are mined more rarely."""
MAX_MOMENTS = 200
_MAX_COMBINATIONS = 20_000


class Span(NamedTuple):
    """A period, in seconds from the start of the video. Both ends are equal for a single frame."""

    first_s: float
    last_s: float


def closed_gap_s(times_s: Sequence[float]) -> float:
    """Return how far apart two sightings of one span may be."""
    steps = [after - before for before, after in pairwise(times_s) if after > before]
    return max(CLOSED_GAP_S, CLOSED_STEPS * median(steps)) if steps else CLOSED_GAP_S


def together(groups: Sequence[Sequence[Span]], window_s: float) -> list[Span]:
    """Return the moments at which one span of each group is near one of every other group.

    Args:
        groups: the spans of each thing, ascending; a thing that is never seen makes the answer empty.
        window_s: how long the pause between two spans may be.
    Returns: from the first to the last second at which all are there; where some are only near, the pause
        between them. In order, those that overlap merged, at most `MAX_MOMENTS`.
    """
    if len(groups) == 1:
        return _merged(list(groups[0]))
    found: list[Span] = []
    chosen: list[tuple[float, float]] = []
    budget = _MAX_COMBINATIONS

    def extend(number: int) -> None:
        nonlocal budget
        if number == len(groups):
            low, high = max(one[0] for one in chosen), min(one[1] for one in chosen)
            found.append(Span(min(low, high), max(low, high)))
            return
        for span in groups[number]:
            budget -= 1
            if budget < 0:
                return
            if all(span.first_s - window_s <= one[1] and one[0] - window_s <= span.last_s for one in chosen):
                chosen.append((span.first_s, span.last_s))
                extend(number + 1)
                chosen.pop()

    extend(0)
    return _merged(found)


def _merged(spans: list[Span]) -> list[Span]:
    merged: list[Span] = []
    for span in sorted(spans):
        if merged and span.first_s <= merged[-1].last_s:
            merged[-1] = Span(merged[-1].first_s, max(merged[-1].last_s, span.last_s))
        else:
            merged.append(span)
    return merged[:MAX_MOMENTS]
