from __future__ import annotations

import cv2
import numpy as np
import pytest

from pipeline.photos.photo import open_photo
from pipeline.photos.scales import denominator_for, reduced, working_denominator
from pipeline.source import Limits
from tests.pictures import encoded, exif_of, patches, source_of, texture

LARGE_WH = (2700, 2001)
ASKED = ((1, 1), (300, 200), (416, 308), (640, 474), (1280, 949), (1400, 1), (2000, 1000), LARGE_WH)


@pytest.fixture(scope="module")
def large():
    """The content of a JPEG and of a PNG that are large enough for a working picture."""
    rgb = cv2.resize(texture(), LARGE_WH, interpolation=cv2.INTER_CUBIC)
    return {format_: encoded(rgb, format_) for format_ in ("JPEG", "PNG")}


@pytest.fixture
def frame_of(tmp_path):
    """Opens bytes as a photo; returns its frame."""

    def open_(content: bytes):
        (tmp_path / "photo").write_bytes(content)
        return open_photo(source_of(tmp_path / "photo"), Limits())[1]

    return open_


@pytest.mark.parametrize(
    ("size_wh", "expected"),
    [
        ((640, 480), None),
        ((2559, 1919), None),
        ((2560, 1), 2),
        ((3000, 4000), 2),
        ((6000, 4000), 4),
        ((10240, 7680), 8),
        ((30000, 20000), 8),
    ],
)
def test_the_working_picture_is_the_smallest_decode_of_1280_pixels(size_wh, expected):
    assert working_denominator(size_wh) == expected


def test_the_smallest_scale_that_suffices():
    for asked, denominator in (
        ((1, 1), 8),
        ((500, 375), 8),
        ((501, 375), 4),
        ((500, 376), 4),
        ((3000, 1), 1),
    ):
        assert denominator_for((4000, 3000), asked) == denominator


def test_what_detectors_see_of_a_large_photo_takes_one_decode(large, frame_of, decodes):
    frame = frame_of(large["JPEG"])
    shapes = [frame.rgb_covering(asked).shape[1::-1] for asked in ((416, 308), (1280, 949), (640, 474))]
    assert shapes == [(675, 501), (1350, 1001), (675, 501)]
    assert len(decodes) == 1
    frame.rgb()
    assert len(decodes) == 2


@pytest.mark.parametrize("format_", ["JPEG", "PNG"])
def test_pixels_depend_on_nothing_else_that_is_asked(format_, large, frame_of):
    alone = {asked: frame_of(large[format_]).rgb_covering(asked) for asked in ASKED}
    for order in (ASKED, ASKED[::-1]):
        frame = frame_of(large[format_])
        for asked in order:
            rgb = frame.rgb_covering(asked)
            assert np.array_equal(rgb, alone[asked])
            assert rgb.shape[1] >= asked[0]
            assert rgb.shape[0] >= asked[1]


def test_it_shows_what_a_decode_at_the_scale_shows(frame_of):
    content = encoded(cv2.resize(texture(), (2720, 2000), interpolation=cv2.INTER_CUBIC), "JPEG")
    flags = cv2.IMREAD_COLOR_RGB | cv2.IMREAD_REDUCED_GRAYSCALE_4
    direct = cv2.imdecode(np.frombuffer(content, np.uint8), flags)
    made = frame_of(content).rgb_covering((416, 306))
    assert made.shape == direct.shape
    difference = np.abs(made.astype(int) - direct)
    assert difference.mean() < 1
    assert difference.max() <= 8


@pytest.mark.parametrize("orientation", [1, 6, 7])
def test_a_large_photo_is_upright(orientation, frame_of):
    rgb = patches(28)
    content = encoded(rgb, "JPEG", exif=exif_of(orientation))
    small, whole = frame_of(content).rgb_covering((100, 100)), frame_of(content).rgb()
    assert max(small.shape) == 336
    shrunk = cv2.resize(whole, small.shape[1::-1], interpolation=cv2.INTER_AREA)
    assert np.abs(small.astype(int) - shrunk).mean() < 1


def test_halving_takes_means_and_rounds_sides_up():
    checkered = np.zeros((8, 12, 3), np.uint8)
    checkered[::2] = 200
    assert reduced(checkered, 4).shape == (2, 3, 3)
    assert (reduced(checkered, 2) == 100).all()
    assert reduced(checkered[:7, :11], 4).shape == (2, 3, 3)
    assert reduced(checkered, 1) is checkered
