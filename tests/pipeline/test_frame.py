from __future__ import annotations

import numpy as np
import pytest

from pipeline.detections import Box
from pipeline.frame import Frame
from tests.pictures import patches


class Decoder:
    """Gives the patches at full, half or quarter size and counts how often it is asked."""

    def __init__(self):
        self.asked = []

    def __call__(self, at_least_wh):
        self.asked.append(at_least_wh)
        step = next(s for s in (4, 2, 1) if 96 // s >= at_least_wh[0] and 64 // s >= at_least_wh[1])
        return patches()[::step, ::step].copy()


@pytest.fixture
def decoder():
    return Decoder()


@pytest.fixture
def frame(decoder):
    return Frame((96, 64), decoder)


def test_nothing_is_decoded_before_somebody_asks(frame, decoder):
    assert frame.size_wh == (96, 64)
    assert frame.whole == Box(0, 0, 96, 64)
    assert (frame.index, frame.timestamp) == (0, None)
    assert decoder.asked == []


def test_full_size_is_decoded_once(frame, decoder):
    frame.rgb()
    frame.rgb(Box(1, 1, 5, 5))
    frame.gray()
    frame.rgb_covering((96, 64))
    frame.rgb_covering((5000, 5000))
    assert decoder.asked == [(96, 64)]


def test_each_reduced_size_is_decoded_once_and_for_itself(frame, decoder):
    before = frame.rgb_covering((24, 16))
    frame.rgb()
    assert frame.rgb_covering((24, 16)) is before
    assert frame.rgb_covering((24, 16)).shape == (16, 24, 3)
    assert frame.rgb_covering((25, 16)).shape == (32, 48, 3)
    assert decoder.asked == [(24, 16), (96, 64), (25, 16)]


def test_covering_more_than_the_frame_in_one_direction_asks_for_no_more_than_there_is(frame, decoder):
    assert frame.rgb_covering((20, 1000)).shape == (64, 96, 3)
    assert decoder.asked == [(20, 64)]


def test_pixels_of_a_box(frame):
    box = Box(30, 10, 40, 50)
    assert np.array_equal(frame.rgb(box), patches()[10:50, 30:40])
    assert frame.gray(box).shape == (40, 10)
    assert np.array_equal(frame.gray(box), frame.gray()[10:50, 30:40])


def test_gray_is_luma(frame):
    red, green, blue = (int(frame.gray()[10, x]) for x in (10, 42, 74))
    assert red == pytest.approx(0.299 * 220 + 0.587 * 20 + 0.114 * 30, abs=1)
    assert green == pytest.approx(0.299 * 30 + 0.587 * 190 + 0.114 * 60, abs=1)
    assert blue == pytest.approx(0.299 * 20 + 0.587 * 40 + 0.114 * 210, abs=1)


def test_no_component_can_draw_into_anothers_pixels(frame):
    for pixels in (frame.rgb(), frame.rgb(Box(0, 0, 5, 5)), frame.rgb_covering((10, 10))):
        with pytest.raises(ValueError, match="read-only"):
            pixels[0, 0] = 0


def test_frame_of_pixels_that_are_there():
    frame = Frame.from_rgb(patches(), index=7, timestamp=0.28)
    assert (frame.size_wh, frame.index, frame.timestamp) == ((96, 64), 7, 0.28)
    assert np.array_equal(frame.rgb_covering((10, 10)), patches())


def test_smallest_frame():
    frame = Frame.from_rgb(np.full((1, 1, 3), 200, np.uint8))
    assert frame.gray().tolist() == [[200]]
    assert frame.rgb_covering((416, 416)).shape == (1, 1, 3)
