"""Layers of AlexeyAB's fork, and shortcuts of unlike shapes, against OpenCV's reader or numpy."""

from __future__ import annotations

import math

import numpy as np
import pytest

from detectors.darknet.cfg import parse_cfg
from detectors.darknet.decode import decode_heads
from tests.detectors.darknet.networks import (
    conv,
    engine,
    head_conv,
    maxpool,
    net,
    picture,
    random_weights,
    route,
    section,
    yolo,
)
from tests.detectors.darknet.test_network import (
    flat_weights,
    largest_difference,
    logistic_head,
    opencv_heads,
    run,
)

pytestmark = pytest.mark.usefixtures("each_engine")

TAIL = head_conv() + yolo()
SQUEEZED = conv(8) + "[avgpool]\n" + conv(4, 1, act="relu") + conv(8, 1, act="logistic")
AS_IN_OPENCV = {
    "adds fewer channels": conv(8, stride=2) + conv(16) + section("shortcut", from_=-2) + TAIL,
    "adds more channels": conv(16, stride=2)
    + conv(8)
    + section("shortcut", from_=-2, activation="leaky")
    + TAIL,
    "scales channels": SQUEEZED + section("scale_channels", from_=0) + TAIL,
}


@pytest.fixture
def image() -> np.ndarray:
    return np.random.default_rng(9).random((1, 10, 12, 3), dtype=np.float32)


@pytest.mark.parametrize("name", AS_IN_OPENCV)
def test_gives_what_opencv_gives(name: str) -> None:
    text = net(32, 48) + AS_IN_OPENCV[name]
    network = parse_cfg(text, "net.cfg")
    image = picture(network)
    ours = engine(text).run(image)
    assert largest_difference(ours, opencv_heads(network, text, image)) <= 1e-3


def outputs(text: str, image: np.ndarray, channels: int) -> np.ndarray:
    """What a network puts out last, (channels, 10, 12); its weights are those of the same text elsewhere."""
    (found,) = run(text + logistic_head(channels * 120), image)
    return found.reshape(channels, 10, 12)


@pytest.mark.parametrize("stride", [2, 3])
def test_adds_every_second_pixel_of_a_layer_twice_as_large(stride: int) -> None:
    """As pjreddie's Darknet and the first of AlexeyAB's, with which such networks were trained."""
    side = 12 // stride
    image = np.random.default_rng(9).random((1, 12, 12, 3), dtype=np.float32)
    (large,) = engine(net(12, 12) + conv(4) + logistic_head(4 * 144)).run(image)
    pooled = conv(4) + maxpool(stride, stride)
    (small,) = engine(net(12, 12) + pooled + logistic_head(4 * side**2)).run(image)
    (added,) = engine(net(12, 12) + pooled + section("shortcut", from_=-2) + logistic_head(4 * side**2)).run(
        image
    )
    expected = small.reshape(4, side, side) + large.reshape(4, 12, 12)[:, ::stride, ::stride]
    assert np.allclose(added.reshape(4, side, side), expected, atol=1e-5)


def test_adds_unlike_channels_of_several_layers(image: np.ndarray) -> None:
    text = conv(4, 1) + conv(6, 1) + conv(5, 1)
    first, second, third = (
        outputs("".join(text_of(text)[:n]), image, c) for n, c in ((1, 4), (2, 6), (3, 5))
    )
    # Random weights of a layer before a shortcut are smaller: something else stands between.
    added = outputs(text + "[dropout]\n" + section("shortcut", from_="-4,-3"), image, 5)
    expected = third + second[:5]
    expected[:4] += first
    assert np.allclose(added, expected, atol=1e-5)


def text_of(text: str) -> list[str]:
    return [f"[{part}" for part in text.split("[")[1:]]


def test_sam_multiplies_each_value(image: np.ndarray) -> None:
    text = conv(4) + conv(4, 1, act="logistic")
    first, second = outputs(conv(4), image, 4), outputs(text, image, 4)
    found = outputs(text + section("sam", from_=-2, activation="leaky"), image, 4)
    product = first * second
    assert np.allclose(found, np.where(product > 0, product, 0.1 * product), atol=1e-5)


def test_scale_channels_by_pixel(image: np.ndarray) -> None:
    text = conv(4) + conv(1, 1, act="logistic")
    first, second = outputs(conv(4), image, 4), outputs(text, image, 1)
    found = outputs(text + section("scale_channels", from_=-2, scale_wh=1), image, 4)
    assert np.allclose(found, first * second, atol=1e-5)


def test_batchnorm_alone(image: np.ndarray) -> None:
    text = conv(4, 1, bn=0) + "[batchnorm]\n"
    bias, scale, mean, variance = flat_weights(text + logistic_head(480))[-16:].reshape(4, 4, 1, 1)
    expected = scale * (outputs(conv(4, 1, bn=0), image, 4) - mean) / (np.sqrt(variance) + 1e-6) + bias
    assert np.allclose(outputs(text, image, 4), expected, atol=1e-5)


@pytest.mark.parametrize(
    ("size", "stride", "padding"), [(3, 1, 2), (2, 2, 1), (2, 2, 0), (3, 2, 2), (4, 1, 3)]
)
def test_local_avgpool_is_the_mean_of_what_is_inside(
    image: np.ndarray, size: int, stride: int, padding: int
) -> None:
    height, width = ((length + padding - size) // stride + 1 for length in (10, 12))
    text = section("local_avgpool", size=size, stride=stride, padding=padding)
    (found,) = run(text + logistic_head(3 * height * width), image)
    planes = image[0].transpose(2, 0, 1)
    expected = np.zeros((3, height, width))
    for y in range(height):
        for x in range(width):
            top, left = y * stride - padding // 2, x * stride - padding // 2
            window = planes[:, max(top, 0) : top + size, max(left, 0) : left + size]
            expected[:, y, x] = window.mean(axis=(1, 2))
    assert np.allclose(found.reshape(3, height, width), expected, atol=1e-5)


@pytest.mark.parametrize("block", ["sam", "scale_channels", "shortcut", "local_avgpool", "batchnorm"])
def test_takes_other_sizes_as_if_compiled_for_them(block: str) -> None:
    blocks = {
        "sam": conv(8, act="logistic") + section("sam", from_=-2),
        "scale_channels": conv(1, act="logistic") + section("scale_channels", from_=-2, scale_wh=1),
        "shortcut": conv(12, stride=2) + section("shortcut", from_=-2),
        "local_avgpool": section("local_avgpool", size=2, stride=2),
        "batchnorm": "[batchnorm]\n",
    }
    text = conv(8, stride=2) + blocks[block] + TAIL
    assert parse_cfg(net(48, 48) + text, "net.cfg").stride == (
        {"shortcut": 4, "local_avgpool": 4, "scale_channels": None}.get(block, 2)
    )
    if block == "scale_channels":
        return
    for width, height in ((48, 24), (12, 60)):
        own = net(width, height) + text
        image = picture(parse_cfg(own, "net.cfg"))
        found, expected = engine(net(48, 48) + text).run(image), engine(own).run(image)
        assert largest_difference(found, expected) <= 1e-5


def test_a_network_of_such_layers_in_eight_bits() -> None:
    text = net(32, 32) + conv(16) + conv(16, 1, act="logistic") + section("sam", from_=-2) + "[batchnorm]\n"
    text += section("local_avgpool", size=2, stride=2) + conv(24) + section("shortcut", from_=-2) + TAIL
    image = picture(parse_cfg(text, "net.cfg"))
    assert largest_difference(engine(text, "int8").run(image), engine(text).run(image)) < 0.1


def logistic(x: float) -> float:
    return 1 / (1 + math.exp(-x))


@pytest.mark.parametrize("point", ["center", "left_top", "right_bottom"])
@pytest.mark.parametrize("scale", [1.0, 1.2])
def test_gaussian_yolo_lowers_scores_by_its_uncertainty(point: str, scale: float) -> None:
    """In Darknet's words, cell by cell: x, its uncertainty, y, its uncertainty, ..., objectness, classes."""
    anchors = "4,5, 9,7, 12,20"
    head = section(
        "Gaussian_yolo", mask="1,2", anchors=anchors, num=3, classes=2, scale_x_y=scale, yolo_point=point
    )
    network = parse_cfg(net(96, 64) + maxpool(8, 8) + conv(22, 1, bn=0) + head, "a.cfg")
    raw = np.random.default_rng(5).normal(0, 2, (1, 8, 12, 22)).astype(np.float32)
    expected = []
    for row in range(8):
        for column in range(12):
            for n, (anchor_w, anchor_h) in enumerate(((9, 7), (12, 20))):
                cell = raw[0, row, column, n * 11 : (n + 1) * 11].astype(float)
                x = (column + logistic(cell[0]) * scale - 0.5 * (scale - 1)) * 8
                y = (row + logistic(cell[2]) * scale - 0.5 * (scale - 1)) * 8
                w, h = math.exp(cell[4]) * anchor_w, math.exp(cell[6]) * anchor_h
                shift = {"center": 0, "left_top": 1, "right_bottom": -1}[point]
                x, y = x + shift * w / 2, y + shift * h / 2
                uncertainty = sum(logistic(cell[index]) for index in (1, 3, 5, 7)) / 4
                scores = [logistic(cell[8]) * logistic(v) * (1 - uncertainty) for v in cell[9:]]
                if max(scores) > 0.3:
                    kept = [score if score > 0.3 else 0 for score in scores]
                    expected.append([x - w / 2, y - h / 2, x + w / 2, y + h / 2, *kept])
    boxes, scores = decode_heads(network, [raw], 0.3)
    assert len(expected) > 10
    assert np.allclose(np.concatenate((boxes, scores), axis=1), expected, rtol=1e-3, atol=1e-3)


def test_anchors_beyond_num_are_passed_over() -> None:
    """As Darknet reads them; the rest of its loop ends at `num` pairs."""
    more = yolo("0,1,2").replace("60,61", "60,61, 90,95")
    assert parse_cfg(net() + head_conv() + more, "a.cfg").heads[0][1].anchors == ((4, 5), (9, 7), (12, 20))


def test_route_reaches_a_product() -> None:
    text = net(16, 16) + conv(4) + conv(4) + section("sam", from_=-2) + route(-1, 0) + TAIL
    assert parse_cfg(text, "a.cfg").layers[3].shape.channels == 8


def test_weights_of_batchnorm_are_counted() -> None:
    text = net(16, 16) + conv(4, bn=0) + "[batchnorm]\n" + TAIL
    plain = net(16, 16) + conv(4, bn=0) + TAIL
    sizes = [len(random_weights(parse_cfg(each, "a.cfg"))) for each in (text, plain)]
    assert sizes[0] - sizes[1] == 4 * 4 * 4
