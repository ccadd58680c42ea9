from __future__ import annotations

import numpy as np

from annotators.captions import Line, caption
from annotators.fonts import LINE_HEIGHT
from annotators.labelboxes import make_label_box
from annotators.palette import color_of, contrast, ink_on
from pipeline.detections import Label

ROOM = (400, 300)


def label_box_of(*labels, text_px=14, room_wh=ROOM):
    return make_label_box(caption(labels), text_px, room_wh)


def test_a_label_box_is_ink_on_the_labels_colour():
    label_box = label_box_of(Label("cat", 0.86), text_px=20)
    colors, counts = np.unique(label_box.reshape(-1, 3), axis=0, return_counts=True)
    assert tuple(colors[counts.argmax()]) == color_of("cat")
    assert (label_box == ink_on(color_of("cat"))).all(axis=2).any()
    assert contrast(ink_on(color_of("cat")), color_of("cat")) >= 4.5


def test_lines_are_stacked_in_their_own_colours():
    label_box = label_box_of(Label("cat", 0.86), Label("dog", 0.3))
    line = round(14 * LINE_HEIGHT)
    assert label_box.shape[0] == 2 * line
    assert (label_box[:line, -1] == color_of("cat")).all()
    assert (label_box[line:, -1] == color_of("dog")).all()


def test_the_confidence_shows():
    assert not np.array_equal(label_box_of(Label("cat", 0.86)), label_box_of(Label("cat", 0.87)))


def test_a_long_label_is_shortened_before_the_confidence_goes():
    label_box = label_box_of(Label("x" * 500, 0.86))
    assert ROOM[0] - 20 < label_box.shape[1] <= ROOM[0]
    assert not np.array_equal(label_box, label_box_of(Label("x" * 500, 0.87)))


def test_where_both_do_not_fit_the_label_wins():
    assert np.array_equal(
        label_box_of(Label("person", 0.86), room_wh=(60, 300)),
        label_box_of(Label("person"), room_wh=(60, 300)),
    )


def test_it_never_leaves_its_room():
    for width in range(1, 120, 7):
        for height in (5, 18, 40):
            label_box = label_box_of(Label("umbrella", 0.5), Label("WWWWWWW", 0.5), room_wh=(width, height))
            assert label_box is None or (label_box.shape[1] <= width and label_box.shape[0] <= height)


def test_no_room_or_nothing_to_say_is_no_label_box():
    assert label_box_of(Label("cat"), room_wh=(4, 300)) is None
    assert label_box_of(Label("cat"), room_wh=(400, 8)) is None
    assert label_box_of() is None
    assert make_label_box([Line("", "", (0, 0, 0))], 14, ROOM) is None
