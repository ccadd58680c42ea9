from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from annotators.encoding import encode_picture, largest_encodable, scale_down
from annotators.mark import MARK
from pipeline.errors import FailureCode, SourceError


@pytest.mark.parametrize(
    ("format_", "name"), [("jpg", "JPEG"), ("jpeg", "JPEG"), ("png", "PNG"), ("webp", "WEBP")]
)
def test_others_can_read_it_in_the_right_colours(scene, format_, name):
    rgb = scene((160, 120))
    rgb[20:60, 20:60] = (250, 20, 30)
    opened = Image.open(io.BytesIO(encode_picture(rgb.copy(), format_, 90)))
    assert (opened.format, opened.mode, opened.size) == (name, "RGB", (160, 120))
    assert not opened.getexif()
    assert MARK.encode() in encode_picture(rgb.copy(), format_, 90)
    difference = np.abs(np.asarray(opened).astype(int) - rgb)
    assert difference.mean() < (0.01 if format_ == "png" else 8)


@pytest.mark.parametrize("format_", ["jpg", "webp"])
def test_quality_costs_bytes(scene, format_):
    rgb = scene((160, 120))
    sizes = [len(encode_picture(rgb.copy(), format_, quality)) for quality in (1, 50, 100)]
    assert sizes == sorted(set(sizes))


def test_thin_coloured_lines_do_not_smear_in_small_jpegs():
    rgb = np.zeros((100, 100, 3), np.uint8)
    rgb[:, 51] = (255, 68, 56)
    line = np.asarray(Image.open(io.BytesIO(encode_picture(rgb, "jpg", 90))))[:, 51].mean(axis=0)
    assert np.abs(line - (255, 68, 56)).max() < 15


def test_what_a_format_cannot_hold_is_known_and_refused():
    assert largest_encodable((640, 480), "webp") == (640, 480)
    assert largest_encodable((20000, 1000), "webp") == (16383, 819)
    assert largest_encodable((70000, 3), "jpg") == (65500, 3)
    assert largest_encodable((70000, 3), "png") == (70000, 3)
    for format_, side in (("jpg", 65501), ("webp", 16384)):
        with pytest.raises(SourceError) as raised:
            encode_picture(np.zeros((2, side, 3), np.uint8), format_, 90)
        assert raised.value.code is FailureCode.COMPONENT_FAILED
        assert f"{side}x2" in raised.value.sentence
        assert encode_picture(np.zeros((2, side - 1, 3), np.uint8), format_, 90)


def test_scaling_down_takes_means_and_leaves_the_right_size_alone(scene):
    checkered = np.zeros((200, 400, 3), np.uint8)
    checkered[::2] = 200
    checkered.flags.writeable = False
    assert (scale_down(checkered, (200, 100)) == 100).all()
    rgb = scene((64, 48))
    assert scale_down(rgb, (64, 48)) is rgb


@pytest.mark.parametrize(("size_wh", "sampling"), [((320, 240), "4:4:4"), ((2000, 1001), "4:2:0")])
@pytest.mark.parametrize("quality", [1, 50, 90, 100])
def test_jpegs_are_those_of_pillow_also_of_shared_pixels(scene, size_wh, sampling, quality):
    rgb = scene(size_wh)
    pillows = io.BytesIO()
    Image.fromarray(rgb).save(pillows, "JPEG", quality=quality, subsampling=sampling, comment=MARK)
    shared = rgb.view()
    shared.flags.writeable = False
    before = rgb.copy()
    assert encode_picture(shared, "jpg", quality) == pillows.getvalue()
    assert np.array_equal(rgb, before)
    assert encode_picture(rgb, "jpg", quality) == pillows.getvalue()
