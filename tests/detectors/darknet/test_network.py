"""The compiled network against OpenCV's own reader of Darknet files, layer kind by layer kind."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from detectors.darknet.cfg import parse_cfg
from detectors.darknet.layers import NetworkCfg
from tests.detectors.darknet.networks import (
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
NETWORKS = {
    "residual": net(64, 64) + RESIDUAL,
    "residual, wide": net(96, 32) + RESIDUAL,
    "pooled": net(64, 64) + POOLED,
    "pooled, tall and odd": net(41, 63) + POOLED,
    "reorganized": net(64, 64) + REORGANIZED,
    "reorganized, wide": net(96, 64) + REORGANIZED,
    "active": net(32, 32) + ACTIVE,
    "active, odd": net(37, 29) + ACTIVE,
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
