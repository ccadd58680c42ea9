from __future__ import annotations

import pytest
from pydantic import ValidationError

from annotators.pictureparams import MOST_PIXELS_A_SIDE, PictureSize, fit_within


@pytest.mark.parametrize(
    ("size_wh", "room_wh", "expected"),
    [
        ((4000, 3000), (640, 480), (640, 480)),
        ((4000, 2250), (640, 480), (640, 360)),
        ((3000, 4000), (640, 480), (360, 480)),
        ((320, 240), (640, 480), (320, 240)),
        ((640, 480), (640, 480), (640, 480)),
        ((60000, 1), (640, 480), (640, 1)),
        ((1, 60000), (640, 480), (1, 480)),
        ((5, 5), (1, 1), (1, 1)),
    ],
)
def test_fits_in_the_same_shape_and_never_larger(size_wh, room_wh, expected):
    assert fit_within(size_wh, room_wh) == expected


@pytest.mark.parametrize(
    "wrong",
    [
        {"width": 0, "height": 480},
        {"width": 640, "height": -1},
        {"width": MOST_PIXELS_A_SIDE + 1, "height": 480},
        {"width": 640},
        {"width": "640", "height": 480},
        {"width": 640, "height": 480, "depth": 3},
    ],
)
def test_wrong_sizes_are_refused(wrong):
    with pytest.raises(ValidationError):
        PictureSize.model_validate(wrong)


def test_a_size_gives_both():
    assert PictureSize(width=640, height=480).wh == (640, 480)
