from __future__ import annotations

import numpy as np

from annotators.placement import Place, Placement
from pipeline.detections import Box

PICTURE = (200, 100)
LABEL_BOX_WH = (60, 12)


def box_at(corner, label_wh=LABEL_BOX_WH):
    return Box(corner.x, corner.y, corner.x + label_wh[0], corner.y + label_wh[1])


def test_the_usual_place_is_above_and_flush_left():
    box = Box(50, 40, 120, 90)
    assert Placement(PICTURE, [box]).place(box, LABEL_BOX_WH, 0.0) == Place(50, 28)


def test_at_the_top_edge_a_label_box_goes_inside_a_large_box():
    box = Box(10, 0, 190, 100)
    assert Placement(PICTURE, [box]).place(box, LABEL_BOX_WH, 0.0) == Place(10, 0)


def test_at_the_top_edge_a_label_box_goes_below_a_small_box():
    box = Box(10, 2, 40, 20)
    assert Placement(PICTURE, [box]).place(box, LABEL_BOX_WH, 0.0) == Place(10, 20)


def test_label_boxes_of_one_box_do_not_hide_each_other():
    box = Box(50, 40, 120, 60)
    placement = Placement(PICTURE, [box])
    label_boxes = [box_at(placement.place(box, LABEL_BOX_WH, 0.0)) for _ in range(4)]
    assert all(one.iou(other) == 0 for i, one in enumerate(label_boxes) for other in label_boxes[:i])


def test_no_place_is_better_than_a_place_on_another_label_box():
    box = Box(0, 0, 60, 12)
    placement = Placement((60, 12), [box])
    assert placement.place(box, LABEL_BOX_WH, 0.0) == Place(0, 0)
    assert placement.place(box, LABEL_BOX_WH, 0.9) is None
    assert placement.place(box, LABEL_BOX_WH, 1.0) == Place(0, 0)


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


EYES = Box(55, 45, 95, 60)
FACE = Box(50, 40, 100, 90)


def test_no_label_box_lies_on_eyes():
    """A face that fills the picture: its label box goes inside it, below the eyes."""
    face, eyes = Box(0, 0, 200, 100), Box(20, 5, 180, 40)
    label_box = box_at(Placement(PICTURE, [face], [eyes]).place(face, LABEL_BOX_WH, 0.0, number=0))
    assert label_box.iou(eyes) == 0 and label_box.y1 >= 40
    everywhere = Box(0, 0, 200, 100)
    assert Placement(PICTURE, [face], [everywhere]).place(face, LABEL_BOX_WH, 1.0, number=0) is None


def test_no_label_box_lies_on_another_face():
    dog = Box(50, 30, 150, 95)
    place = Placement((200, 200), [dog, Box(50, 15, 180, 32)], [None, Box(52, 16, 60, 20)]).place(
        dog, LABEL_BOX_WH, 1.0, number=0
    )
    assert box_at(place).iou(Box(50, 15, 180, 32)) == 0


def test_far_from_its_box_a_label_box_has_a_leader_line_that_crosses_no_face():
    """A face between eight others: its name stands outside them only if a line can lead there."""
    ring = [Box(x, y, x + 40, y + 40) for x in (60, 100, 140) for y in (60, 100, 140)]
    middle = ring.index(Box(100, 100, 140, 140))
    whole = list(ring)  # as if the eyes filled each face
    size_wh = (300, 300)
    assert Placement(size_wh, ring, whole).place(ring[middle], (50, 10), 1.0, number=middle) is None
    assert Placement(size_wh, ring, whole).place(ring[middle], (50, 10), 1.0, number=middle, far=True) is None

    without_upper = [box for box in ring if box != Box(100, 60, 140, 100)]
    middle = without_upper.index(Box(100, 100, 140, 140))
    placement = Placement(size_wh, without_upper, without_upper)
    place = placement.place(without_upper[middle], (50, 10), 0.0, number=middle, far=True)
    assert place is not None and place.y + 10 <= 60
    x1, y1, x2, y2 = place.leader
    assert (x1, x2) == (120, 120) and y1 == place.y + 9 and y2 == 100


def test_far_places_lie_inside_the_picture_and_apart_from_their_box():
    rng = np.random.default_rng(2)
    for _ in range(200):
        x1, y1 = int(rng.integers(0, 190)), int(rng.integers(0, 90))
        box = Box(x1, y1, x1 + 10, y1 + 10)
        place = Placement(PICTURE, [box]).place(box, LABEL_BOX_WH, 0.0, far=True)
        assert place is not None and place.leader is not None
        assert box_at(place) == box_at(place).clipped(PICTURE) and box_at(place).iou(box) == 0
