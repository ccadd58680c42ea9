"""ONNX Runtime: devices, and the tiny networks that testimage.py runs."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import onnx
import pytest

from detectors.onnx.engine import OnnxEngine, usable_devices
from detectors.onnx.modelfile import read_model_info
from pipeline.errors import ModelError
from tests.detectors.onnx import graphs
from tests.detectors.onnx.graphs import ULTRALYTICS, saved

CPU, CUDA, OPENVINO = ("CPUExecutionProvider", "CUDAExecutionProvider", "OpenVINOExecutionProvider")
SELFTEST_MODELS = Path(__file__).parents[3] / "detectors" / "examples"


@pytest.mark.parametrize(
    ("device", "available", "tried"),
    [
        ("auto", [CPU], ["cpu"]),
        ("auto", ["AzureExecutionProvider", CPU], ["cpu"]),
        ("auto", [OPENVINO, CUDA, CPU], ["cuda", "openvino", "cpu"]),
        ("auto", ["DmlExecutionProvider", CPU], ["directml", "cpu"]),
        ("auto", ["CoreMLExecutionProvider", CPU], ["coreml", "cpu"]),
        ("cpu", [CUDA, CPU], ["cpu"]),
        ("cuda", [CUDA, CPU], ["cuda"]),
    ],
)
def test_devices_are_tried_in_order(device, available, tried):
    assert usable_devices(device, available) == tried


@pytest.mark.parametrize(
    ("device", "package"), [("cuda", "onnxruntime-gpu"), ("openvino", "onnxruntime-openvino")]
)
def test_a_device_that_is_not_here_says_what_to_install(device, package):
    with pytest.raises(ModelError) as raised:
        usable_devices(device, [CPU])
    assert str(raised.value) == (
        f'device "{device}": the ONNX Runtime that is installed has only cpu; install {package} in place of '
        'onnxruntime, or write "device: auto"'
    )


@pytest.mark.filterwarnings("ignore:Specified provider")
def test_a_device_that_is_there_but_does_not_work_is_passed_over(tmp_path, monkeypatch):
    monkeypatch.setattr("onnxruntime.get_available_providers", lambda: [CUDA, CPU])
    info = read_model_info(saved(graphs.yolov8(), tmp_path))
    assert OnnxEngine(info, "auto").device == "CPU"
    with pytest.raises(ModelError, match=r"the device cuda does not work here|cannot use it"):
        OnnxEngine(info, "cuda")


def test_answers_are_the_same_each_time(tmp_path):
    engine = OnnxEngine(read_model_info(saved(graphs.yolov8(), tmp_path)), "cpu")
    picture = np.random.default_rng(3).random((1, 3, 64, 96), dtype=np.float32)
    first, again = (engine.run({"images": picture})["output0"] for _ in range(2))
    assert (first == again).all()


def test_a_name_that_is_not_utf8_is_no_hindrance(tmp_path):
    path = saved(graphs.yolov8(), tmp_path, os.fsdecode(b"n\xff.onnx"))
    engine = OnnxEngine(read_model_info(path), "cpu")
    assert engine.run({"images": np.zeros((1, 3, 64, 96), np.float32)})["output0"].shape == (1, 7, 126)


def test_the_networks_of_testimage_are_those_of_the_tests():
    own = {key: value for key, value in ULTRALYTICS.items() if key != "imgsz"}
    expected = {"tiny-yolov8.onnx": graphs.yolov8((64, 64), metadata=own), "tiny-yunet.onnx": graphs.yunet()}
    assert sorted(path.name for path in SELFTEST_MODELS.iterdir()) == sorted(expected)
    for name, model in expected.items():
        assert onnx.load(SELFTEST_MODELS / name) == model
