"""Convert a frozen graph of Darkflow's to a TensorFlow function, operation by operation.

Each operation that Darkflow writes is rebuilt with today's TensorFlow; any other is refused. Nothing in the
file is executed directly.

Source: Darkflow, net/ops (which operations it writes); TensorFlow's op definitions.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]

from detectors.darknet.cfg import MAX_OUTPUT_VALUES
from detectors.darknet.networkcfg import NetworkCfg
from detectors.darknet.sections import shown
from pipeline.errors import ModelError
from pipeline.text import printable

Tensor = Any
Node = Any

MAX_NODES = 100_000
MAX_REPEATED = 1 << 20
"""Most numbers of a constant that the file stores as one number and a count."""

INPUT, OUTPUT = "input", "output"


def read_graph(path: Path) -> Any:
    """Parse a .pb as a GraphDef.

    Raises: ModelError: it cannot be read or is not a graph.
    """
    try:
        graph = tf.compat.v1.GraphDef.FromString(path.read_bytes())
    except OSError as error:
        raise ModelError(f"{printable(path)}: cannot be read ({error.strerror})") from None
    except DecodeError:
        raise ModelError(f"{printable(path)}: is no frozen TensorFlow graph, or it is damaged") from None
    if not 0 < len(graph.node) <= MAX_NODES or len(graph.library.function):
        raise ModelError(f"{printable(path)}: is no graph that Darkflow saved")
    return graph


def build_function(graph: Any, network: NetworkCfg, path: Path) -> Any:
    """Build a `tf.function` from one picture to the head's raw values; see `darknet.network.build_function`.

    Args:
        graph: as returned by `read_graph`.
        network: from the .meta.
        path: of the .pb, for error sentences.
    Raises: ModelError, when it is called or traced: the graph holds something that Darkflow does not write.
    """
    signature = tf.TensorSpec((1, *network.shape), tf.float32, name="image")
    ((_, head),) = network.heads

    @tf.function(input_signature=[signature], autograph=False)  # type: ignore[untyped-decorator]
    def forward(image: Tensor) -> list[Tensor]:
        """The head's raw values of one picture."""
        output = _Builder(graph, printable(path)).output(image)
        if tuple(output.shape) not in ((1, *head.shape), (1, head.shape.channels)):
            shape = "x".join(map(str, output.shape[1:]))
            raise ModelError(f"{printable(path)}: puts out {shape}, but {network.where} says {head.shape}")
        return [tf.reshape(output, (1, *head.shape))]

    return forward


class _Builder:
    """Builds a graph's nodes in their order.

    A value is a numpy array if it is a constant or computed from shapes, else a tensor.
    """

    def __init__(self, graph: Any, where: str) -> None:
        self._nodes = graph.node
        self._where = where

    def output(self, image: Tensor) -> Tensor:
        """The value of the node `output` for this picture."""
        values: dict[str, Any] = {}
        for node in self._nodes:
            values[node.name] = self._build(node, values, image)
        output = values.get(OUTPUT)
        if output is None or isinstance(output, np.ndarray):
            raise ModelError(f'{self._where}: has no node "{OUTPUT}" that depends on a picture')
        return output

    def _build(self, node: Node, values: dict[str, Any], image: Tensor) -> Any:
        if node.op == "Placeholder" and node.name == INPUT:
            return image
        build = _OPERATIONS.get(node.op)
        if build is None:
            raise self._error(node, "is not among the operations that Darkflow writes")
        try:
            inputs = [values[name.removesuffix(":0")] for name in node.input if not name.startswith("^")]
        except KeyError as error:
            raise self._error(node, f"takes {shown(str(error))}, which no earlier node gives") from None
        try:
            value = build(node, inputs)
        except (ValueError, TypeError, IndexError, KeyError, tf.errors.OpError, OverflowError) as error:
            reason = " ".join(str(error).split())[:200]
            raise self._error(node, f"cannot be built ({printable(reason)})") from None
        if None in value.shape or math.prod(value.shape) > MAX_OUTPUT_VALUES:
            raise self._error(node, f"would put out {value.shape}, which is too much")
        return value

    def _error(self, node: Node, sentence: str) -> ModelError:
        return ModelError(f'{self._where}: node "{shown(node.name)}", {shown(node.op)}: {sentence}')


def _constant(node: Node, inputs: Sequence[Any]) -> Any:
    proto = node.attr["value"].tensor
    shape = [dimension.size for dimension in proto.tensor_shape.dim]
    count = math.prod(shape)
    if min(shape, default=1) < 0 or (not proto.tensor_content and count > MAX_REPEATED):
        raise ValueError(f"a constant of shape {shape}")
    return np.asarray(tf.make_ndarray(proto))


def _strides(node: Node, key: str = "strides") -> list[int]:
    """Stride and padding of a window over height and width."""
    strides = list(node.attr[key].list.i)
    if len(strides) != 4 or strides[0] != 1 or strides[3] != 1:
        raise ValueError(f"{key} {strides}")
    return strides


def _padding(node: Node) -> str:
    padding = str(node.attr["padding"].s, "ascii", "replace")
    if padding not in ("SAME", "VALID") or node.attr["data_format"].s not in (b"", b"NHWC"):
        raise ValueError(f"padding {padding}, {node.attr['data_format'].s!r}")
    return padding


def _convolution(node: Node, inputs: Sequence[Any]) -> Tensor:
    if any(value != 1 for value in node.attr["dilations"].list.i):
        raise ValueError("dilations")
    return tf.nn.conv2d(inputs[0], inputs[1], _strides(node), _padding(node))


def _patches(node: Node, inputs: Sequence[Any]) -> Tensor:
    """Darkflow's reorg: patches side by side, which is space to depth."""
    sizes, strides = _strides(node, "ksizes"), _strides(node)
    if sizes != strides or sizes[1] != sizes[2] or set(node.attr["rates"].list.i) != {1}:
        raise ValueError(f"patches of {sizes} every {strides}")
    return tf.nn.space_to_depth(inputs[0], sizes[1])


def _strided_slice(node: Node, inputs: Sequence[Any]) -> Any:
    value, *bounds = inputs
    keys = ("begin_mask", "end_mask", "ellipsis_mask", "new_axis_mask", "shrink_axis_mask")
    masks = {key: int(node.attr[key].i) for key in keys}
    if not isinstance(value, np.ndarray):
        return tf.strided_slice(value, *bounds, **masks)
    begin, end, step = (int(bound.item()) for bound in bounds)  # of a shape, which has one axis
    if masks["shrink_axis_mask"]:
        return np.asarray(value[begin])
    return value[None if masks["begin_mask"] else begin : None if masks["end_mask"] else end : step]


def _shape_arithmetic(compute: Callable[..., Any]) -> Callable[[Node, Sequence[Any]], Any]:
    """An operation that Darkflow applies to shapes alone, computed at once."""

    def build(node: Node, inputs: Sequence[Any]) -> Any:
        """Compute it, if it is given small arrays alone."""
        if not all(isinstance(value, np.ndarray) and value.size <= 64 for value in inputs):
            raise ValueError("not applied to a shape")
        return np.asarray(compute(node, *inputs))

    return build


def _concat(node: Node, inputs: Sequence[Any]) -> Any:
    *values, axis = inputs
    if all(isinstance(value, np.ndarray) for value in values):
        return np.concatenate(values, int(axis))
    return tf.concat(values, int(axis))


def _binary(build: Callable[[Tensor, Tensor], Tensor]) -> Callable[[Node, Sequence[Any]], Tensor]:
    return lambda node, inputs: build(inputs[0], inputs[1])


_OPERATIONS: dict[str, Callable[[Node, Sequence[Any]], Any]] = {
    "Add": _binary(tf.add),
    "AddV2": _binary(tf.add),
    "BiasAdd": _binary(tf.nn.bias_add),
    "ConcatV2": _concat,
    "Const": _constant,
    "Conv2D": _convolution,
    "ExpandDims": _shape_arithmetic(lambda node, value, axis: np.expand_dims(value, int(axis))),
    "ExtractImagePatches": _patches,
    "Identity": lambda node, inputs: inputs[0],
    "MatMul": lambda node, inputs: tf.matmul(
        *inputs, transpose_a=node.attr["transpose_a"].b, transpose_b=node.attr["transpose_b"].b
    ),
    "MaxPool": lambda node, inputs: tf.nn.max_pool2d(
        inputs[0], _strides(node, "ksize"), _strides(node), _padding(node)
    ),
    "Maximum": _binary(tf.maximum),
    "Mean": lambda node, inputs: tf.reduce_mean(inputs[0], inputs[1], keepdims=node.attr["keep_dims"].b),
    "Mul": _binary(tf.multiply),
    "Pack": _shape_arithmetic(lambda node, *values: np.stack(values, node.attr["axis"].i)),
    "Pad": _binary(tf.pad),
    "Prod": _shape_arithmetic(lambda node, value, axis: np.prod(value, axis=tuple(np.atleast_1d(axis)))),
    "RealDiv": _binary(tf.divide),
    "Reshape": _binary(tf.reshape),
    "Shape": lambda node, inputs: np.array(inputs[0].shape, dtype=np.int32),
    "Slice": lambda node, inputs: tf.slice(*inputs),
    "Softmax": lambda node, inputs: tf.nn.softmax(inputs[0]),
    "StridedSlice": _strided_slice,
    "Sub": _binary(tf.subtract),
    "Transpose": _binary(tf.transpose),
}
