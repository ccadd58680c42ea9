"""Where decoding begins, and what follows if frames are missing."""

from __future__ import annotations

from array import array
from fractions import Fraction

from pipeline.videos.attempts import Attempt, Trial, attempts_behind_a_gap, first_attempts
from pipeline.videos.facts import FileVersion
from pipeline.videos.segments import Segment

LAST = Attempt(None, allows_gaps=True, is_last_resort=True)


def segment(*seeks_s: float | None, only_keyframes: bool = False) -> Segment:
    """A segment of one frame."""
    number = array("q", [5])
    return Segment(
        0, Fraction(1, 25), number, number, 0, True, seeks_s, None, only_keyframes, FileVersion(1, 1)
    )


def test_the_start_of_the_file_comes_last() -> None:
    assert list(first_attempts(segment(9.0, 2.0, None), can_skip=True)) == [Attempt(9.0), Attempt(2.0), LAST]
    (only,) = first_attempts(segment(None), can_skip=True)
    assert only == Attempt(None, allows_gaps=True)


def test_only_keyframes_are_tried_first_where_that_is_possible() -> None:
    keyframes = segment(9.0, None, only_keyframes=True)
    assert next(first_attempts(keyframes, can_skip=True)) == Attempt(9.0, skips=True)
    assert list(first_attempts(keyframes, can_skip=False)) == [Attempt(9.0), LAST]


def test_behind_a_gap() -> None:
    damaged, whole = Trial(came=True, has_damage=True), Trial(came=True)
    assert attempts_behind_a_gap(Attempt(9.0), damaged) == [Attempt(9.0, allows_gaps=True)]
    assert attempts_behind_a_gap(Attempt(9.0), whole) == [Attempt(9.0, is_verified=True), LAST]
