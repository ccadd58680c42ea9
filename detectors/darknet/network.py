"""Darknet layers and weights -> a TensorFlow function; the heads' raw values are its outputs.

TensorFlow is imported only here and in `compile.py`, which runs in a process of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import tensorflow as tf

from detectors.darknet.layers import (
    Convolutional,
    Layer,
    MaxPool,
    NetworkCfg,
    Reorg,
    Route,
    Shortcut,
    Upsample,
)
from detectors.darknet.weights import ConvolutionWeights

Tensor = Any

_LEAKY_SLOPE = 0.1

_ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "linear": lambda x: x,
    "leaky": lambda x: tf.nn.leaky_relu(x, _LEAKY_SLOPE),
    "relu": tf.nn.relu,
    "logistic": tf.nn.sigmoid,
    "mish": lambda x: x * tf.nn.tanh(tf.nn.softplus(x)),
    "swish": lambda x: x * tf.nn.sigmoid(x),
}


def build_function(network: NetworkCfg, weights: Mapping[int, ConvolutionWeights]) -> Any:
    """A `tf.function` from one picture to the inputs of the network's heads, in the heads' order.

    Its input is (1, height, width, 3) float32, RGB, 0 to 1; each output is (1, grid height, grid width,
    channels) float32, as they enter the `[yolo]` or `[region]` layer.
    """
    signature = tf.TensorSpec((1, *network.shape), tf.float32, name="image")

    @tf.function(input_signature=[signature])  # type: ignore[untyped-decorator]
    def forward(image: Tensor) -> list[Tensor]:
        outputs: list[Tensor] = []
        heads = []
        before = image
        for index, layer in enumerate(network.layers):
            before = _apply(layer, before, outputs, weights.get(index))
            outputs.append(before)
        for index, _ in network.heads:
            heads.append(outputs[index])
        return heads

    return forward


def _apply(layer: Layer, before: Tensor, outputs: list[Tensor], weights: ConvolutionWeights | None) -> Tensor:
    match layer:
        case Convolutional():
            assert weights is not None
            return _ACTIVATIONS[layer.activation](_convolve(layer, before, weights))
        case MaxPool():
            return _max_pool(layer, before)
        case Route():
            return _route(layer, outputs)
        case Shortcut():
            return _ACTIVATIONS[layer.activation](before + outputs[layer.layer])
        case Upsample():
            size = (layer.shape.height, layer.shape.width)
            return tf.compat.v1.image.resize_nearest_neighbor(before, size)
        case Reorg():
            return _reorg(layer, before)
        case _:  # a head hands its input on; it is decoded outside the network
            return before


def _convolve(layer: Convolutional, before: Tensor, weights: ConvolutionWeights) -> Tensor:
    same = layer.stride == 1 and layer.size % 2 == 1 and layer.padding == layer.size // 2
    if not same and layer.padding:
        sides = (layer.padding, layer.padding)
        before = tf.pad(before, ((0, 0), sides, sides, (0, 0)))
    convolved = tf.nn.conv2d(before, weights.kernel, layer.stride, "SAME" if same else "VALID")
    return tf.nn.bias_add(convolved, weights.bias)


def _max_pool(layer: MaxPool, before: Tensor) -> Tensor:
    """As Darknet: `padding // 2` before the picture, the rest behind, where the last window needs it."""
    ahead = layer.padding // 2
    sides, as_same = [], []
    for length, out in ((before.shape[1], layer.shape.height), (before.shape[2], layer.shape.width)):
        behind = max((out - 1) * layer.stride + layer.size - ahead - length, 0)
        sides.append((ahead, behind))
        total = max((out - 1) * layer.stride + layer.size - length, 0)
        as_same.append(out == -(-length // layer.stride) and sides[-1] == (total // 2, total - total // 2))
    if all(as_same):  # with TensorFlow's own padding the engine runs the network in one piece
        return tf.nn.max_pool2d(before, layer.size, layer.stride, "SAME")
    if any(side != (0, 0) for side in sides):
        before = tf.pad(before, ((0, 0), *sides, (0, 0)), constant_values=before.dtype.min)
    return tf.nn.max_pool2d(before, layer.size, layer.stride, "VALID")


def _route(layer: Route, outputs: list[Tensor]) -> Tensor:
    parts = []
    for index in layer.layers:
        part = outputs[index]
        if layer.groups > 1:
            part = tf.split(part, layer.groups, axis=3)[layer.group_id]
        parts.append(part)
    return parts[0] if len(parts) == 1 else tf.concat(parts, axis=3)


def _reorg(layer: Reorg, before: Tensor) -> Tensor:
    """Darknet's reorg, which reads its input as if it had fewer channels and more pixels.

    Source: Darknet, src/blas.c `reorg_cpu` with forward = 0, as `[reorg]` calls it.
    """
    stride = layer.stride
    _, height, width, channels = before.shape
    channels_out = channels // (stride * stride)
    planes = tf.transpose(before[0], (2, 0, 1))
    cells = tf.reshape(planes, (channels_out, height, stride, width, stride))
    gathered = tf.transpose(cells, (2, 4, 0, 1, 3))
    small = tf.reshape(gathered, (layer.shape.channels, layer.shape.height, layer.shape.width))
    return tf.transpose(small, (1, 2, 0))[None]
