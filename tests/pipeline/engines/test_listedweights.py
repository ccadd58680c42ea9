from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from pipeline.engines.listedweights import without_listed_weights
from pipeline.engines.onnxruntime import as_model, open_session


def model(*, listed: bool, ir_version: int = 3) -> onnx.ModelProto:
    """A convolution and a batch normalization."""
    random = np.random.default_rng(1)
    arrays = {"kernel": random.normal(size=(4, 3, 3, 3))}
    arrays |= {name: random.uniform(0.5, 1.5, 4) for name in ("scale", "shift", "mean", "variance")}
    weights = [numpy_helper.from_array(values.astype(np.float32), name) for name, values in arrays.items()]
    inputs = [helper.make_tensor_value_info("picture", TensorProto.FLOAT, (1, 3, 9, 9))]
    if listed:
        inputs[1:] = [
            helper.make_tensor_value_info(name, TensorProto.FLOAT, values.shape)
            for name, values in arrays.items()
        ]
    nodes = [
        helper.make_node("Conv", ["picture", "kernel"], ["a"]),
        helper.make_node("BatchNormalization", ["a", "scale", "shift", "mean", "variance"], ["b"]),
    ]
    output = helper.make_tensor_value_info("b", TensorProto.FLOAT, (1, 4, 7, 7))
    graph = helper.make_graph(nodes, "g", inputs, [output], weights)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 9)], ir_version=ir_version)


def saved(folder: Path, one: onnx.ModelProto) -> str:
    path = folder / "a.onnx"
    path.write_bytes(one.SerializeToString())
    return str(path)


@pytest.mark.parametrize("ir_version", [3, 6])
def test_weights_are_no_inputs_any_more(tmp_path: Path, ir_version: int) -> None:
    path = saved(tmp_path, model(listed=True, ir_version=ir_version))
    content = without_listed_weights(path)
    assert content is not None
    changed = onnx.load_from_string(content)
    onnx.checker.check_model(changed)
    assert [port.name for port in changed.graph.input] == ["picture"]
    assert changed.ir_version == max(ir_version, 4)
    picture = {"picture": np.random.default_rng(2).random((1, 3, 9, 9), dtype=np.float32)}
    (expected,) = open_session(path, "cpu", False).run(None, picture)
    session = open_session(as_model(path), "cpu", False)
    assert np.allclose(session.run(None, picture)[0], expected, atol=1e-5)
    assert [port.name for port in session.get_overridable_initializers()] == []


def test_other_files_are_run_as_they_are(tmp_path: Path) -> None:
    path = saved(tmp_path, model(listed=False, ir_version=4))
    assert without_listed_weights(path) is None
    assert as_model(path) == path


def test_weights_in_another_file_stay_there(tmp_path: Path) -> None:
    path = str(tmp_path / "a.onnx")
    onnx.save(model(listed=True), path, save_as_external_data=True, location="a.bin", size_threshold=0)
    assert without_listed_weights(path) is None


def test_a_damaged_file_is_left_to_its_engine(tmp_path: Path) -> None:
    whole = model(listed=True).SerializeToString()
    for content in (b"", b"<html>", whole[: len(whole) // 2]):
        (tmp_path / "a.onnx").write_bytes(content)
        assert as_model(str(tmp_path / "a.onnx")) == str(tmp_path / "a.onnx")
