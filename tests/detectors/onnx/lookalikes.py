"""Tiny ONNX networks whose outputs have the shapes of another family's; see `graphs` for what they find."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import onnx
from onnx import TensorProto

from tests.detectors.onnx.graphs import Graph, cells, colour_scores

SIZE_WH = (96, 64)
SHAPE = (1, 3, 64, 96)


def yolov6(*, objectness: float = 1, size_wh: tuple[int, int] = SIZE_WH, boxes: float = 1) -> onnx.ModelProto:
    """YOLOv6's `outputs`, (1, cells, 5 + classes): boxes in pixels, RGB of 0 to 1.

    Args:
        objectness: YOLOv6's is always 1.
        size_wh: of the input.
        boxes: what the boxes are multiplied by.
    """
    graph = Graph()
    table = cells(size_wh)
    scores = graph.add("Transpose", colour_scores(graph, "images", 1), perm=[0, 2, 1])
    known = np.concatenate((table * boxes, np.full((len(table), 1), objectness)), axis=1)
    graph.add("Concat", graph.constant(known[None]), scores, output="outputs", axis=2)
    return graph.model({"images": (1, 3, size_wh[1], size_wh[0])}, {"outputs": (1, len(table), 8)})


def batched_rows(*, suppressing: bool = False) -> onnx.ModelProto:
    """YOLOv7's `export.py --end2end --max-wh`: (N, 7), a row is batch, corners, class id, score.

    Args:
        suppressing: whether rows come from an operator for that, which finds none on a dark picture.
    """
    graph = Graph()
    table = cells(SIZE_WH, (32,))
    corners = np.concatenate((table[:, :2] - table[:, 2:] / 2, table[:, :2] + table[:, 2:] / 2), axis=1)
    scores = colour_scores(graph, "images", 1, (32,))  # (1, 3, cells)
    known = np.tile(np.concatenate((np.zeros((len(table), 1)), corners), axis=1), (3, 1))
    ids = np.repeat(np.arange(3), len(table))[:, None]
    rows = graph.add(
        "Concat",
        graph.constant(known),
        graph.constant(ids),
        graph.reshape(scores, -1, 1),
        output="" if suppressing else "output",
        axis=1,
    )
    if suppressing:
        limits = (graph.constant([100], "int64"), graph.constant(0.45), graph.constant(1.01))
        none = graph.add("NonMaxSuppression", graph.constant(corners[None]), scores, *limits)
        which = graph.add("Squeeze", graph.add("Slice", none, *_third(graph)), graph.constant([1], "int64"))
        graph.add("Gather", rows, which, output="output", axis=0)
    return graph.model({"images": SHAPE}, {"output": ("N", 7)})


def _third(graph: Graph) -> Sequence[str]:
    return [graph.constant([value], "int64") for value in (2, 3, 1)]


def pytorch_yolov4() -> onnx.ModelProto:
    """Tianxiaomo's `boxes` (1, N, 1, 4), corners as fractions, and `confs` (1, N, classes); 3 rows a cell."""
    graph = Graph()
    table = cells(SIZE_WH)
    corners = np.concatenate((table[:, :2] - table[:, 2:] / 2, table[:, :2] + table[:, 2:] / 2), axis=1)
    own = np.tile(corners / np.array(SIZE_WH * 2), (3, 1))
    scores = graph.add("Transpose", colour_scores(graph, "input", 1), perm=[0, 2, 1])
    unsure = graph.add("Mul", scores, graph.constant(0.1))
    graph.add("Identity", graph.constant(own[None, :, None]), output="boxes")
    graph.add("Concat", scores, unsure, unsure, output="confs", axis=1)
    return graph.model({"input": SHAPE}, {"boxes": (1, len(own), 1, 4), "confs": (1, len(own), 3)})


def layout(outputs: Mapping[str, np.ndarray], *, whole: str = "", size: bool = False) -> onnx.ModelProto:
    """A network of constant outputs.

    Args:
        outputs: name -> values.
        whole: name of an output of whole numbers.
        size: whether it has RT-DETR's second input.
    """
    graph = Graph()
    nothing = graph.add("Mul", graph.add("ReduceMean", "images", keepdims=0), graph.constant(0))
    for name, values in outputs.items():
        if name == whole:
            graph.add("Identity", graph.constant(values, "int64"), output=name)
        else:
            graph.add("Add", graph.constant(values), nothing, output=name)
    inputs = {"images": SHAPE} | ({"orig_target_sizes": (1, 2)} if size else {})
    elements = {whole: TensorProto.INT64, "orig_target_sizes": TensorProto.INT64}
    return graph.model(inputs, {name: values.shape for name, values in outputs.items()}, elements=elements)


def with_operators(model: onnx.ModelProto, *operators: str) -> onnx.ModelProto:
    """A copy with nodes that flow into nothing."""
    changed = onnx.ModelProto()
    changed.CopyFrom(model)
    graph = Graph()
    for operator in operators:
        _ADD[operator](graph)
    for node in graph.nodes:
        node.input[:] = [f"aside-{name}" if name.startswith("constant") else name for name in node.input]
        node.output[:] = [f"aside-{name}" for name in node.output]
    for constant in graph.constants:
        constant.name = f"aside-{constant.name}"
    changed.graph.node.extend(graph.nodes)
    changed.graph.initializer.extend(graph.constants)
    return changed


_ADD = {
    "Softmax": lambda graph: graph.add("Softmax", graph.constant(np.zeros((1, 3)))),
    "TopK": lambda graph: graph.nodes.append(
        onnx.helper.make_node(
            "TopK", [graph.constant(np.zeros((1, 3))), graph.constant([1], "int64")], ["best", "which"]
        )
    ),
    "GridSample": lambda graph: graph.add(
        "GridSample", graph.constant(np.zeros((1, 1, 2, 2))), graph.constant(np.zeros((1, 1, 1, 2)))
    ),
    "Conv": lambda graph: graph.add(
        "Conv",
        graph.constant(np.zeros((1, 3, 16, 16))),
        graph.constant(np.zeros((1, 3, 16, 16))),
        kernel_shape=[16, 16],
        strides=[16, 16],
    ),
}
