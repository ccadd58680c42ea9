from __future__ import annotations

import numpy as np
import pytest

from detectors.boxes import (
    Placement,
    iou_with,
    letterbox,
    nms,
    suppress_boxes,
    suppress_scores,
    without_empty_cells,
)


def boxes_of(*rows: tuple[float, ...]) -> np.ndarray:
    return np.array(rows, dtype=np.float32).reshape(-1, 4)


def random_boxes(random: np.random.Generator, count: int) -> np.ndarray:
    corners = random.uniform(0, 60, (count, 2))
    return np.concatenate((corners, corners + random.uniform(5, 40, (count, 2))), axis=1).astype(np.float32)


def slow_iou(a: np.ndarray, b: np.ndarray) -> float:
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    if width <= 0 or height <= 0:
        return 0.0
    return width * height / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - width * height)


def test_iou() -> None:
    others = boxes_of(
        (0, 0, 10, 10), (5, 0, 15, 10), (10, 0, 20, 10), (2, 2, 4, 4), (3, 3, 3, 9), (9, 9, 1, 1)
    )
    found = iou_with(np.array((0, 0, 10, 10), np.float32), others)
    assert np.allclose(found[:4], [1, 1 / 3, 0, 0.04])
    assert (found[4:] == 0).all()
    assert (iou_with(np.zeros(4, np.float32), boxes_of((0, 0, 0, 0))) == 0).all()
    assert iou_with(np.zeros(4, np.float32), boxes_of()).shape == (0,)


@pytest.mark.parametrize("iou_threshold", [0.1, 0.45, 0.9])
def test_nms_keeps_what_a_plain_double_loop_keeps(iou_threshold: float) -> None:
    for seed in range(20):
        random = np.random.default_rng(seed)
        boxes = random_boxes(random, 60)
        confidence = random.choice([0.1, 0.3, 0.5, 0.7, 0.9], 60).astype(np.float32)  # with equal ones
        kept: list[int] = []
        for index in sorted(range(60), key=lambda i: (-confidence[i], i)):
            if all(slow_iou(boxes[index], boxes[better]) <= iou_threshold for better in kept):
                kept.append(index)
        assert nms(boxes, confidence, iou_threshold).tolist() == kept


def test_nms_keeps_a_box_whose_iou_is_just_the_threshold() -> None:
    pair = boxes_of((0, 0, 10, 10), (0, 0, 10, 5))
    confidence = np.array((0.5, 0.6), np.float32)
    assert nms(pair, confidence, 0.5).tolist() == [1, 0]
    assert nms(pair, confidence, 0.49).tolist() == [1]
    assert nms(boxes_of(), np.zeros(0, np.float32), 0.5).tolist() == []


def test_nms_says_both_shapes_where_they_do_not_match() -> None:
    with pytest.raises(ValueError, match=r"expected boxes of shape \(2, 4\), one a confidence; got \(3, 4\)"):
        nms(np.zeros((3, 4), np.float32), np.zeros(2, np.float32), 0.5)


def test_suppresses_each_class_for_itself() -> None:
    boxes = boxes_of((0, 0, 10, 10), (1, 0, 11, 10), (50, 50, 60, 60))
    scores = np.array([(0.9, 0.2, 0), (0.8, 0.6, 0), (0.7, 0, 0)], np.float32)
    kept = suppress_scores(boxes, scores, 0.45)
    assert np.allclose(kept, [(0.9, 0, 0), (0, 0.6, 0), (0.7, 0, 0)])
    assert scores[1, 0] == np.float32(0.8)  # what came in is as it was
    assert suppress_scores(boxes_of(), np.zeros((0, 3), np.float32), 0.45).shape == (0, 3)


def test_suppresses_boxes_of_the_same_best_class() -> None:
    boxes = boxes_of((0, 0, 10, 10), (1, 0, 11, 10), (0, 1, 10, 11), (50, 50, 60, 60))
    scores = np.array([(0.9, 0.2, 0), (0.8, 0.1, 0), (0.3, 0.7, 0.4), (0.7, 0.6, 0)], np.float32)
    kept = suppress_boxes(boxes, scores, 0.45)
    assert np.allclose(kept, [(0.9, 0, 0), (0, 0, 0), (0, 0.7, 0.4), (0.7, 0.6, 0)])
    assert suppress_boxes(boxes_of(), np.zeros((0, 3), np.float32), 0.45).shape == (0, 3)
    assert suppress_boxes(boxes_of(), np.zeros((0, 0), np.float32), 0.45).shape == (0, 0)


def test_a_box_keeps_its_best_class_beside_a_better_one_of_another() -> None:
    """The better box might be of that class too, but is taken for what it is most."""
    scores = np.array([(0.6, 0.9), (0.5, 0)], np.float32)
    assert np.allclose(suppress_boxes(boxes_of((0, 0, 10, 10), (1, 0, 11, 10)), scores, 0.45), scores)


@pytest.mark.parametrize(
    ("size_wh", "expected"),
    [
        ((640, 480), Placement(416, 312, 0, 52)),
        ((480, 640), Placement(312, 416, 52, 0)),
        ((416, 416), Placement(416, 416, 0, 0)),
        ((1, 60000), Placement(1, 416, 207, 0)),
        ((60000, 1), Placement(416, 1, 0, 207)),
        ((13, 7), Placement(416, 224, 0, 96)),
    ],
)
def test_letterbox(size_wh: tuple[int, int], expected: Placement) -> None:
    assert letterbox(size_wh, (416, 416)) == expected


def test_boxes_come_back_from_the_letterbox() -> None:
    random = np.random.default_rng(1)
    for _ in range(50):
        size_wh = tuple(int(side) for side in random.integers(30, 5000, 2))
        input_wh = tuple(int(side) for side in random.integers(8, 800, 2))
        place = letterbox(size_wh, input_wh)
        assert place.left >= 0
        assert place.top >= 0
        assert place.left + place.width <= input_wh[0]
        assert place.top + place.height <= input_wh[1]
        assert place.width == input_wh[0] or place.height == input_wh[1]
        scale = np.array((place.width / size_wh[0], place.height / size_wh[1]) * 2)
        in_picture = random.uniform(0, 1, (5, 4)) * (size_wh * 2)
        on_input = in_picture * scale + (place.left, place.top) * 2
        back = place.to_picture(on_input.astype(np.float32), size_wh)
        assert np.allclose(back, in_picture, rtol=1e-4, atol=0.05)


@pytest.mark.parametrize(
    ("size_wh", "expected"),
    [
        ((640, 480), (Placement(416, 312, 0, 20), (416, 352))),
        ((480, 640), (Placement(312, 416, 20, 0), (352, 416))),
        ((1920, 1080), (Placement(416, 234, 0, 27), (416, 288))),
        ((416, 416), (Placement(416, 416, 0, 0), (416, 416))),
        ((60000, 1), (Placement(416, 1, 0, 15), (416, 32))),
    ],
)
def test_without_empty_cells(size_wh: tuple[int, int], expected: tuple[Placement, tuple[int, int]]) -> None:
    assert without_empty_cells(letterbox(size_wh, (416, 416)), (416, 416), 32) == expected


def test_cells_that_hold_something_stay_and_no_other() -> None:
    random = np.random.default_rng(3)
    for _ in range(200):
        stride = int(random.choice((8, 32, 64)))
        columns, rows = (int(count) for count in random.integers(1, 20, 2))
        input_wh = (columns * stride, rows * stride)
        size_wh = tuple(int(side) for side in random.integers(1, 3000, 2))
        whole = letterbox(size_wh, input_wh)
        there = np.zeros(input_wh[::-1], dtype=bool)
        there[whole.top : whole.top + whole.height, whole.left : whole.left + whole.width] = True
        cells = there.reshape(rows, stride, columns, stride).any(axis=(1, 3))
        place, cut_wh = without_empty_cells(whole, input_wh, stride)
        assert cut_wh == (cells.any(axis=0).sum() * stride, cells.any(axis=1).sum() * stride)
        assert place[:2] == whole[:2]
        assert (place.left % stride, place.top % stride) == (whole.left % stride, whole.top % stride)
        assert 0 <= place.left <= cut_wh[0] - place.width
        assert 0 <= place.top <= cut_wh[1] - place.height
