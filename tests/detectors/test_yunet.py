"""YuNet in ONNX Runtime finds the faces that OpenCV's FaceDetectorYN finds, with the same numbers."""

from __future__ import annotations

import os
from pathlib import Path

import cv2
import numpy as np
import pytest

from detectors.boxes import iou_with
from detectors.yunet import YuNet
from pipeline.errors import ModelError
from tests.detectors.onnx import graphs
from tests.detectors.onnx.graphs import saved

SIZES = [(1280, 960), (640, 427), (333, 500), (320, 320), (97, 64), (33, 31)]


def opencvs_faces(network: Path, rgb: np.ndarray, threshold: float) -> np.ndarray:
    content = np.frombuffer(network.read_bytes(), np.uint8)
    size_wh = (rgb.shape[1], rgb.shape[0])
    detector = cv2.FaceDetectorYN.create(
        "onnx", content, np.empty(0, np.uint8), size_wh, threshold, 0.3, 5000
    )
    faces = detector.detect(cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR))[1]
    return np.zeros((0, 15), np.float32) if faces is None else faces


def assert_same(ours: np.ndarray, theirs: np.ndarray) -> None:
    """Each of OpenCV's faces is among ours: IoU 0.99, score within 0.002, landmarks within half a pixel."""
    assert len(ours) == len(theirs)
    corners = np.concatenate((ours[:, :2], ours[:, :2] + ours[:, 2:4]), axis=1)
    for face in theirs:
        overlaps = iou_with(np.concatenate((face[:2], face[:2] + face[2:4])), corners)
        same = ours[overlaps.argmax()]
        assert overlaps.max() >= 0.99
        assert abs(same[14] - face[14]) <= 0.002
        assert np.abs(same[4:14] - face[4:14]).max() <= 0.5


def resized(rgb: np.ndarray, size_wh: tuple[int, int]) -> np.ndarray:
    return np.asarray(cv2.resize(rgb, size_wh, interpolation=cv2.INTER_AREA))


@pytest.mark.parametrize("threshold", [0.7, 0.2])
@pytest.mark.parametrize("size_wh", SIZES)
def test_finds_what_opencv_finds(sample_photos, yunet, size_wh, threshold):
    network = YuNet(yunet, threshold)
    found = 0
    for path in sorted(sample_photos.iterdir()):
        rgb = cv2.imread(str(path))
        if rgb is None:
            continue
        rgb = resized(cv2.cvtColor(rgb, cv2.COLOR_BGR2RGB), size_wh)
        ours = network.find(rgb)
        assert_same(ours, opencvs_faces(yunet, rgb, threshold))
        assert list(ours[:, 14]) == sorted(ours[:, 14], reverse=True)
        found += len(ours)
    assert found or size_wh[1] < 320


def test_finds_what_opencv_finds_in_photos_of_coco(coco64, yunet):
    network = YuNet(yunet, 0.5)
    found = 0
    for path in sorted((coco64 / "photos").iterdir()):
        rgb = cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)
        ours = network.find(rgb)
        assert_same(ours, opencvs_faces(yunet, rgb, 0.5))
        found += len(ours)
    assert found > 40


def fixed(size: int) -> object:
    """A YuNet whose file states an input size, as that of 2023."""
    model = graphs.yunet()
    for dim in model.graph.input[0].type.tensor_type.shape.dim[2:]:
        dim.dim_param = ""
        dim.dim_value = size
    for output in model.graph.output:
        stride = int(output.name.rpartition("_")[2])
        output.type.tensor_type.shape.dim[1].dim_value = (size // stride) ** 2
    return model


@pytest.mark.parametrize("has_memory_files", [True, False])
def test_a_file_that_states_a_size_takes_any(tmp_path, monkeypatch, has_memory_files):
    if not has_memory_files:
        monkeypatch.delattr(os, "memfd_create", raising=False)
        monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
        (tmp_path / "temporary").mkdir()
    rgb = np.zeros((200, 300, 3), np.uint8)
    rgb[64:80, 96:128] = 255
    (face,) = YuNet(saved(fixed(640), tmp_path), 0.7).find(rgb)
    assert np.allclose(face[:4], (96, 64, 32, 32), atol=0.01)
    assert not list((tmp_path / "temporary").glob("*")) if not has_memory_files else True


def test_values_that_are_no_numbers_are_no_faces(tmp_path):
    model = graphs.yunet()
    biases = {node.input[2] for node in model.graph.node if node.op_type == "Conv"}
    for tensor in model.graph.initializer:
        if tensor.name in biases and list(tensor.dims) == [4]:  # of the boxes
            nans = np.array((np.nan, 0.5, 0, 0), np.float32)
            tensor.CopyFrom(graphs.numpy_helper.from_array(nans, tensor.name))
    rgb = np.zeros((64, 64, 3), np.uint8)
    rgb[:16, :32] = 255
    assert len(YuNet(saved(graphs.yunet(), tmp_path), 0.7).find(rgb)) == 1
    assert len(YuNet(saved(model, tmp_path), 0.7).find(rgb)) == 0


def test_outputs_of_other_sizes_are_refused(tmp_path):
    model = graphs.yunet()
    for tensor in model.graph.initializer:
        if list(tensor.dims) == [3] and tensor.data_type == 7:
            shape = graphs.numpy_helper.to_array(tensor)
            if shape[2] == 10:
                tensor.CopyFrom(graphs.numpy_helper.from_array(np.array((1, -1, 20), np.int64), tensor.name))
    for output in model.graph.output:
        if output.name.startswith("kps"):
            output.type.tensor_type.ClearField("shape")
    with pytest.raises(ModelError, match="its outputs have other sizes than YuNet's; fetch it again"):
        YuNet(saved(model, tmp_path), 1e-6)
