from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from pipeline.detections import Box
from pipeline.errors import ModelError
from recognizers.networks import arcface
from recognizers.networks.alignment import moved, similarity, template, warped
from recognizers.networks.arcface import ArcFace
from recognizers.networks.probe import Probe
from tests.recognizers.facenetworks import write_network


def apart(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.linalg.norm(one - other))


@pytest.fixture
def square(face) -> np.ndarray:
    """A drawn face, 112 pixels, in colour."""
    return np.asarray(face(9, 0, 112).convert("RGB"))


def probe(rgb: np.ndarray, points: np.ndarray | None = None) -> Probe:
    return Probe(rgb, Box(0, 0, rgb.shape[1], rgb.shape[0]), points)


def test_a_turned_and_scaled_face_is_described_as_the_upright_one(network_file, square):
    network = ArcFace(network_file)
    upright = template(112, 0.0)
    known = network.describe(probe(square, upright))
    assert np.linalg.norm(known) == pytest.approx(1, abs=1e-5)
    for degrees in (20, -50):
        angle = np.radians(degrees)
        turn = 2.5 * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        elsewhere = (upright - 56) @ turn.T + (260, 250)
        photo = warped(square, similarity(upright, elsewhere), 520)
        assert np.allclose(moved(similarity(upright, elsewhere), upright), elsewhere)
        aligned, unaligned = probe(photo, elsewhere), probe(photo)
        assert apart(network.describe(aligned), known) < 0.12
        assert apart(network.describe(unaligned), known) > 0.5


def test_people_are_told_apart(network_file, face):
    network = ArcFace(network_file)

    def described(person: int, picture: int) -> np.ndarray:
        rgb = np.asarray(face(person, picture, 112).convert("RGB"))
        return network.describe(probe(rgb, template(112, 0.0)))

    known = [described(person, 0) for person in range(6)]
    for person in range(6):
        distances = [apart(described(person, 1), other) for other in known]
        assert int(np.argmin(distances)) == person


def test_the_order_of_the_sides_does_not_matter(tmp_path, network_file, square):
    last = ArcFace(write_network(tmp_path / "last.onnx", channels_last=True))
    first = ArcFace(network_file)
    assert apart(last.describe(probe(square)), first.describe(probe(square))) < 1e-5


def test_what_mxnet_wrote_takes_pixels_as_they_are(tmp_path, square):
    """The network says the mean of what it takes; others take -1 to 1."""
    scale = tmp_path / "scale.onnx"
    values = {}
    for name in ("input", "_minusscalar0"):
        ramp = helper.make_node("ReduceMean", [name], ["mean"], axes=[1, 2, 3], keepdims=0)
        both = helper.make_node("Concat", ["mean1", "one"], ["out"], axis=1)
        shape = helper.make_node("Reshape", ["mean", "shape"], ["mean1"])
        graph = helper.make_graph(
            [ramp, shape, both],
            "faces",
            [helper.make_tensor_value_info(name, TensorProto.FLOAT, (1, 3, 112, 112))],
            [helper.make_tensor_value_info("out", TensorProto.FLOAT, (1, 2))],
            [
                helper.make_tensor("shape", TensorProto.INT64, (2,), (1, 1)),
                helper.make_tensor("one", TensorProto.FLOAT, (1, 1), (1.0,)),
            ],
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 12)], ir_version=8)
        scale.write_bytes(model.SerializeToString())
        mean, one = ArcFace(scale).describe(probe(square))
        values[name] = mean / one
    assert values["_minusscalar0"] == pytest.approx(square.mean(), rel=0.01)
    assert values["input"] == pytest.approx((square.mean() - 127.5) / 127.5, abs=0.01)


@pytest.mark.parametrize(
    ("write", "says"),
    [
        (lambda path: path.write_bytes(b""), "ONNX Runtime cannot use it"),
        (lambda path: path.write_bytes(b"<html>not found</html>"), "ONNX Runtime cannot use it"),
        (lambda path: write_network(path, side=160), "give a network that takes one face of 112 x 112"),
        (lambda path: write_network(path, numbers=1), "give a network that takes one face of 112 x 112"),
        (lambda path: path.mkdir(), "cannot be read"),
    ],
)
def test_what_is_no_such_network_is_one_line(tmp_path, write, says):
    path = tmp_path / "net.onnx"
    write(path)
    with pytest.raises(ModelError, match=says) as raised:
        ArcFace(path)
    assert "\n" not in str(raised.value)
    assert str(path) in str(raised.value)


def test_a_truncated_network_and_weights_elsewhere(tmp_path, network_file):
    network_file.write_bytes(network_file.read_bytes()[:-5000])
    with pytest.raises(ModelError, match="ONNX Runtime cannot use it"):
        ArcFace(network_file)
    whole = onnx.load_from_string(write_network(tmp_path / "whole.onnx").read_bytes())
    onnx.save(whole, tmp_path / "split.onnx", save_as_external_data=True, location="w.bin", size_threshold=0)
    with pytest.raises(ModelError, match="ONNX Runtime cannot use it"):
        ArcFace(tmp_path / "split.onnx")


def test_a_network_that_does_not_end(tmp_path, monkeypatch):
    """A loop of more rounds than anybody waits for."""
    monkeypatch.setattr(arcface, "_TRIAL_S", 0.5)
    scalar = helper.make_tensor_value_info
    body = helper.make_graph(
        [helper.make_node("Identity", ["go"], ["going"]), helper.make_node("Tanh", ["row"], ["next"])],
        "body",
        [
            scalar("round", TensorProto.INT64, ()),
            scalar("go", TensorProto.BOOL, ()),
            scalar("row", TensorProto.FLOAT, (1, 2)),
        ],
        [scalar("going", TensorProto.BOOL, ()), scalar("next", TensorProto.FLOAT, (1, 2))],
    )
    graph = helper.make_graph(
        [
            helper.make_node("ReduceMean", ["input"], ["mean"], axes=[1, 2, 3], keepdims=0),
            helper.make_node("Reshape", ["mean", "shape"], ["one"]),
            helper.make_node("Concat", ["one", "one"], ["first"], axis=1),
            helper.make_node("Loop", ["rounds", "yes", "first"], ["out"], body=body),
        ],
        "faces",
        [scalar("input", TensorProto.FLOAT, (1, 3, 112, 112))],
        [scalar("out", TensorProto.FLOAT, (1, 2))],
        [
            helper.make_tensor("shape", TensorProto.INT64, (2,), (1, 1)),
            helper.make_tensor("rounds", TensorProto.INT64, (), (1 << 62,)),
            helper.make_tensor("yes", TensorProto.BOOL, (), (True,)),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 12)], ir_version=8)
    (tmp_path / "loop.onnx").write_bytes(model.SerializeToString())
    with pytest.raises(ModelError, match="ONNX Runtime cannot use it"):
        ArcFace(tmp_path / "loop.onnx")
