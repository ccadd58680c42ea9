"""Spans of a video, and the moments at which several things are there."""

from __future__ import annotations

import itertools
import random

import pytest

from search.spans import CLOSED_GAP_S, Span, closed_gap_s, together


@pytest.mark.parametrize(
    ("times", "gap_s"),
    [
        ([], CLOSED_GAP_S),
        ([3.0], CLOSED_GAP_S),
        ([0.0, 0.04, 0.08], CLOSED_GAP_S),
        ([0.0, 0.5, 1.0], CLOSED_GAP_S),
        ([0.0, 2.0, 4.0], 5.0),
        ([0.0, 10.0, 20.0, 21.0, 31.0], 25.0),
        ([1.0, 1.0, 1.0], CLOSED_GAP_S),
    ],
)
def test_gaps_follow_the_sampling(times: list[float], gap_s: float) -> None:
    assert closed_gap_s(times) == gap_s


def test_moments_are_the_overlap_or_the_pause_between() -> None:
    anna, dog = [Span(3, 10), Span(60, 61)], [Span(8, 20), Span(68, 69), Span(200, 201)]
    assert together([anna, dog], 10) == [Span(8, 10), Span(61, 68)]
    assert together([anna, dog], 5) == [Span(8, 10)]
    assert together([anna, []], 10) == []
    assert together([anna], 10) == anna


def test_three_are_together_only_if_one_window_reaches_all() -> None:
    ends = [[Span(0, 1)], [Span(9, 10)], [Span(18, 19)]]
    assert together(ends, 10) == []
    assert together(ends, 17) == [Span(1, 18)]


@pytest.mark.parametrize("seed", range(50))
def test_as_if_all_combinations_were_tried(seed: int) -> None:
    chance = random.Random(seed)
    groups = [
        sorted(Span(start, start + chance.choice((0, 1, 5))) for start in chance.choices(range(60), k=4))
        for _ in range(3)
    ]
    found = [span for chosen in itertools.product(*groups) if (span := common(chosen)) is not None]
    moments = together(groups, 10)
    assert bool(moments) == bool(found)
    for span in found:
        assert any(one.first_s <= span.first_s and span.last_s <= one.last_s for one in moments)
    for one in moments:
        assert any(span.first_s == one.first_s for span in found)


def common(chosen: tuple[Span, ...]) -> Span | None:
    """The overlap of spans, or the pause between the first end and the last beginning, if it is short."""
    latest, earliest = max(one.first_s for one in chosen), min(one.last_s for one in chosen)
    return None if latest - earliest > 10 else Span(min(latest, earliest), max(latest, earliest))


def test_thousands_of_spans_take_no_time_to_speak_of() -> None:
    many = [[Span(n * 3.0, n * 3.0 + 1) for n in range(5_000)] for _ in range(4)]
    assert len(together(many, 10)) > 0
