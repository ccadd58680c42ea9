from __future__ import annotations

import dataclasses
import pickle

import pytest

from pipeline.detections import Box, Detection, FrameResult, Label, Region


def test_box_is_half_open():
    box = Box(10, 20, 13, 21)
    assert (box.width, box.height, box.is_empty) == (3, 1, False)
    assert Box(0, 0, 1, 1).width == 1


@pytest.mark.parametrize("box", [Box(5, 5, 5, 9), Box(5, 5, 9, 5), Box(9, 5, 5, 9), Box(0, 0, 0, 0)])
def test_box_without_pixels_is_empty(box):
    assert box.is_empty


@pytest.mark.parametrize(
    ("box", "clipped"),
    [
        (Box(1, 2, 3, 4), Box(1, 2, 3, 4)),
        (Box(-5, -5, 3, 4), Box(0, 0, 3, 4)),
        (Box(5, 5, 500, 500), Box(5, 5, 10, 8)),
        (Box(-5, -5, 500, 500), Box(0, 0, 10, 8)),
    ],
)
def test_clipped_lies_inside(box, clipped):
    assert box.clipped((10, 8)) == clipped


@pytest.mark.parametrize("box", [Box(-9, 0, -1, 8), Box(10, 0, 12, 8), Box(0, 8, 10, 9), Box(0, -3, 10, 0)])
def test_clipped_box_that_lies_outside_is_empty(box):
    assert box.clipped((10, 8)).is_empty


def test_shifted():
    assert Box(1, 2, 3, 4).shifted(10, -2) == Box(11, 0, 13, 2)


def test_iou():
    box = Box(0, 0, 10, 10)
    assert box.iou(box) == 1.0
    assert box.iou(Box(5, 0, 15, 10)) == pytest.approx(50 / 150)
    assert box.iou(Box(2, 2, 4, 4)) == pytest.approx(4 / 100)
    assert box.iou(Box(10, 0, 20, 10)) == 0.0  # half-open boxes that touch share no pixel
    assert box.iou(Box(3, 3, 3, 8)) == Box(3, 3, 3, 8).iou(Box(3, 3, 3, 8)) == 0.0


def test_detection_carries_any_of_its_labels():
    detection = Detection(Box(0, 0, 1, 1), (Label("cat", 0.9), Label("dog", 0.3)))
    assert detection.carries(frozenset({"dog", "horse"}))
    assert not detection.carries(frozenset({"horse"}))
    assert not detection.carries(frozenset())


def test_values_are_frozen_and_cross_processes():
    label = Label("Ann", None, "lbp", 31.5)
    result = FrameResult(0, None, {"faces": (Detection(Box(1, 2, 3, 4), (label,)),)})
    assert pickle.loads(pickle.dumps(result)) == result
    with pytest.raises(dataclasses.FrozenInstanceError):
        label.text = "Bob"


def test_a_region_serves_as_its_box():
    region = Region(10, 20, 40, 50, landmarks=((15, 25),))
    assert isinstance(region, Box)
    assert (region.width, region.height, region.is_empty) == (30, 30, False)
    assert region.iou(Box(10, 20, 40, 50)) == 1
    assert type(region.clipped((20, 30))) is Box
    assert region.shifted(1, 1) == Box(11, 21, 41, 51)
    assert pickle.loads(pickle.dumps(region)).landmarks == region.landmarks
    box = Box(10, 20, 40, 50)
    assert region == box and box == region == Region(10, 20, 40, 50)
    assert region != Region(10, 20, 40, 51) and Box(9, 20, 40, 50) != region != "a box"
    assert len({region, box}) == 1
    with pytest.raises(dataclasses.FrozenInstanceError):
        region.landmarks = None
