"""Small networks that describe faces, of the shapes of the real ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from onnx import TensorProto, helper, numpy_helper


def write_network(
    path: Path, *, side: int = 112, numbers: int = 48, channels_last: bool = False, name: str = "input"
) -> Path:
    """A network that describes a face by chance mixtures of its coarse shades; equal faces come out equal.

    Args:
        path: of the file.
        side: of the square that it takes, pixels.
        numbers: length of a descriptor.
        channels_last: whether a picture is (height, width, 3) to it.
        name: of its input.
    """
    shape = (1, side, side, 3) if channels_last else (1, 3, side, side)
    cells = 3 * (side // 8) ** 2
    mixture = np.random.default_rng(5).normal(0, 1, (cells, numbers)).astype(np.float32)
    mixture -= mixture.mean(axis=0)  # how bright the whole is does not matter
    nodes = [
        helper.make_node("Transpose", [name], ["planes"], perm=[0, 3, 1, 2])
        if channels_last
        else helper.make_node("Identity", [name], ["planes"]),
        helper.make_node("AveragePool", ["planes"], ["pooled"], kernel_shape=[8, 8], strides=[8, 8]),
        helper.make_node("Flatten", ["pooled"], ["flat"]),
        helper.make_node("MatMul", ["flat", "mixture"], ["descriptor"]),
    ]
    graph = helper.make_graph(
        nodes,
        "faces",
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("descriptor", TensorProto.FLOAT, (1, numbers))],
        [numpy_helper.from_array(mixture, "mixture")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 12)], ir_version=8)
    path.write_bytes(model.SerializeToString())
    return path
