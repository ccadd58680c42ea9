"""Compiled graphs against what TensorFlow 1.15 put out for the same picture, and graphs that are refused."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from detectors.darkflow.compile import compile_darkflow
from detectors.darkflow.files import DarkflowFiles
from pipeline.engines.litert import LiteRtEngine
from pipeline.errors import ModelError


def run(saved: DarkflowFiles, precision: str) -> tuple[np.ndarray, np.ndarray]:
    """What the compiled graph puts out, and what TensorFlow 1.15 did."""
    path = saved.graph.with_suffix(".tflite")
    path.write_bytes(compile_darkflow(saved.graph, saved.meta, precision))
    with np.load(saved.graph.with_suffix(".npz")) as held:
        (found,) = LiteRtEngine(path).run(held["picture"])
        return found, held["output"].reshape(found.shape)


@pytest.mark.parametrize(("precision", "bound"), [("float32", 1e-5), ("int8", 0.02)])
def test_gives_what_tensorflow_1_gave(saved: DarkflowFiles, precision: str, bound: float) -> None:
    found, expected = run(saved, precision)
    assert np.abs(found - expected).max() / np.ptp(expected) <= bound


def changed(saved: DarkflowFiles, change: Callable[[Any], None]) -> str:
    """What is said of the graph after a change."""
    import tensorflow as tf

    graph = tf.compat.v1.GraphDef.FromString(saved.graph.read_bytes())
    change(graph)
    saved.graph.write_bytes(graph.SerializeToString())
    with pytest.raises(ModelError) as caught:
        compile_darkflow(saved.graph, saved.meta, "float32")
    assert "\n" not in str(caught.value)
    return str(caught.value).removeprefix(f"{saved.graph}: ")


def first(graph: Any, op: str) -> Any:
    return next(node for node in graph.node if node.op == op)


@pytest.mark.parametrize("op", ["ReadFile", "PyFunc", "WriteFile", "While", "\x1b[31m", "Placeholder"])
def test_refuses_every_other_operation(saved: DarkflowFiles, op: str) -> None:
    def change(graph: Any) -> None:
        graph.node.add(name="evil", op=op)

    said = changed(saved, change)
    assert said.endswith(": is not among the operations that Darkflow writes")
    assert said.isprintable()


def giant_constant(graph: Any) -> None:
    constants = (node.attr["value"].tensor for node in graph.node if node.op == "Const")
    tensor = next(tensor for tensor in constants if tensor.tensor_shape.dim)
    tensor.tensor_shape.dim[0].size = 1 << 40
    tensor.tensor_content = b""
    tensor.float_val.append(1.0)


def giant_padding(graph: Any) -> None:
    name = first(graph, "Pad").input[1]
    tensor = next(node for node in graph.node if node.name == name).attr["value"].tensor
    tensor.tensor_content = np.array([[0, 0], [1 << 20, 1 << 20], [1 << 20, 1], [0, 0]], "<i4").tobytes()


def unknown_input(graph: Any) -> None:
    first(graph, "Conv2D").input[0] = "missing"


def other_strides(graph: Any) -> None:
    first(graph, "Conv2D").attr["strides"].list.i[0] = 2


def absurd_strides(graph: Any) -> None:
    first(graph, "MaxPool").attr["strides"].list.i[1] = -3


def no_output(graph: Any) -> None:
    first(graph, "Identity").name = "elsewhere"


def constant_output(graph: Any) -> None:
    first(graph, "Identity").input[0] = first(graph, "Const").name


def another_size(graph: Any) -> None:
    first(graph, "Identity").input[0] = first(graph, "MaxPool").name


def no_nodes(graph: Any) -> None:
    del graph.node[:]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (giant_constant, "cannot be built (a constant of shape [1099511627776"),
        (giant_padding, "which is too much"),
        (unknown_input, "takes 'missing', which no earlier node gives"),
        (other_strides, "cannot be built (strides [2, "),
        (absurd_strides, "cannot be built ("),
        (no_output, 'has no node "output" that depends on a picture'),
        (constant_output, 'has no node "output" that depends on a picture'),
        (another_size, ".meta says "),
        (no_nodes, "is no graph that Darkflow saved"),
    ],
)
def test_refuses_what_cannot_be(saved: DarkflowFiles, change: Callable[[Any], None], said: str) -> None:
    assert said in changed(saved, change)


@pytest.mark.parametrize(
    "content", [b"", b"hello", b"\x80\x04\x95pickle", b"\x89HDF\r\n\x1a\n" + b"\0" * 500]
)
def test_refuses_other_files(saved: DarkflowFiles, content: bytes) -> None:
    saved.graph.write_bytes(content)
    with pytest.raises(ModelError, match=r"is no (frozen TensorFlow graph|graph that Darkflow saved)"):
        compile_darkflow(saved.graph, saved.meta, "float32")


def test_a_damaged_graph_is_one_error_or_a_function(saved: DarkflowFiles, tmp_path: Path) -> None:
    """Seeded bit flips and cuts; converting what is sound would take too long, so it is only built."""
    from detectors.darkflow.graph import build_function, read_graph
    from detectors.darkflow.meta import read_meta

    rng = random.Random(3)
    good = saved.graph.read_bytes()
    network = read_meta(saved.meta).network
    errors = 0
    for _ in range(60):
        content = bytearray(good)
        for _ in range(rng.randint(1, 6)):
            content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
        saved.graph.write_bytes(content[: rng.choice((len(content), rng.randrange(len(content))))])
        try:
            build_function(read_graph(saved.graph), network, saved.graph).get_concrete_function()
        except ModelError as error:
            assert "\n" not in str(error)
            errors += 1
    assert errors > 20
