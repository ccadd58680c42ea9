from __future__ import annotations

import numpy as np

from annotators.placement import Placement
from pipeline.detections import Box

PICTURE = (200, 100)
LABEL_BOX_WH = (60, 12)


def box_at(corner, label_wh=LABEL_BOX_WH):
    return Box(*corner, corner[0] + label_wh[0], corner[1] + label_wh[1])


def test_the_usual_place_is_above_and_flush_left():
    box = Box(50, 40, 120, 90)
    assert Placement(PICTURE, [box]).place(box, LABEL_BOX_WH, 0.0) == (50, 28)


def test_at_the_top_edge_a_label_box_goes_inside_a_large_box():
    box = Box(10, 0, 190, 100)
    assert Placement(PICTURE, [box]).place(box, LABEL_BOX_WH, 0.0) == (10, 0)


def test_at_the_top_edge_a_label_box_goes_below_a_small_box():
    box = Box(10, 2, 40, 20)
    assert Placement(PICTURE, [box]).place(box, LABEL_BOX_WH, 0.0) == (10, 20)


def test_label_boxes_of_one_box_do_not_hide_each_other():
    box = Box(50, 40, 120, 60)
    placement = Placement(PICTURE, [box])
    label_boxes = [box_at(placement.place(box, LABEL_BOX_WH, 0.0)) for _ in range(4)]
    assert all(one.iou(other) == 0 for i, one in enumerate(label_boxes) for other in label_boxes[:i])


def test_no_place_is_better_than_a_place_on_another_label_box():
    box = Box(0, 0, 60, 12)
    placement = Placement((60, 12), [box])
    assert placement.place(box, LABEL_BOX_WH, 0.0) == (0, 0)
    assert placement.place(box, LABEL_BOX_WH, 0.9) is None
    assert placement.place(box, LABEL_BOX_WH, 1.0) == (0, 0)


def test_a_small_box_is_not_hidden_by_its_neighbours_label_box():
    small, large = Box(50, 26, 70, 38), Box(50, 40, 150, 90)
    label_box = box_at(Placement(PICTURE, [small, large]).place(large, LABEL_BOX_WH, 0.0))
    assert label_box.iou(small) == 0


def test_every_place_lies_inside_the_picture():
    rng = np.random.default_rng(1)
    for _ in range(200):
        x1, y1 = rng.integers(0, 190), rng.integers(0, 90)
        box = Box(int(x1), int(y1), int(x1) + 10, int(y1) + 10)
        placement = Placement(PICTURE, [box])
        label_box = box_at(placement.place(box, LABEL_BOX_WH, 1.0))
        assert label_box == label_box.clipped(PICTURE)
