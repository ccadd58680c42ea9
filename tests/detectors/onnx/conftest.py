"""Fixtures of the ONNX networks' tests."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest

from detectors.onnx.network import OnnxNetwork
from pipeline.frame import Frame
from pipeline.host.libraries import can_use_openvino
from tests.detectors.onnx.graphs import saved

Load = Callable[..., OnnxNetwork]


@pytest.fixture(params=["onnxruntime", "openvino"])
def engine(request: pytest.FixtureRequest) -> str:
    """Each engine in turn."""
    if request.param == "openvino" and not can_use_openvino():
        pytest.skip("needs openvino")
    return request.param


@pytest.fixture
def load(tmp_path: Path, engine: str) -> Load:
    """Saves a network and loads it, in each engine."""

    def load_network(model: onnx.ModelProto, **more: object) -> OnnxNetwork:
        options = {"family": "auto", "device": "cpu", "labels": None, "engine": engine} | more
        return OnnxNetwork(saved(model, tmp_path), **options)

    return load_network


@pytest.fixture
def colours(tmp_path: Path) -> Path:
    """A file with the names of the classes of the networks in `graphs`."""
    path = tmp_path / "colours.txt"
    path.write_text("red\ngreen\nblue\n")
    return path


def painted(size_wh: tuple[int, int], **squares: tuple[int, int, int, int]) -> Frame:
    """A black picture with pure red, green or blue rectangles, `xyxy`."""
    rgb = np.zeros((size_wh[1], size_wh[0], 3), dtype=np.uint8)
    for colour, (x1, y1, x2, y2) in squares.items():
        rgb[y1:y2, x1:x2, ("red", "green", "blue").index(colour)] = 255
    return Frame.from_rgb(rgb)


def found(network: OnnxNetwork, frame: Frame, **more: object) -> dict[str, list[tuple[int, ...]]]:
    """Colour -> boxes of it in the whole frame, greatest first; nested ones, of finer grids, are left out."""
    options = {"threshold": 0.6, "nms": 0.45, "resize": "auto"} | more
    boxes: dict[str, list[tuple[int, ...]]] = {}
    for _, xyxy, scores in network.iter_boxes(frame, [frame.whole], **options):
        for index, class_id in zip(*scores.nonzero(), strict=True):
            boxes.setdefault(network.names[class_id], []).append(tuple(int(side) for side in xyxy[index]))
    return {colour: _outermost(all_) for colour, all_ in boxes.items()}


def _outermost(boxes: list[tuple[int, ...]]) -> list[tuple[int, ...]]:
    by_size = sorted(boxes, key=lambda box: (-(box[2] - box[0]) * (box[3] - box[1]), box))
    kept: list[tuple[int, ...]] = []
    for box in by_size:
        inside = (box[0] >= k[0] and box[1] >= k[1] and box[2] <= k[2] and box[3] <= k[3] for k in kept)
        if not any(inside):
            kept.append(box)
    return kept
