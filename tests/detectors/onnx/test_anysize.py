"""A network's bytes with its sizes left open, against the onnx package and ONNX Runtime."""

from __future__ import annotations

import numpy as np
import onnx
import onnxruntime
import pytest

from detectors.onnx.anysize import with_open_sides
from detectors.onnx.modelfile import read_nature
from tests.detectors.onnx import graphs
from tests.detectors.onnx.graphs import Graph, saved
from tests.detectors.onnx.test_network import looping


def opened(model, folder):
    path = saved(model, folder)
    content = with_open_sides(read_nature(path))
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
    assert with_open_sides(read_nature(tmp_path / "b.onnx")) is None
