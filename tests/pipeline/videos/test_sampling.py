"""Which frames of a video are chosen, and what the `video:` section may say."""

from __future__ import annotations

from array import array
from fractions import Fraction
from typing import Any

import pytest
from pydantic import ValidationError

from pipeline.videos.facts import FrameTimes
from pipeline.videos.sampling import Sampling, choose_frames

TIMES = FrameTimes(Fraction(1, 25), array("q", range(100)), array("q", range(0, 100, 12)))
VARIABLE = FrameTimes(Fraction(1, 1000), array("q", [0, 30, 70, 500, 510, 1900, 2000]), array("q", [0]))
LATE = FrameTimes(Fraction(1, 25), array("q", range(1000, 1100)), array("q", [0]), zero=975)


@pytest.mark.parametrize(
    ("times", "given", "expected"),
    [
        (TIMES, {}, list(range(100))),
        (TIMES, {"every": 30}, [0, 30, 60, 90]),
        (TIMES, {"every": 30, "start": 1.0}, [30, 60, 90]),
        (TIMES, {"fps": 1}, [0, 25, 50, 75]),
        (TIMES, {"fps": 10, "end": 0.5}, [0, 3, 5, 8, 10]),
        (TIMES, {"fps": 100}, list(range(100))),
        (TIMES, {"fps": 1, "start": 0.5}, [13, 38, 63, 88]),
        (TIMES, {"keyframes": True, "start": 1, "end": 2}, [36, 48]),
        (TIMES, {"start": "0:00:03.5", "end": "0:03.6"}, [88, 89]),
        (TIMES, {"max_frames": 2}, [0, 1]),
        (TIMES, {"start": 50}, []),
        (TIMES, {"fps": 2, "start": 50}, []),
        (VARIABLE, {"fps": 2}, [0, 3, 5, 6]),
        (VARIABLE, {"start": 0.07, "end": 0.51}, [2, 3]),
        (LATE, {"end": 1.04}, [0]),
        (LATE, {"fps": 1, "start": 1.5}, [13, 38, 63, 88]),
    ],
)
def test_choice(times: FrameTimes, given: dict[str, Any], expected: list[int]) -> None:
    assert list(choose_frames(times, Sampling(**given))) == expected


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ({"every": 2, "fps": 1.0}, '"every" and "fps" exclude each other'),
        ({"fps": 1.0, "keyframes": True}, '"fps" and "keyframes" exclude each other'),
        ({"start": 5, "end": 5}, r'"start" \(5 s\) must be before "end" \(5 s\)'),
        ({"every": 0}, "greater than or equal to 1"),
        ({"fps": 0.0}, "greater than 0"),
        ({"fps": float("nan")}, "finite"),
        ({"start": -1}, "greater than or equal to 0"),
        ({"start": "1:99"}, "valid number"),
        ({"max_frames": 0}, "greater than or equal to 1"),
        ({"evry": 2}, "Extra inputs"),
    ],
)
def test_nonsense_is_refused(given: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValidationError, match=complaint):
        Sampling.model_validate(given)
