"""Decoding against Darknet's formulas, written cell by cell."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest

from detectors.darknet.cfg import parse_cfg
from detectors.darknet.decode import decode_heads
from detectors.darknet.heads import Region, Yolo
from detectors.darknet.networkcfg import NetworkCfg
from detectors.darknet.tree import ClassTree
from tests.detectors.darknet.networks import conv, head_conv, maxpool, net, region, route, section, yolo


def network_of(head: str) -> NetworkCfg:
    return parse_cfg(net(96, 64) + maxpool(8, 8) + head_conv() + head, "a.cfg")


def raw_of(network: NetworkCfg, seed: int = 5, scale: float = 2.0) -> list[np.ndarray]:
    random = np.random.default_rng(seed)
    return [random.normal(0, scale, (1, *head.shape)).astype(np.float32) for _, head in network.heads]


def logistic(x: float) -> float:
    return 1 / (1 + math.exp(-x))


def expected_boxes(network: NetworkCfg, raw: list[np.ndarray], threshold: float) -> list[tuple]:
    """(box, scores) of each box in Darknet's words, one cell after the other."""
    found = []
    for (_, head), values in zip(network.heads, raw, strict=True):
        rows, columns, _ = head.shape
        for row in range(rows):
            for column in range(columns):
                for n, (anchor_w, anchor_h) in enumerate(head.anchors):
                    step = 5 + head.classes
                    cell = values[0, row, column, n * step : (n + 1) * step].astype(float)
                    found.append(
                        expected_box(network, head, cell, row, column, anchor_w, anchor_h, threshold)
                    )
    return [box for box in found if any(box[1])]


def expected_box(network, head, cell, row, column, anchor_w, anchor_h, threshold):
    rows, columns, _ = head.shape
    plain = isinstance(head, Yolo) and head.new_coords
    x, y = (v if plain else logistic(v) for v in cell[:2])
    if isinstance(head, Yolo):
        x, y = (v * head.scale_x_y - 0.5 * (head.scale_x_y - 1) for v in (x, y))
        grow = [(2 * v) ** 2 if plain else math.exp(v) for v in cell[2:4]]
        w, h = grow[0] * anchor_w, grow[1] * anchor_h
    else:
        w = math.exp(cell[2]) * anchor_w / columns * network.shape.width
        h = math.exp(cell[3]) * anchor_h / rows * network.shape.height
    x, y = (column + x) / columns * network.shape.width, (row + y) / rows * network.shape.height
    objectness = cell[4] if plain else logistic(cell[4])
    if isinstance(head, Region) and head.softmax:
        total = sum(math.exp(v) for v in cell[5:])
        classes = [math.exp(v) / total for v in cell[5:]]
    else:
        classes = [v if plain else logistic(v) for v in cell[5:]]
    scores = [objectness * c if objectness > threshold and objectness * c > threshold else 0 for c in classes]
    return (x - w / 2, y - h / 2, x + w / 2, y + h / 2), scores


@pytest.mark.parametrize(
    "network",
    [
        network_of(yolo()),
        network_of(yolo(scale_x_y=1.2)),
        network_of(region()),
        network_of(region(softmax=0)),
        parse_cfg(
            net(96, 64)
            + conv(8, stride=2)
            + head_conv()
            + yolo("3,4,5")
            + route(0)
            + maxpool(2, 2)
            + head_conv(boxes=2)
            + yolo("0,2"),
            "a.cfg",
        ),
    ],
    ids=["yolo", "yolo with scale_x_y", "region", "region with logistic classes", "two heads"],
)
@pytest.mark.parametrize("threshold", [0.01, 0.25, 0.6])
def test_is_darknets_arithmetic(network: NetworkCfg, threshold: float) -> None:
    raw = raw_of(network)
    expected = expected_boxes(network, raw, threshold)
    boxes, scores = decode_heads(network, raw, threshold)
    assert boxes.dtype == scores.dtype == np.float32
    assert len(expected) == len(boxes) > 0
    assert np.allclose(boxes, [box for box, _ in expected], rtol=1e-4, atol=1e-2)
    assert np.allclose(scores, [classes for _, classes in expected], atol=1e-5)


@pytest.mark.parametrize("softmax", [0, 1])
@pytest.mark.parametrize("square_root", [0, 1])
def test_yolov1_is_darknets_arithmetic(softmax: int, square_root: int) -> None:
    side, boxes, classes = 3, 2, 4
    head = section(
        "detection", coords=4, side=side, num=boxes, classes=classes, sqrt=square_root, softmax=softmax
    )
    numbers = side * side * (boxes * 5 + classes)
    network = parse_cfg(net(96, 64) + section("connected", output=numbers) + head, "a.cfg")
    raw = np.random.default_rng(4).random(numbers).astype(np.float32)
    threshold, expected = 0.2, []
    for cell in range(side * side):
        scores = raw[cell * classes : (cell + 1) * classes].astype(float)
        if softmax:
            scores = np.exp(scores) / np.exp(scores).sum()
        for n in range(boxes):
            certainty = raw[side * side * classes + cell * boxes + n]
            x, y, w, h = raw[side * side * (classes + boxes) + (cell * boxes + n) * 4 :][:4].astype(float)
            x, y = (cell % side + x) / side * 96, (cell // side + y) / side * 64
            w, h = (w**2, h**2) if square_root else (w, h)
            found = np.where(certainty * scores > threshold, certainty * scores, 0)
            if found.any():
                expected.append(((x - w * 48, y - h * 32, x + w * 48, y + h * 32), found))
    found_boxes, found_scores = decode_heads(network, [raw.reshape(1, 1, 1, -1)], threshold)
    assert len(expected) == len(found_boxes) > 0
    assert np.allclose(found_boxes, [box for box, _ in expected], atol=1e-3)
    assert np.allclose(found_scores, [scores for _, scores in expected], atol=1e-5)


def test_a_box_of_a_tree_has_one_class_with_the_confidence_of_the_box() -> None:
    """Animal or vehicle, and a dog under the first."""
    network = network_of(region())
    tree = ClassTree(np.array((-1, -1, 0)), np.array((0, 2)), np.array((1, -1, -1)))
    raw = raw_of(network)
    boxes, scores = decode_heads(network, raw, 0.3, tree)
    cells = raw[0].reshape(-1, 8)
    certain = [cell for cell in cells if logistic(cell[4]) > 0.3]
    assert len(boxes) == len(certain)
    for cell, found in zip(certain, scores, strict=True):
        (class_id,) = np.flatnonzero(found)
        first = math.exp(cell[5]) / (math.exp(cell[5]) + math.exp(cell[6]))
        expected = (2 if first > 0.5 else 0) if cell[5] >= cell[6] else 1
        assert class_id == expected
        assert abs(found[class_id] - logistic(cell[4])) < 1e-5


def test_new_coordinates_come_out_of_a_logistic_already() -> None:
    network = network_of(yolo(scale_x_y=2.0, new_coords=1))
    raw = [1 / (1 + np.exp(-values)) for values in raw_of(network)]
    expected = expected_boxes(network, raw, 0.3)
    boxes, scores = decode_heads(network, raw, 0.3)
    assert np.allclose(boxes, [box for box, _ in expected], rtol=1e-4, atol=1e-2)
    assert np.allclose(scores, [classes for _, classes in expected], atol=1e-5)


@pytest.mark.parametrize("head", [yolo(), region(), yolo(new_coords=1)], ids=["yolo", "region", "new_coords"])
@pytest.mark.parametrize("fill", [np.nan, np.inf, -np.inf, 1e38, -1e38, 0.0])
def test_absurd_numbers_give_no_absurd_boxes(head: str, fill: float) -> None:
    network = network_of(head)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for place in range(8):
            raw = raw_of(network)
            raw[0][..., place::8] = fill
            boxes, scores = decode_heads(network, raw, 0.25)
            assert np.isfinite(boxes).all()
            assert np.isfinite(scores).all()
            assert boxes.shape == (len(scores), 4)


def test_finds_nothing_above_an_unreachable_threshold() -> None:
    network = network_of(yolo())
    boxes, scores = decode_heads(network, raw_of(network), 1.0)
    assert boxes.shape == (0, 4)
    assert scores.shape == (0, 3)
