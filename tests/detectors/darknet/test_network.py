"""The compiled network against OpenCV's own reader of Darknet files, layer kind by layer kind."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from detectors.darknet.cfg import parse_cfg
from detectors.darknet.networkcfg import NetworkCfg
from tests.detectors.darknet.networks import (
    HEADER,
    conv,
    engine,
    head_conv,
    maxpool,
    net,
    picture,
    random_weights,
    region,
    route,
    section,
    yolo,
)

pytestmark = pytest.mark.usefixtures("each_engine")

RESIDUAL = (
    conv(8)
    + conv(16, stride=2)
    + conv(8, 1)
    + conv(16)
    + section("shortcut", from_=-3, activation="linear")
    + conv(24, stride=2)
    + conv(24, 1)
    + section("shortcut", from_=-2, activation="leaky")
    + head_conv()
    + yolo("3,4,5")
    + route(-4)
    + conv(8, 1)
    + section("upsample", stride=2)
    + route(-1, 4)
    + head_conv()
    + yolo("0,1,2")
)
POOLED = (
    conv(8)
    + maxpool(2, 2)
    + conv(12)
    + maxpool(2, 1)
    + conv(8, 1)
    + maxpool(5, 1)
    + route(-2)
    + maxpool(9, 1)
    + route(-4)
    + maxpool(13, 1)
    + route(-1, -3, -5, -6)
    + maxpool(3, 2)
    + head_conv()
    + yolo()
)
REORGANIZED = (
    conv(8)
    + maxpool(2, 2)
    + conv(16)
    + maxpool(2, 2)
    + conv(24)
    + route(-3)
    + conv(8, 1)
    + section("reorg", stride=2)
    + route(-1, -4)
    + conv(16)
    + head_conv()
    + region()
)
ACTIVE = (
    conv(6, bn=0, act="relu")
    + conv(6, act="mish")
    + conv(6, act="swish")
    + conv(6, act="logistic")
    + conv(6, 5, act="linear", stride=2)
    + conv(6, pad=0)
    + head_conv()
    + yolo()
)
GROUPED = (
    conv(12, act="mish")
    + conv(12, groups=3, stride=2)
    + conv(12, groups=12)
    + conv(24, groups=12, act="swish")
    + route(-1, groups=2, group_id=1)
    + conv(8, 1)
    + route(-1, -3)
    + section("dropout", probability=0.5)
    + conv(24, 1, bn=0, act="linear")
    + yolo()
)
SCALED = (
    conv(8, act="mish")
    + conv(16, stride=2, act="mish")
    + maxpool(5, 1)
    + route(-1, -2)
    + head_conv()
    + yolo(scale_x_y=2.0, new_coords=1)
)
NETWORKS = {
    "residual": net(64, 64) + RESIDUAL,
    "residual, wide": net(96, 32) + RESIDUAL,
    "pooled": net(64, 64) + POOLED,
    "pooled, tall and odd": net(41, 63) + POOLED,
    "reorganized": net(64, 64) + REORGANIZED,
    "reorganized, wide": net(96, 64) + REORGANIZED,
    "active": net(32, 32) + ACTIVE,
    "active, odd": net(37, 29) + ACTIVE,
    "grouped": net(32, 48) + GROUPED,
    "scaled": net(48, 32) + SCALED,
}


def opencv_heads(network: NetworkCfg, text: str, image: np.ndarray) -> list[np.ndarray]:
    """What OpenCV computes for the convolution in front of each head, as (1, height, width, channels)."""
    files = (np.frombuffer(content, np.uint8) for content in (text.encode(), random_weights(network)))
    oracle = cv2.dnn.readNetFromDarknet(*files)
    oracle.setInput(image.transpose(0, 3, 1, 2))
    outputs = oracle.forward([f"conv_{index - 1}" for index, _ in network.heads])
    return [output.transpose(0, 2, 3, 1) for output in outputs]


def largest_difference(ours: list[np.ndarray], theirs: list[np.ndarray]) -> float:
    """Of the range that the outputs span."""
    assert [output.shape for output in ours] == [output.shape for output in theirs]
    return max(float(np.abs(a - b).max() / np.ptp(b)) for a, b in zip(ours, theirs, strict=True))


@pytest.mark.parametrize("name", NETWORKS)
def test_gives_what_opencv_gives(name: str) -> None:
    text = NETWORKS[name]
    network = parse_cfg(text, "net.cfg")
    image = picture(network)
    ours = engine(text).run(image)
    assert largest_difference(ours, opencv_heads(network, text, image)) <= 1e-3
    assert [output.shape[1:] for output in ours] == [head.shape for _, head in network.heads]


BLOCKS = conv(8) + section("reorg3d", stride=2) + maxpool(3, 3) + conv(8, 1) + section("upsample", stride=3)
ANY_SIZE = {
    "residual": RESIDUAL,
    "pooled": POOLED,
    "grouped": GROUPED,
    "scaled": SCALED,
    "blocks": BLOCKS + head_conv() + yolo(),
}


@pytest.mark.parametrize("precision", ["float32", "int8"])
@pytest.mark.parametrize("name", ANY_SIZE)
def test_takes_other_sizes_as_if_compiled_for_them(name: str, precision: str) -> None:
    """Smaller and larger, to and fro: each as from a .cfg of that size, with the same weights."""
    text = net(48, 48) + ANY_SIZE[name]
    assert parse_cfg(text, "net.cfg").stride in (2, 4, 6)
    for width, height in ((48, 24), (12, 60), (48, 48), (12, 12)):
        own = net(width, height) + ANY_SIZE[name]
        image = picture(parse_cfg(own, "net.cfg"))
        found, expected = engine(text, precision).run(image), engine(own, precision).run(image)
        assert largest_difference(found, expected) <= 1e-5


def run(text: str, image: np.ndarray, precision: str = "float32") -> list[np.ndarray]:
    return engine(net(12, 10) + text, precision).run(image)


@pytest.fixture
def image() -> np.ndarray:
    return np.random.default_rng(9).random((1, 10, 12, 3), dtype=np.float32)


def flat_weights(text: str) -> np.ndarray:
    network = parse_cfg(net(12, 10) + text, "net.cfg")
    return np.frombuffer(random_weights(network), "<f4")[len(HEADER) // 4 :].astype(np.float64)


def logistic_head(numbers: int) -> str:
    """A YOLOv1 head of one cell, whose raw values are the layer before it, in Darknet's order."""
    return section("detection", coords=4, side=1, num=1, classes=numbers - 5)


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("pad", [0, 1])
def test_local_layers_have_a_kernel_for_each_place(image: np.ndarray, stride: int, pad: int) -> None:
    places_h = (10 + 2 * pad - 3) // stride + 1
    places_w = (12 + 2 * pad - 3) // stride + 1
    local = section("local", filters=2, size=3, stride=stride, pad=pad, activation="leaky")
    text = local + logistic_head(2 * places_h * places_w)
    numbers = flat_weights(text)
    count = 2 * places_h * places_w
    bias = numbers[:count].reshape(2, places_h, places_w)
    kernels = numbers[count:].reshape(places_h, places_w, 2, 3, 3, 3)
    padded = np.pad(image[0], ((pad, pad), (pad, pad), (0, 0))).transpose(2, 0, 1)
    expected = np.zeros((2, places_h, places_w))
    for f in range(2):
        for y in range(places_h):
            for x in range(places_w):
                window = padded[:, y * stride : y * stride + 3, x * stride : x * stride + 3]
                value = (kernels[y, x, f] * window).sum() + bias[f, y, x]
                expected[f, y, x] = value if value > 0 else 0.1 * value
    (found,) = run(text, image)
    assert np.allclose(found.reshape(-1), expected.reshape(-1), atol=1e-5)


@pytest.mark.parametrize("normalized", [0, 1])
def test_connected_layers_read_channels_first(image: np.ndarray, normalized: int) -> None:
    text = section("connected", output=7, activation="relu", batch_normalize=normalized) + logistic_head(7)
    numbers = flat_weights(text)
    bias, matrix, rest = numbers[:7], numbers[7 : 7 + 7 * 360].reshape(7, 360), numbers[7 + 7 * 360 :]
    plain = matrix @ image[0].transpose(2, 0, 1).reshape(-1)
    if normalized:
        scale, mean, variance = rest.reshape(3, 7)
        plain = scale * (plain - mean) / (np.sqrt(variance) + 1e-6)
    (found,) = run(text, image)
    assert found.shape == (1, 1, 1, 7)
    assert np.allclose(found.reshape(-1), np.maximum(plain + bias, 0), atol=1e-4)


def test_a_detection_head_reads_channels_first(image: np.ndarray) -> None:
    (found,) = run(logistic_head(360), image)
    assert np.allclose(found.reshape(-1), image[0].transpose(2, 0, 1).reshape(-1))


def test_small_layers(image: np.ndarray) -> None:
    crop = section("crop", crop_width=12, crop_height=10)
    (cropped,) = run(crop + logistic_head(360), image)
    assert np.allclose(cropped.reshape(3, 10, 12), (2 * image - 1)[0].transpose(2, 0, 1))
    (pooled,) = run(conv(12, 1) + "[avgpool]\n" + logistic_head(12), image)
    (whole,) = run(conv(12, 1) + logistic_head(12 * 120), image)
    assert np.allclose(pooled.reshape(-1), whole.reshape(12, 120).mean(axis=1), atol=1e-5)
    softmax = section("softmax", groups=3, temperature=2)
    (soft,) = run(conv(12, 1) + "[avgpool]\n" + softmax + logistic_head(12), image)
    raised = np.exp(pooled.reshape(3, 4) / 2)
    assert np.allclose(soft.reshape(3, 4), raised / raised.sum(axis=1, keepdims=True), atol=1e-6)


def test_reorg3d_takes_blocks_apart_pixel_by_pixel(image: np.ndarray) -> None:
    (found,) = run(section("reorg3d", stride=2) + logistic_head(360), image)
    planes = image[0].transpose(2, 0, 1)
    expected = np.concatenate([planes[:, y::2, x::2] for y in (0, 1) for x in (0, 1)])
    assert np.allclose(found.reshape(12, 5, 6), expected)


@pytest.mark.parametrize("activation", ["mish", "swish", "logistic", "leaky", "relu"])
def test_activations_are_right_from_end_to_end(activation: str) -> None:
    """From -100 to 100, where a naive exponential overflows."""
    text = conv(1, 1, bn=0, act=activation) + logistic_head(120)
    gain = flat_weights(text)[1:4].sum()
    x = np.linspace(-100, 100, 120).astype(np.float32)
    image = np.repeat((x / gain).astype(np.float32).reshape(1, 10, 12, 1), 3, axis=3)
    (found,) = run(text, image)
    z = x + flat_weights(text)[0]
    with np.errstate(over="ignore"):
        expected = {
            "mish": z * np.tanh(np.logaddexp(0, z)),
            "swish": z / (1 + np.exp(-z)),
            "logistic": 1 / (1 + np.exp(-z)),
            "leaky": np.where(z > 0, z, 0.1 * z),
            "relu": np.maximum(z, 0),
        }[activation]
    assert np.allclose(found.reshape(-1), expected, atol=2e-4)


@pytest.mark.parametrize("name", ["residual", "grouped", "scaled"])
def test_eight_bit_weights_are_close(name: str) -> None:
    text = NETWORKS[name]
    image = picture(parse_cfg(text, "net.cfg"))
    exact, small = engine(text).run(image), engine(text, "int8").run(image)
    assert largest_difference(small, exact) < 0.1


def test_eight_bit_weights_of_local_and_connected_layers(image: np.ndarray) -> None:
    local = section("local", filters=40, size=3, stride=1, pad=1, activation="leaky")
    text = conv(16) + local + section("connected", output=30, activation="linear") + logistic_head(30)
    exact, small = run(text, image), run(text, image, "int8")
    assert largest_difference(small, exact) < 0.1
