"""Darknet networks as ONNX files: whole, and equal to what TensorFlow compiles for LiteRT.

`test_network` and `test_forklayers` compare each kind of layer with OpenCV or numpy, in both engines.
"""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import numpy as np
import onnx
import pytest

from detectors.darknet.cfg import parse_cfg
from detectors.darknet.compileonnx import compile_to_onnx
from detectors.darknet.opening import open_darknet
from pipeline.engines.onnxruntime import OnnxRuntimeEngine
from pipeline.errors import ModelError
from tests.detectors.darknet import networks
from tests.detectors.darknet.networks import (
    conv,
    engine,
    head_conv,
    maxpool,
    net,
    picture,
    route,
    section,
    write_network,
    yolo,
)
from tests.detectors.darknet.test_forklayers import SQUEEZED, TAIL
from tests.detectors.darknet.test_network import (
    ANY_SIZE,
    NETWORKS,
    RESIDUAL,
    largest_difference,
    logistic_head,
)
from tests.running import component, pipeline_file, run, small_photo

LOCAL = section("local", filters=4, size=3, stride=2, pad=1, activation="leaky")
EVERY_KIND = {
    **NETWORKS,
    "blocks": net(48, 48) + ANY_SIZE["blocks"],
    "squeezed": net(32, 48) + SQUEEZED + section("scale_channels", from_=0) + TAIL,
    "attended": net(32, 32) + conv(4) + conv(4, 1, act="logistic") + section("sam", from_=-2) + TAIL,
    "added": net(32, 32)
    + conv(6)
    + maxpool(2, 2)
    + conv(4, 1)
    + "[batchnorm]\n"
    + section("shortcut", from_="-4,-3", activation="leaky")
    + TAIL,
    "averaged": net(32, 32) + conv(4) + section("local_avgpool", size=3, stride=2, padding=2) + TAIL,
    "first YOLO": net(16, 16)
    + section("crop", crop_width=16, crop_height=16)
    + conv(4)
    + LOCAL
    + section("connected", output=24, activation="linear")
    + section("softmax", groups=3, temperature=2)
    + logistic_head(24),
}


@pytest.mark.parametrize("name", EVERY_KIND)
def test_gives_what_litert_gives(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    text = EVERY_KIND[name]
    image = picture(parse_cfg(text, "net.cfg"))
    expected = engine(text).run(image)
    monkeypatch.setattr(networks, "RUNS_IN", "onnxruntime")
    assert largest_difference(engine(text).run(image), expected) <= 1e-5


def test_a_window_without_a_pixel_has_the_lowest_maximum(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in Darknet, whose maximum begins there."""
    text = net(9, 9) + conv(4) + maxpool(2, 2, padding=6) + logistic_head(4 * 7 * 7)
    image = picture(parse_cfg(text, "net.cfg"))
    (expected,) = engine(text).run(image)
    monkeypatch.setattr(networks, "RUNS_IN", "onnxruntime")
    (found,) = engine(text).run(image)
    lowest = np.finfo(np.float32).min
    assert (found == lowest).sum() == (expected == lowest).sum() > 0
    assert np.allclose(found, expected, rtol=1e-5)


@pytest.mark.parametrize("name", EVERY_KIND)
def test_the_file_is_what_the_format_defines(name: str, tmp_path: Path) -> None:
    """Types and shapes that the reference infers agree with those that the file states."""
    cfg, weights = write_network(tmp_path, EVERY_KIND[name])
    model = onnx.load_from_string(compile_to_onnx(cfg, weights, "float32"))
    onnx.checker.check_model(model, full_check=True)


def test_a_window_without_a_pixel_has_no_mean(tmp_path: Path) -> None:
    """Darknet divides 0 by 0 there."""
    text = net(8, 8) + conv(4) + section("local_avgpool", size=2, stride=3, padding=3) + TAIL
    with pytest.raises(ModelError, match=r"net\.cfg:12: a window has no pixel of the picture$"):
        compile_to_onnx(*write_network(tmp_path, text), "float32")


def test_a_damaged_file_is_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "a.onnx"
    path.write_bytes(compile_to_onnx(*write_network(tmp_path, net(32, 32) + TAIL), "float32")[:-100])
    with pytest.raises(ModelError) as caught:
        OnnxRuntimeEngine(path, varies=True)
    assert str(caught.value).startswith(f"{path}: cannot be run (")
    assert "\n" not in str(caught.value)


def test_a_size_that_it_cannot_take_costs_no_other_picture(tmp_path: Path) -> None:
    text = net(32, 32) + conv(4) + conv(4, 3, 2) + section("upsample", stride=2) + route(-1, 0) + TAIL
    path = tmp_path / "a.onnx"
    path.write_bytes(compile_to_onnx(*write_network(tmp_path, text), "float32"))
    running = OnnxRuntimeEngine(path, varies=True)
    image = picture(parse_cfg(text, "a.cfg"))
    expected = running.run(image)[0]
    with pytest.raises(MemoryError):
        running.run(np.zeros((1, 31, 31, 3), np.float32))
    assert (running.run(image)[0] == expected).all()


@pytest.fixture
def without_tensorflow(monkeypatch: pytest.MonkeyPatch) -> None:
    found = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "tensorflow" else found(name)
    )


@pytest.mark.usefixtures("without_tensorflow")
def test_a_machine_without_tensorflow_opens_a_darknet_network(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEEPVISUALMINER_CACHE", str(tmp_path / "cache"))
    names = tmp_path / "net.names"
    names.write_text("a\nb\nc\n")
    pair = write_network(tmp_path, net(64, 64) + RESIDUAL)
    assert open_darknet(*pair, names, "float32").names == ("a", "b", "c")
    assert [path.suffix for path in (tmp_path / "cache" / "compiled").glob("[!.]*")] == [".onnx"]
    with pytest.raises(ModelError, match="by TensorFlow, which is not installed"):
        open_darknet(*pair, names, "int8")


def test_both_engines_find_the_same_boxes(tmp_path: Path) -> None:
    text = net(64, 64) + conv(8) + maxpool(4, 4) + head_conv() + yolo()
    cfg, _ = write_network(tmp_path, text)
    cfg.with_suffix(".names").write_text("a\nb\nc\n")
    small_photo(tmp_path / "in" / "a.png", 90, 60)
    found = {}
    for name in ("litert", "onnxruntime"):
        file = pipeline_file(
            tmp_path / f"{name}.yml",
            component("objects", "deepdetector", model=str(cfg), threshold=0.2, engine=name),
            component("report", "jsonreportwriter", "objects"),
        )
        done = run(tmp_path / "in", tmp_path / name, file)
        assert done.returncode == 0, done.stderr
        found[name] = json.loads((tmp_path / name / "a.png.json").read_bytes())["frames"][0]["objects"]
    assert found["litert"]
    for one, other in zip(found["litert"], found["onnxruntime"], strict=True):
        assert one["rect"] == other["rect"]
        assert one["labels"][0]["label"] == other["labels"][0]["label"]
        assert abs(one["labels"][0]["confidence"] - other["labels"][0]["confidence"]) < 1e-4
