from __future__ import annotations

import itertools

import numpy as np
import pytest

from annotators.drawing import Stroke, draw_detections
from annotators.palette import PALETTE, UNLABELLED, color_of, contrast
from pipeline.detections import Box, Detection, Label

CAT = (Label("cat", 0.86),)


def changed(before, after):
    return (before != after).any(axis=2)


def grown(box, by):
    return np.s_[max(box.y1 - by, 0) : box.y2 + by, max(box.x1 - by, 0) : box.x2 + by]


def test_the_input_stays_as_it_is_and_may_be_read_only(scene):
    rgb = scene((320, 240))
    rgb.flags.writeable = False
    before = rgb.copy()
    drawn = draw_detections(rgb, [Detection(Box(50, 60, 200, 150), CAT)], (320, 240))
    assert np.array_equal(rgb, before)
    assert drawn.shape == rgb.shape and drawn.dtype == np.uint8 and drawn.flags.writeable
    assert np.array_equal(drawn, draw_detections(rgb, [Detection(Box(50, 60, 200, 150), CAT)], (320, 240)))


def test_nothing_found_is_a_copy(scene):
    rgb = scene((64, 48))
    drawn = draw_detections(rgb, [], (64, 48))
    assert np.array_equal(drawn, rgb) and not np.shares_memory(drawn, rgb)


def test_only_the_frame_and_the_label_box_change(scene):
    rgb = scene((640, 480))
    box, stroke = Box(200, 150, 420, 330), Stroke.for_picture((640, 480))
    frame_only = draw_detections(rgb, [Detection(box, ())], (640, 480))
    outside = np.ones((480, 640), bool)
    outside[grown(box, stroke.line_px + stroke.edge_px)] = False
    inside = grown(box, -stroke.edge_px)
    assert not changed(rgb, frame_only)[outside].any()
    assert not changed(rgb, frame_only)[inside].any()
    assert (frame_only[box.y1 - 1, box.x1 : box.x2] == UNLABELLED).all()

    labelled = draw_detections(rgb, [Detection(box, CAT)], (640, 480))
    rows, columns = np.nonzero(changed(rgb, labelled) & outside)
    assert rows.size and rows.max() < box.y1
    assert np.ptp(rows) < 2 * stroke.text_px and np.ptp(columns) < 10 * stroke.text_px
    assert not changed(rgb, labelled)[inside].any()


def test_boxes_are_scaled_to_the_picture(scene):
    box = Box(400, 300, 1200, 900)
    drawn = draw_detections(scene((400, 300)), [Detection(box, CAT)], (1600, 1200))
    cat = (drawn == color_of("cat")).all(axis=2)
    assert cat[75:225, 99].all() and cat[75:225, 300].all()
    assert cat[225, 100:300].all()
    assert not cat[80:220, 110:290].any()


def test_full_size_and_small_pictures_show_the_same_place(scene):
    box = Box(1000, 1000, 3000, 2500)
    for size_wh in ((4000, 3000), (400, 300), (100, 75)):
        drawn = draw_detections(
            np.zeros((size_wh[1], size_wh[0], 3), np.uint8), [Detection(box, ())], (4000, 3000)
        )
        rows, columns = np.nonzero(drawn.any(axis=2))
        line = Stroke.for_picture(size_wh).line_px
        scale = size_wh[0] / 4000
        assert columns.min() + line == pytest.approx(1000 * scale, abs=1)
        assert columns.max() + 1 - line == pytest.approx(3000 * scale, abs=1)
        assert rows.max() + 1 - line == pytest.approx(2500 * scale, abs=1)


def test_a_box_of_the_whole_picture_shows_on_all_four_sides(scene):
    drawn = draw_detections(scene((320, 240)), [Detection(Box(0, 0, 320, 240), CAT)], (320, 240))
    cat = color_of("cat")
    assert (drawn[-1] == cat).all() and (drawn[:, -1] == cat).all()
    assert (drawn[0, 200:] == cat).all() and (drawn[50:, 0] == cat).all()


def test_labels_at_the_edges_are_drawn_whole(scene):
    plain = draw_detections(
        np.zeros((480, 640, 3), np.uint8), [Detection(Box(300, 200, 340, 240), CAT)], (640, 480)
    )

    def amount(drawn):
        return int((drawn == color_of("cat")).all(axis=2).sum())

    whole = amount(plain)
    for x, y in itertools.product((0, 300, 600), (0, 220, 440)):
        box = Box(x, y, x + 40, y + 40)
        drawn = draw_detections(np.zeros((480, 640, 3), np.uint8), [Detection(box, CAT)], (640, 480))
        # at an edge the frame lies on its box instead of around it, which costs it a few pixels
        assert amount(drawn) == pytest.approx(whole, rel=0.25)


@pytest.mark.parametrize("box", [Box(100, 50, 101, 150), Box(100, 50, 101, 51), Box(100, 50, 100, 50)])
def test_a_box_thinner_than_its_line_is_seen(scene, box):
    drawn = draw_detections(scene((320, 240)), [Detection(box, CAT)], (320, 240))
    around = drawn[box.y1 - 1 : box.y1 + 2, box.x1 - 1 : box.x1 + 2]
    assert (around == color_of("cat")).all(axis=2).sum() >= 5


def test_a_box_outside_the_picture_is_left_out(scene):
    rgb = scene((320, 240))
    assert np.array_equal(draw_detections(rgb, [Detection(Box(400, 10, 500, 50), CAT)], (320, 240)), rgb)


def test_detections_of_one_box_share_a_label_box(scene):
    rgb, box = scene((320, 240)), Box(80, 100, 200, 200)
    together = [Detection(box, (Label("catface"), Label("Tom", method="lbp")))]
    apart = [Detection(box, (Label("catface"),)), Detection(box, (Label("Tom", method="lbp"),))]
    assert np.array_equal(draw_detections(rgb, together, (320, 240)), draw_detections(rgb, apart, (320, 240)))


def test_frames_are_seen_on_any_background():
    """On every side of the line, line and edge, or edge and background, differ by 3 to 1 at least."""
    backgrounds = [(gray, gray, gray) for gray in range(0, 256, 5)] + list(PALETTE)
    for color, background in itertools.product((*PALETTE, UNLABELLED), backgrounds):
        edge = tuple(value >> 2 for value in background)
        assert max(contrast(color, edge), contrast(edge, background)) >= 3, (color, background)


@pytest.mark.parametrize("size_wh", [(1, 1), (1, 3000), (3000, 1), (7, 5), (20, 20), (100, 80)])
def test_tiny_and_thin_pictures(size_wh):
    width, height = size_wh
    boxes = [Box(0, 0, width, height), Box(width // 2, height // 2, width // 2 + 1, height // 2 + 1)]
    drawn = draw_detections(
        np.zeros((height, width, 3), np.uint8),
        [Detection(box, (*CAT, Label("猫"))) for box in boxes],
        size_wh,
    )
    assert drawn.shape == (height, width, 3)
    assert drawn.any()


def test_a_crowd_of_any_labels_and_boxes(scene):
    rng = np.random.default_rng(7)
    words = ["person", "Zoë", "猫さん", "قطة", "\x1b[31mred\n", "x" * 1000, "", " ", "\udc80", "a\u0301" * 50]
    corners = rng.integers(-50, 700, (150, 4))
    detections = [
        Detection(Box(*map(int, corner)), (Label(words[i % len(words)], float(rng.random())),))
        for i, corner in enumerate(corners)
    ]
    assert draw_detections(scene((640, 480)), detections, (640, 480)).shape == (480, 640, 3)


def test_label_boxes_keep_off_each_other_in_a_row_of_people():
    """Neighbours as close as in a group photo: every label's ink is there in full."""
    boxes = [Box(60 + 70 * i, 200, 125 + 70 * i, 400) for i in range(6)]
    black = np.zeros((480, 640, 3), np.uint8)
    alone = [draw_detections(black, [Detection(box, CAT)], (640, 480)) for box in boxes]
    together = draw_detections(black, [Detection(box, CAT) for box in boxes], (640, 480))
    count = [int((drawn == color_of("cat")).all(axis=2).sum()) for drawn in (*alone, together)]
    assert count[-1] == pytest.approx(sum(count[:-1]), rel=0.05)
