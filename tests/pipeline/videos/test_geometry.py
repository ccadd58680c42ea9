"""Sizes and shapes, without a file."""

from __future__ import annotations

from fractions import Fraction

import pytest

from pipeline.videos.geometry import pixel_aspect, squared, turning
from pipeline.videos.isomedia import Track

PLAIN, TURNED = Track(1, rotation=0), Track(1, rotation=90)


@pytest.mark.parametrize(
    ("reported", "stored_wh", "upright_wh", "track", "expected"),
    [
        (Fraction(64, 45), (720, 576), (720, 576), None, Fraction(64, 45)),
        (Fraction(101, 100), (720, 576), (720, 576), None, 1),
        (Fraction(9), (720, 576), (720, 576), None, 1),
        (Fraction(27, 25), (160, 96), (144, 80), PLAIN, 1),  # of the track's size to the whole picture's
        (Fraction(25, 27), (160, 96), (80, 144), TURNED, 1),
        (Fraction(27, 25), (160, 96), (144, 80), None, Fraction(27, 25)),
        (Fraction(27, 25), (160, 96), (144, 80), Track(1, has_pixel_aspect=True), Fraction(27, 25)),
        (Fraction(4, 3), (160, 96), (160, 96), PLAIN, Fraction(4, 3)),
        (Fraction(1), (160, 96), (144, 80), PLAIN, 1),
    ],
)
def test_pixel_aspect(reported, stored_wh, upright_wh, track, expected) -> None:
    assert pixel_aspect(reported, stored_wh, upright_wh, track) == expected


def test_squared_pixels_lose_nothing() -> None:
    assert squared((720, 576), Fraction(64, 45)) == (1024, 576)
    assert squared((720, 480), Fraction(8, 9)) == (720, 540)
    assert squared((720, 480), Fraction(1)) == (720, 480)


def test_turning() -> None:
    log = ["      Display Matrix: rotation of -90.00 degrees"]
    assert turning(log, (160, 96), (96, 160), None) == (90, False)
    assert turning([], (160, 96), (96, 160), None) == (90, False)  # the size has the last word
    assert turning([], (160, 96), (160, 96), PLAIN) == (0, False)
    assert turning(log, (160, 96), (96, 160), Track(1, is_mirrored=True, rotation=270)) == (270, True)
    assert turning(log, (160, 96), (160, 96), Track(1, is_mirrored=True, rotation=None)) == (90, False)
