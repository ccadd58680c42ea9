"""What an ONNX file says of itself, and files that are broken or hostile: one clear line each."""

from __future__ import annotations

import os

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from detectors.onnx.modelfile import files_of, read_model_info
from detectors.onnx.modelinfo import Port
from pipeline.errors import ModelError
from tests.detectors.onnx import graphs
from tests.detectors.onnx.graphs import Graph, saved


def complaint(path):
    with pytest.raises(ModelError) as raised:
        read_model_info(path)
    says = str(raised.value)
    assert says.startswith(f"{path}: ") and "\n" not in says
    return says.removeprefix(f"{path}: ")


def with_weights_in(location: str) -> onnx.ModelProto:
    """A network one of whose constants lies in another file."""
    graph = Graph()
    graph.add("Add", "images", graph.constant(np.zeros(4)), output="sum")
    model = graph.model({"images": (1, 3, 4, 4)}, {"sum": None})
    tensor = model.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value=location)
    return model


def test_a_file_says_what_it_takes_and_gives(tmp_path):
    info = read_model_info(saved(graphs.yolov8_of_any_size(), tmp_path))
    assert info.inputs == (Port("images", "float32", (None, 3, None, None)),)
    assert info.outputs == (Port("output0", "float32", (None, None, None)),)
    assert dict(info.metadata) == graphs.ULTRALYTICS
    assert {"AveragePool", "CumSum", "Concat"} <= info.operators
    ssd = read_model_info(saved(graphs.ssd(), tmp_path))
    assert ssd.inputs == (Port("image_tensor:0", "uint8", (None, None, None, 3)),)
    assert ssd.output("detection_boxes") is not None


def test_constants_that_old_files_list_as_inputs_are_none(tmp_path):
    model = graphs.yolox()
    for tensor in model.graph.initializer:
        model.graph.input.append(helper.make_tensor_value_info(tensor.name, tensor.data_type, tensor.dims))
    assert [port.name for port in read_model_info(saved(model, tmp_path)).inputs] == ["images"]


@pytest.mark.parametrize("cut", [1, 7, 100, 1000, -1])
def test_a_cut_file_is_refused(tmp_path, cut):
    path = saved(graphs.yolov8(), tmp_path)
    path.write_bytes(path.read_bytes()[:cut])
    assert complaint(path).startswith("is no whole ONNX file (")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "is empty"),
        (b"<!DOCTYPE html><html>Not found</html>", "is no whole ONNX file"),
        (b"\x89PNG\r\n\x1a\n" + bytes(100), "is no whole ONNX file"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:00\n", "is a Git LFS pointer"),
        (b"\x08" * 100_000, "is no whole ONNX file"),
        (b"\x3a\x00", "there is no graph in it"),
    ],
)
def test_what_is_no_onnx_is_refused(tmp_path, content, says):
    (tmp_path / "n.onnx").write_bytes(content)
    assert says in complaint(tmp_path / "n.onnx")


def test_a_file_of_endless_parts_is_given_up(tmp_path, monkeypatch):
    monkeypatch.setattr("detectors.onnx.modelfile.MOST_FIELDS", 10_000)
    (tmp_path / "n.onnx").write_bytes(b"\x08\x00" * 20_000)
    assert "it has more parts than any network" in complaint(tmp_path / "n.onnx")


def test_graphs_in_graphs_without_end_are_refused(tmp_path):
    def nested(depth: int) -> onnx.GraphProto:
        nodes = [helper.make_node("If", ["c"], ["y"], then_branch=nested(depth - 1))] if depth else []
        return helper.make_graph(nodes, "g", [], [])

    model = helper.make_model(nested(20))
    model.graph.output.append(helper.make_tensor_value_info("y", TensorProto.FLOAT, [1]))
    assert "deep in each other" in complaint(saved(model, tmp_path))


def test_operators_that_are_not_onnxs_own_are_refused(tmp_path):
    graph = Graph()
    graph.add("Gelu", "images", output="y", domain="com.microsoft")
    path = saved(graph.model({"images": (1, 3, 8, 8)}, {"y": None}, domains=["com.microsoft"]), tmp_path)
    assert complaint(path).startswith(
        "uses operators that are not ONNX's own (com.microsoft.Gelu); export it"
    )


def test_also_inside_a_branch_and_a_function(tmp_path):
    branch = helper.make_graph([helper.make_node("Foo", ["images"], ["y"], domain="mine")], "g", [], [])
    graph = Graph()
    graph.add("If", graph.constant(True, "bool"), then_branch=branch, else_branch=branch, output="out")
    path = saved(graph.model({"images": (1, 3, 8, 8)}, {"out": None}, domains=["mine"]), tmp_path)
    assert "(mine.Foo)" in complaint(path)
    body = [helper.make_node("Foo", ["x"], ["y"], domain="theirs")]
    function = helper.make_function("mine", "Bar", ["x"], ["y"], body, [helper.make_opsetid("theirs", 1)])
    graph = Graph()
    graph.add("Bar", "images", output="out", domain="mine")
    model = graph.model({"images": (1, 3, 8, 8)}, {"out": None}, domains=["mine"], functions=[function])
    assert "(theirs.Foo)" in complaint(saved(model, tmp_path))


def test_an_operator_that_the_file_defines_itself_is_taken(tmp_path):
    body = [helper.make_node("Relu", ["x"], ["y"])]
    function = helper.make_function("mine", "Bar", ["x"], ["y"], body, [helper.make_opsetid("", 17)])
    graph = Graph()
    graph.add("Bar", "images", output="out", domain="mine")
    model = graph.model({"images": (1, 3, 8, 8)}, {"out": None}, domains=["mine"], functions=[function])
    assert "Relu" in read_model_info(saved(model, tmp_path)).operators


@pytest.mark.parametrize("location", ["../w.bin", "/etc/passwd", "sub/../../w.bin", "", "a\0b/../../w.bin"])
def test_weights_outside_the_folder_are_not_opened(tmp_path, location):
    (tmp_path / "w.bin").write_bytes(bytes(16))
    folder = tmp_path / "network"
    folder.mkdir()
    assert "outside its own folder" in complaint(saved(with_weights_in(location), folder))


def test_a_link_that_leads_outside_is_not_followed(tmp_path):
    folder = tmp_path / "network"
    folder.mkdir()
    (folder / "w.bin").symlink_to("/etc/passwd")
    assert "outside its own folder" in complaint(saved(with_weights_in("w.bin"), folder))


def test_weights_beside_the_file_belong_to_it(tmp_path):
    path = saved(with_weights_in("w.bin"), tmp_path)
    assert 'its weights lie in "w.bin", which is not beside it' in complaint(path)
    (tmp_path / "w.bin").write_bytes(bytes(16))
    (tmp_path / "network.names").write_text("a\n")
    assert files_of(path) == [path, tmp_path / "w.bin", tmp_path / "network.names"]


def test_a_name_that_is_not_utf8_is_read_and_shown(tmp_path):
    path = tmp_path / os.fsdecode(b"n\xff.onnx")
    path.write_bytes(b"")
    with pytest.raises(ModelError, match=r"n\ufffd\.onnx: is empty"):
        read_model_info(path)


def test_five_hundred_mutations_neither_hang_nor_escape(tmp_path):
    whole = graphs.yolox().SerializeToString()
    random = np.random.default_rng(5)
    for number in range(500):
        mutated = bytearray(whole)
        for position in random.integers(0, len(whole), 1 + number % 5):
            mutated[position] = random.integers(0, 256)
        if number % 3 == 0:
            del mutated[random.integers(0, len(whole)) :]
        (tmp_path / "m.onnx").write_bytes(mutated)
        try:
            read_model_info(tmp_path / "m.onnx")
        except ModelError as error:
            assert "\n" not in str(error)
