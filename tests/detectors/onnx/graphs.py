"""Tiny ONNX networks with the inputs, outputs and metadata of the official exports, and known answers.

Each one looks at the colours of its input: in every cell of its grids it finds "red", "green" and "blue" with
the confidence of that channel's mean, 0 to 1, in a box as big as the cell. A picture with a red square in it
therefore gives a red box there, if its pixels were placed, ordered, scaled and decoded rightly, and no other
score above 0.6: the gray of the padding is 0.45.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import onnx
import onnx.shape_inference
from onnx import TensorProto, helper, numpy_helper

COLOURS = ("red", "green", "blue")
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
ULTRALYTICS = {
    "description": "Ultralytics YOLO11n model ",
    "author": "Ultralytics",
    "stride": "32",
    "task": "detect",
    "batch": "1",
    "imgsz": "[64, 96]",
    "names": "{0: 'red', 1: 'green', 2: 'blue'}",
    "head": "Detect",
    "end2end": "False",
}


class Graph:
    """A graph in the making; every method adds a node and gives back the name of its output."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def constant(self, values: object, dtype: str = "float32") -> str:
        name = f"constant{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.array(values, dtype=dtype), name))
        return name

    def add(self, op: str, *inputs: str, output: str = "", domain: str = "", **attributes: object) -> str:
        output = output or f"{op.lower()}{len(self.nodes)}"
        self.nodes.append(helper.make_node(op, list(inputs), [output], domain=domain, **attributes))
        return output

    def reshape(self, name: str, *shape: int) -> str:
        return self.add("Reshape", name, self.constant(shape, "int64"))

    def model(
        self,
        inputs: Mapping[str, Sequence[int | str]],
        outputs: Mapping[str, Sequence[int | str] | None],
        *,
        metadata: Mapping[str, str] | None = None,
        elements: Mapping[str, int] | None = None,
        domains: Sequence[str] = (),
        functions: Sequence[onnx.FunctionProto] = (),
    ) -> onnx.ModelProto:
        elements = elements or {}
        graph = helper.make_graph(
            self.nodes,
            "graph",
            [
                helper.make_tensor_value_info(name, elements.get(name, TensorProto.FLOAT), shape)
                for name, shape in inputs.items()
            ],
            [
                helper.make_tensor_value_info(name, elements.get(name, TensorProto.FLOAT), shape)
                for name, shape in outputs.items()
            ],
            self.constants,
        )
        opsets = [helper.make_opsetid("", 17), *(helper.make_opsetid(domain, 1) for domain in domains)]
        model = helper.make_model(graph, opset_imports=opsets, ir_version=9, functions=functions)
        helper.set_model_props(model, dict(metadata or {}))
        return model


def saved(model: onnx.ModelProto, folder: Path, name: str = "network.onnx") -> Path:
    """The file of a network, in a folder."""
    path = folder / name
    path.write_bytes(model.SerializeToString())
    return path


def cells(size_wh: tuple[int, int], strides: Sequence[int] = (8, 16, 32)) -> np.ndarray:
    """Centre and size of each cell, (cells, 4), row by row, least stride first."""
    boxes = [
        (column * stride + stride / 2, row * stride + stride / 2, stride, stride)
        for stride in strides
        for row in range(size_wh[1] // stride)
        for column in range(size_wh[0] // stride)
    ]
    return np.array(boxes, dtype=np.float32)


def colour_scores(graph: Graph, pixels: str, batch: int, strides: Sequence[int] = (8, 16, 32)) -> str:
    """Mean of each channel in each cell: (batch, 3, cells)."""
    pooled = [
        graph.reshape(
            graph.add("AveragePool", pixels, kernel_shape=[stride, stride], strides=[stride, stride]),
            batch,
            3,
            -1,
        )
        for stride in strides
    ]
    return graph.add("Concat", *pooled, axis=2)


def yolov8(
    size_wh: tuple[int, int] = (96, 64), batch: int = 1, metadata: Mapping[str, str] | None = ULTRALYTICS
) -> onnx.ModelProto:
    """Ultralytics' `output0`, (batch, 4 + classes, cells)."""
    graph = Graph()
    boxes = cells(size_wh)
    scores = colour_scores(graph, "images", batch)
    constant = graph.constant(np.repeat(boxes.T[None], batch, axis=0))
    graph.add("Concat", constant, scores, output="output0", axis=1)
    return graph.model(
        {"images": (batch, 3, size_wh[1], size_wh[0])}, {"output0": (batch, 7, len(boxes))}, metadata=metadata
    )


def yolov8_of_any_size() -> onnx.ModelProto:
    """Ultralytics' `dynamic=True`: batch, height and width may vary; one grid, of stride 32."""
    graph = Graph()
    pooled = graph.add("AveragePool", "images", kernel_shape=[32, 32], strides=[32, 32])
    scores = graph.reshape(pooled, 0, 3, -1)
    one = graph.add(
        "ReduceSum", pooled, graph.constant([1], "int64"), keepdims=1
    )  # (batch, 1, rows, columns)
    ones = graph.add("Add", graph.add("Mul", one, graph.constant(0)), graph.constant(1))
    sides = [graph.add("CumSum", ones, graph.constant(axis, "int64"), exclusive=1) for axis in (3, 2)]
    centres = [
        graph.add("Add", graph.add("Mul", side, graph.constant(32)), graph.constant(16)) for side in sides
    ]
    size = graph.add("Mul", ones, graph.constant(32))
    boxes = graph.add("Concat", *centres, size, size, axis=1)
    graph.add("Concat", graph.reshape(boxes, 0, 4, -1), scores, output="output0", axis=1)
    return graph.model(
        {"images": ("batch", 3, "height", "width")},
        {"output0": ("batch", "values", "anchors")},
        metadata=ULTRALYTICS,
    )


def yolov5(size_wh: tuple[int, int] = (96, 64), metadata: Mapping[str, str] | None = None) -> onnx.ModelProto:
    """YOLOv5's `output0`, (1, 3 x cells, 5 + classes): the second anchor sees what there is, half sure."""
    graph = Graph()
    boxes = cells(size_wh)
    scores = graph.add("Transpose", colour_scores(graph, "images", 1), perm=[0, 2, 1])
    parts = []
    for objectness in (0.1, 0.9, 0.2):
        sure = np.full((1, len(boxes), 1), objectness, dtype=np.float32)
        parts.append(graph.add("Concat", graph.constant(boxes[None]), graph.constant(sure), scores, axis=2))
    graph.add("Concat", *parts, output="output0", axis=1)
    return graph.model(
        {"images": (1, 3, size_wh[1], size_wh[0])},
        {"output0": (1, 3 * len(boxes), 8)},
        metadata={"stride": "32", "names": str(list(COLOURS))} if metadata is None else metadata,
    )


def yolox(size_wh: tuple[int, int] = (96, 64), *, decoded: bool = False, classes: int = 3) -> onnx.ModelProto:
    """YOLOX's `output`, (1, cells, 5 + classes), from BGR of 0 to 255; a fourth class finds nothing."""
    graph = Graph()
    boxes = cells(size_wh)
    scaled = graph.add("Mul", "images", graph.constant(1 / 255))
    channels = graph.add("Gather", scaled, graph.constant([2, 1, 0], "int64"), axis=1)
    scores = graph.add("Transpose", colour_scores(graph, channels, 1), perm=[0, 2, 1])
    raw = np.zeros((1, len(boxes), 5), dtype=np.float32)
    raw[..., :2], raw[..., 4] = 0.5, 1
    box = graph.constant(raw[..., :4])
    if decoded:  # tools/export_onnx.py --decode_in_inference
        stride = boxes[None, :, 2:]
        corner = boxes[None, :, :2] / stride - 0.5
        centre = graph.add(
            "Mul",
            graph.add("Add", graph.constant(raw[..., :2]), graph.constant(corner)),
            graph.constant(stride),
        )
        size = graph.add("Mul", graph.add("Exp", graph.constant(raw[..., 2:4])), graph.constant(stride))
        box = graph.add("Concat", centre, size, axis=2)
    others = graph.constant(np.zeros((1, len(boxes), classes - 3)))
    graph.add("Concat", box, graph.constant(raw[..., 4:]), scores, others, output="output", axis=2)
    return graph.model({"images": (1, 3, size_wh[1], size_wh[0])}, {"output": (1, len(boxes), 5 + classes)})


def yolox_of_convolutions(size_wh: tuple[int, int] = (96, 64)) -> onnx.ModelProto:
    """The same answers by convolutions alone, as Megvii's own exports have them; `size_wh` is only stated."""
    graph = Graph()
    values = np.zeros((8, 3, 1, 1), dtype=np.float32)
    values[5:, :, 0, 0] = np.eye(3)[::-1] / 255
    offsets = np.array((0.5, 0.5, 0, 0, 1, 0, 0, 0), dtype=np.float32)
    heads = []
    for stride in (8, 16, 32):
        pooled = graph.add("AveragePool", "images", kernel_shape=[stride, stride], strides=[stride, stride])
        head = graph.add("Conv", pooled, graph.constant(values), graph.constant(offsets))
        heads.append(graph.reshape(head, 1, 8, -1))
    graph.add("Transpose", graph.add("Concat", *heads, axis=2), output="output", perm=[0, 2, 1])
    model = graph.model({"images": (1, 3, size_wh[1], size_wh[0])}, {"output": (1, len(cells(size_wh)), 8)})
    return onnx.shape_inference.infer_shapes(model)


def _rows(graph: Graph, boxes: np.ndarray, scores: str) -> tuple[np.ndarray, str, np.ndarray]:
    """Each box once a colour: boxes (3 x cells, 4), confidences (1, 3 x cells, 1), class ids (3 x cells)."""
    confidences = graph.reshape(scores, 1, -1, 1)
    return np.tile(boxes, (3, 1)), confidences, np.repeat(np.arange(3), len(boxes))


def endtoend(
    size_wh: tuple[int, int] = (96, 64), metadata: Mapping[str, str] | None = None
) -> onnx.ModelProto:
    """YOLOv10's `output0`, (1, rows, 6): corners in pixels, confidence, class id, and rows of zeros."""
    graph = Graph()
    table, confidences, ids = _rows(graph, cells(size_wh, (32,)), colour_scores(graph, "images", 1, (32,)))
    corners = np.concatenate((table[:, :2] - table[:, 2:] / 2, table[:, :2] + table[:, 2:] / 2), axis=1)
    rows = graph.add(
        "Concat", graph.constant(corners[None]), confidences, graph.constant(ids[None, :, None]), axis=2
    )
    graph.add("Concat", rows, graph.constant(np.zeros((1, 10, 6))), output="output0", axis=1)
    metadata = {**ULTRALYTICS, "head": "v10Detect", "end2end": "True"} if metadata is None else metadata
    return graph.model(
        {"images": (1, 3, size_wh[1], size_wh[0])}, {"output0": (1, len(ids) + 10, 6)}, metadata=metadata
    )


def ultralytics_rtdetr(size_wh: tuple[int, int] = (96, 64), *, table: bool = False) -> onnx.ModelProto:
    """Ultralytics' RT-DETR, (1, queries, 6) or, as it was until 2025, (1, queries, 4 + classes)."""
    graph = Graph()
    boxes, scores = cells(size_wh, (32,)), colour_scores(graph, "images", 1, (32,))
    own = boxes / np.array(size_wh * 2)
    if table:
        transposed = graph.add("Transpose", scores, perm=[0, 2, 1])
        graph.add("Concat", graph.constant(own[None]), transposed, output="output0", axis=2)
        shape, metadata = (1, len(own), 7), {**ULTRALYTICS, "description": "Ultralytics rtdetr-l model "}
        del metadata["head"]
    else:
        rows, confidences, ids = _rows(graph, own, scores)
        graph.add(
            "Concat",
            graph.constant(rows[None]),
            confidences,
            graph.constant(ids[None, :, None]),
            output="output0",
            axis=2,
        )
        shape, metadata = (1, len(ids), 6), {**ULTRALYTICS, "head": "RTDETRDecoder"}
    return graph.model({"images": (1, 3, size_wh[1], size_wh[0])}, {"output0": shape}, metadata=metadata)


def rtdetr(size_wh: tuple[int, int] = (96, 64)) -> onnx.ModelProto:
    """RT-DETR's and D-FINE's own export: boxes come in the pixels of the second input."""
    graph = Graph()
    scores = colour_scores(graph, "images", 1, (32,))
    table, confidences, ids = _rows(graph, cells(size_wh, (32,)), scores)
    corners = np.concatenate((table[:, :2] - table[:, 2:] / 2, table[:, :2] + table[:, 2:] / 2), axis=1)
    wanted = graph.add("Cast", "orig_target_sizes", to=TensorProto.FLOAT)  # (1, 2)
    sizes = graph.add("Unsqueeze", graph.add("Concat", wanted, wanted, axis=1), graph.constant([1], "int64"))
    graph.add("Mul", graph.constant(corners[None] / np.array(size_wh * 2)), sizes, output="boxes")
    graph.add("Squeeze", confidences, graph.constant([2], "int64"), output="scores")
    graph.add("Identity", graph.constant(ids[None], "int64"), output="labels")
    return graph.model(
        {"images": ("N", 3, size_wh[1], size_wh[0]), "orig_target_sizes": ("N", 2)},
        {"labels": None, "boxes": None, "scores": None},
        elements={"orig_target_sizes": TensorProto.INT64, "labels": TensorProto.INT64},
    )


def detr(
    size_wh: tuple[int, int] = (96, 64),
    *,
    names: tuple[str, str, str] = ("input", "dets", "labels"),
    normalized: bool = True,
    classes: int = 3,
    metadata: Mapping[str, str] | None = None,
) -> onnx.ModelProto:
    """RF-DETR's `dets` and `labels`, or Hugging Face's `pred_boxes` and `logits`."""
    graph = Graph()
    picture, boxes, logits = names
    pixels = picture
    if normalized:
        scale, shift = (graph.constant(np.reshape(value, (1, 3, 1, 1))) for value in (DEVIATION, MEAN))
        pixels = graph.add("Add", graph.add("Mul", picture, scale), shift)
    scores = graph.add(
        "Clip", colour_scores(graph, pixels, 1, (32,)), graph.constant(1e-4), graph.constant(1 - 1e-4)
    )
    odds = graph.add("Div", scores, graph.add("Sub", graph.constant(1), scores))
    raw = graph.add("Transpose", graph.add("Log", odds), perm=[0, 2, 1])
    own = cells(size_wh, (32,)) / np.array(size_wh * 2)
    others = graph.constant(np.full((1, len(own), classes - 3), -20))
    graph.add("Concat", raw, others, output=logits, axis=2)
    graph.add("Identity", graph.constant(own[None]), output=boxes)
    return graph.model(
        {picture: (1, 3, size_wh[1], size_wh[0])},
        {boxes: (1, len(own), 4), logits: (1, len(own), classes)},
        metadata=metadata,
    )


def ssd(size_wh: tuple[int, int] | None = None, *, scored_classes: int = 0) -> onnx.ModelProto:
    """TensorFlow's four outputs, from bytes, channels last; without a size it takes any and resizes it."""
    graph = Graph()
    floats = graph.add("Cast", "image_tensor:0", to=TensorProto.FLOAT)
    pixels = graph.add("Div", graph.add("Transpose", floats, perm=[0, 3, 1, 2]), graph.constant(255))
    inside = size_wh or (96, 64)
    if size_wh is None:
        pixels = graph.add("Resize", pixels, "", "", graph.constant((1, 3, 64, 96), "int64"), mode="linear")
    table, confidences, ids = _rows(graph, cells(inside, (32,)), colour_scores(graph, pixels, 1, (32,)))
    low, high = table[:, :2] - table[:, 2:] / 2, table[:, :2] + table[:, 2:] / 2
    sides = np.concatenate((low[:, ::-1], high[:, ::-1]), axis=1) / np.array(inside[::-1] * 2)
    graph.add("Identity", graph.constant(sides[None]), output="detection_boxes:0")
    graph.add("Squeeze", confidences, graph.constant([2], "int64"), output="detection_scores:0")
    graph.add("Identity", graph.constant(ids[None] + 1), output="detection_classes:0")
    graph.add("Identity", graph.constant([len(ids)]), output="num_detections:0")
    outputs: dict[str, Sequence[int | str] | None] = {
        f"{name}:0": None
        for name in ("num_detections", "detection_boxes", "detection_scores", "detection_classes")
    }
    if scored_classes:
        graph.add(
            "Identity", graph.constant(np.zeros((1, 7, scored_classes + 1))), output="raw_detection_scores:0"
        )
        outputs["raw_detection_scores:0"] = (1, 7, scored_classes + 1)
    height, width = (size_wh[1], size_wh[0]) if size_wh else ("height", "width")
    return graph.model(
        {"image_tensor:0": ("N" if size_wh is None else 1, height, width, 3)},
        outputs,
        elements={"image_tensor:0": TensorProto.UINT8},
    )


def yunet() -> onnx.ModelProto:
    """YuNet's twelve outputs: a face wherever the upper half of a cell is much brighter than the lower.

    The box is the cell; the landmarks lie at these parts of it, counted from the cell's centre.
    """
    graph = Graph()
    upper_less_lower = np.array([[0.5, 0.5], [-0.5, -0.5]]) / 3 * 0.05
    points = np.array([(-0.25, -0.25), (0.25, -0.25), (0, 0), (-0.25, 0.25), (0.25, 0.25)])
    heads = {
        "cls": (np.broadcast_to(upper_less_lower, (1, 3, 2, 2)), [-6]),
        "obj": (np.broadcast_to(upper_less_lower, (1, 3, 2, 2)), [-6]),
        "bbox": (np.zeros((4, 3, 2, 2)), [0.5, 0.5, 0, 0]),
        "kps": (np.zeros((10, 3, 2, 2)), points.reshape(-1) + 0.5),
    }
    for stride in (8, 16, 32):
        half = stride // 2
        pooled = graph.add("AveragePool", "input", kernel_shape=[half, half], strides=[half, half])
        for head, (weights, biases) in heads.items():
            raw = graph.add(
                "Conv",
                pooled,
                graph.constant(weights),
                graph.constant(biases),
                kernel_shape=[2, 2],
                strides=[2, 2],
            )
            rows = graph.add("Transpose", raw, perm=[0, 2, 3, 1])
            shape = graph.constant((1, -1, len(biases)), "int64")
            if head in ("cls", "obj"):
                flat = graph.add("Reshape", rows, shape)
                graph.add("Sigmoid", flat, output=f"{head}_{stride}")
            else:
                graph.add("Reshape", rows, shape, output=f"{head}_{stride}")
    outputs = {
        f"{head}_{stride}": (1, f"cells{stride}", len(biases))
        for head, (_, biases) in heads.items()
        for stride in (8, 16, 32)
    }
    return graph.model({"input": (1, 3, "height", "width")}, outputs)
