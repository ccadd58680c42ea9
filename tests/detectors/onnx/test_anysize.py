"""A network's bytes with its sizes left open, against the onnx package and ONNX Runtime."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest

from detectors.onnx.anysize import opened_copy
from detectors.onnx.modelfile import read_model_info
from tests.detectors.onnx import graphs
from tests.detectors.onnx.graphs import Graph, saved
from tests.detectors.onnx.test_network import looping


def opened(model, folder):
    path = saved(model, folder)
    with opened_copy(read_model_info(path)) as copy:
        content = copy and Path(copy).read_bytes()
    assert copy is None or not Path(copy).exists()
    assert path.read_bytes() == model.SerializeToString()
    return content


def sides(value):
    return [dim.WhichOneof("value") and dim.dim_value for dim in value.type.tensor_type.shape.dim]


@pytest.mark.parametrize("size_wh", [(96, 64), (128, 160), (4096, 2048)])
def test_nothing_but_sizes_is_changed(size_wh, tmp_path):
    model = graphs.yolox_of_convolutions(size_wh)
    assert model.graph.value_info
    content = opened(model, tmp_path)
    assert len(content) == len(model.SerializeToString())
    changed = onnx.load_from_string(content)
    onnx.checker.check_model(changed)
    assert sides(changed.graph.input[0]) == [1, 3, None, None]
    assert sides(changed.graph.output[0]) == [1, None, None]
    assert not changed.graph.value_info
    assert changed.graph.node == model.graph.node
    assert changed.graph.initializer == model.graph.initializer
    assert changed.opset_import == model.opset_import


def test_what_runs_is_what_an_export_of_that_size_would_be(tmp_path):
    picture = np.random.default_rng(1).uniform(0, 255, (1, 3, 32, 128)).astype(np.float32)
    content = opened(graphs.yolox_of_convolutions((96, 64)), tmp_path)
    own = graphs.yolox_of_convolutions((128, 32)).SerializeToString()
    found, expected = (
        onnxruntime.InferenceSession(each, providers=["CPUExecutionProvider"]).run(None, {"images": picture})
        for each in (content, own)
    )
    assert np.array_equal(found[0], expected[0])


def test_a_constant_among_the_inputs_keeps_its_size(tmp_path):
    """Files of old list all weights as inputs too."""
    model = graphs.yolox_of_convolutions()
    weights = next(each for each in model.graph.initializer if len(each.dims) == 4)
    model.graph.input.append(
        onnx.helper.make_tensor_value_info(weights.name, weights.data_type, weights.dims)
    )
    changed = onnx.load_from_string(opened(model, tmp_path))
    assert [sides(value) for value in changed.graph.input] == [[1, 3, None, None], [8, 3, 1, 1]]


def test_names_of_sizes_are_no_trouble(tmp_path):
    model = graphs.yolox_of_convolutions()
    for dim, name in zip(
        model.graph.output[0].type.tensor_type.shape.dim, ("b", "c" * 127, "d" * 300), strict=True
    ):
        dim.dim_param = name
    changed = onnx.load_from_string(opened(model, tmp_path))
    assert [dim.dim_param for dim in changed.graph.output[0].type.tensor_type.shape.dim] == [
        "b",
        "",
        "d" * 300,
    ]


def test_what_it_is_not_made_for_is_left_alone(tmp_path):
    assert opened(looping(), tmp_path) is None
    last = Graph()
    last.add("Identity", "images", output="output0")
    assert opened(last.model({"images": (1, 64, 64, 3)}, {"output0": (1, 64, 64, 3)}), tmp_path) is None
    outside = graphs.yolox_of_convolutions()
    onnx.save(outside, tmp_path / "b.onnx", save_as_external_data=True, location="b.data", size_threshold=0)
    with opened_copy(read_model_info(tmp_path / "b.onnx")) as copy:
        assert copy is None


@pytest.mark.parametrize("graph_field", [b"\x50\x01", b"\xe8\x00\x01"])
def test_legal_oddities_of_the_encoding_do_no_harm(graph_field, tmp_path):
    """A number among the graph's fields, which has none; a key of two bytes where one would do."""
    model = graphs.yolox_of_convolutions()
    graph = model.graph.SerializeToString() + graph_field
    model.ClearField("graph")
    path = tmp_path / "odd.onnx"
    path.write_bytes(model.SerializeToString() + b"\x3a" + varint(len(graph)) + graph)
    with opened_copy(read_model_info(path)) as copy:
        changed = onnx.load(copy)
    assert sides(changed.graph.input[0]) == [1, 3, None, None]
    assert not changed.graph.value_info


def varint(number):
    return bytes((number & 0x7F | 0x80, number >> 7 & 0x7F | 0x80, number >> 14))
