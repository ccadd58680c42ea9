"""Build a TensorFlow function from Darknet's layers and weights; its outputs are the heads' raw values.

TensorFlow is imported only here and in `compile.py`, which runs in a process of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from detectors.darknet.heads import DetectionHead
from detectors.darknet.layers import (
    AvgPool,
    BatchNorm,
    Connected,
    Convolutional,
    Crop,
    Local,
    LocalAvgPool,
    MaxPool,
    Product,
    Reorg,
    Route,
    Shortcut,
    Softmax,
    Upsample,
)
from detectors.darknet.networkcfg import Layer, NetworkCfg
from detectors.darknet.weights import LayerWeights

Tensor = Any

_LEAKY_SLOPE = 0.1


def _mish(x: Tensor) -> Tensor:
    """Compute x times tanh(softplus(x)), which is x * n / (n + 2) with n = e^x (e^x + 2).

    Above 20, mish(x) equals x in float32; e^2x does not overflow before that.

    Source: Misra, Mish (2019); the other form is elementary algebra on tanh(ln(1 + e^x)).
    """
    raised = tf.exp(tf.minimum(x, 20.0))
    n = raised * (raised + 2.0)
    return x * (n / (n + 2.0))


_ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "linear": lambda x: x,
    "leaky": lambda x: tf.nn.leaky_relu(x, _LEAKY_SLOPE),
    "relu": tf.nn.relu,
    "logistic": tf.nn.sigmoid,
    "mish": _mish,
    "swish": lambda x: x * tf.nn.sigmoid(x),
}


def build_function(network: NetworkCfg, weights: Mapping[int, LayerWeights]) -> Any:
    """Build a `tf.function` from one picture to the inputs of the network's heads, in the heads' order.

    Its input is (1, height, width, 3) float32, RGB, 0 to 1; each output is (1, grid height, grid width,
    channels) float32, as they enter the `[yolo]` or `[region]` layer, or (1, 1, 1, numbers) as they enter a
    `[detection]` layer. If the network has a `stride`, no operation depends on the input's size, so that the
    flatbuffer accepts inputs of other sizes.
    """
    signature = tf.TensorSpec((1, *network.shape), tf.float32, name="image")

    @tf.function(input_signature=[signature])  # type: ignore[untyped-decorator]
    def forward(image: Tensor) -> list[Tensor]:
        """The inputs of the heads for one picture."""
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


def _apply(layer: Layer, before: Tensor, outputs: list[Tensor], weights: LayerWeights | None) -> Tensor:
    match layer:
        case Convolutional() | Connected() | Local():
            assert weights is not None
            return _ACTIVATIONS[layer.activation](_weigh(layer, before, weights))
        case BatchNorm():
            assert weights is not None
            return before * weights.kernel + weights.bias
        case MaxPool():
            return _max_pool(layer, before)
        case LocalAvgPool():
            return _local_avg_pool(layer, before)
        case Route():
            return _route(layer, outputs)
        case Shortcut():
            added = before
            for index in layer.layers:
                added = added + _fitted(outputs[index], before)
            return _ACTIVATIONS[layer.activation](added)
        case Product():
            return _ACTIVATIONS[layer.activation](outputs[layer.layer] * before)
        case Upsample():
            return _upsample(layer.stride, before)
        case Reorg():
            return tf.nn.space_to_depth(before, layer.stride) if layer.plain else _reorg(layer, before)
        case AvgPool():
            return tf.reduce_mean(before, axis=(1, 2), keepdims=True)
        case Softmax():
            return _softmax(layer, before)
        case Crop():
            return before * 2.0 - 1.0 if layer.scales else before
        case DetectionHead():
            return _in_darknets_order(before)
        case _:  # other heads pass their input on: it is decoded outside the network
            return before


def _weigh(layer: Convolutional | Connected | Local, before: Tensor, weights: LayerWeights) -> Tensor:
    match layer:
        case Convolutional():
            return tf.nn.bias_add(_convolve(layer, before, weights), weights.bias)
        case Connected():
            flat = tf.reshape(before, (1, layer.in_shape.values))
            multiplied = tf.nn.bias_add(tf.matmul(flat, weights.kernel), weights.bias)
            return tf.reshape(multiplied, (1, *layer.shape))
        case Local():
            return _local(layer, before, weights)


def _convolve(layer: Convolutional, before: Tensor, weights: LayerWeights) -> Tensor:
    same = layer.stride == 1 and layer.size % 2 == 1 and layer.padding == layer.size // 2
    if not same:
        before = _padded(before, layer.padding)
    padding = "SAME" if same else "VALID"
    if layer.groups == 1:
        return tf.nn.conv2d(before, weights.kernel, layer.stride, padding)
    if layer.groups == layer.in_channels:
        multiple = layer.shape.channels // layer.groups
        kernel = weights.kernel.reshape(layer.size, layer.size, layer.groups, multiple)
        return tf.nn.depthwise_conv2d(before, kernel, (1, layer.stride, layer.stride, 1), padding)
    parts = tf.split(before, layer.groups, axis=3)  # LiteRT has no grouped convolution with 8-bit weights
    kernels = np.split(weights.kernel, layer.groups, axis=3)
    pairs = zip(parts, kernels, strict=True)
    return tf.concat([tf.nn.conv2d(part, kernel, layer.stride, padding) for part, kernel in pairs], axis=3)


def _padded(before: Tensor, padding: int) -> Tensor:
    sides = (padding, padding)
    return tf.pad(before, ((0, 0), sides, sides, (0, 0))) if padding else before


def _local(layer: Local, before: Tensor, weights: LayerWeights) -> Tensor:
    """Multiply each place's window, as a row, by the place's own matrix."""
    height, width, filters = layer.shape
    padded = _padded(before, layer.padding)
    windows = []
    for row in range(layer.size):
        for column in range(layer.size):
            window = padded[
                :,
                row : row + (height - 1) * layer.stride + 1 : layer.stride,
                column : column + (width - 1) * layer.stride + 1 : layer.stride,
            ]
            windows.append(window)
    rows = tf.reshape(tf.concat(windows, axis=3), (height * width, 1, -1))
    multiplied = tf.matmul(rows, weights.kernel)
    return tf.reshape(multiplied, (1, height, width, filters)) + weights.bias


def _sides(layer: MaxPool | LocalAvgPool, before: Tensor) -> tuple[list[tuple[int, int]], bool]:
    """Compute Darknet's padding: `padding // 2` before the picture, behind it what the last window needs.

    Returns: the padding of rows and of columns, and whether it equals TensorFlow's `SAME`.
    """
    ahead = layer.padding // 2
    sides, as_same = [], []
    for length, out in ((before.shape[1], layer.shape.height), (before.shape[2], layer.shape.width)):
        behind = max((out - 1) * layer.stride + layer.size - ahead - length, 0)
        sides.append((ahead, behind))
        total = max((out - 1) * layer.stride + layer.size - length, 0)
        as_same.append(out == -(-length // layer.stride) and sides[-1] == (total // 2, total - total // 2))
    return sides, all(as_same)


def _max_pool(layer: MaxPool, before: Tensor) -> Tensor:
    sides, as_same = _sides(layer, before)
    if as_same:  # with TensorFlow's own padding the engine does not split the network
        return tf.nn.max_pool2d(before, layer.size, layer.stride, "SAME")
    if any(side != (0, 0) for side in sides):
        before = tf.pad(before, ((0, 0), *sides, (0, 0)), constant_values=before.dtype.min)
    return tf.nn.max_pool2d(before, layer.size, layer.stride, "VALID")


def _local_avg_pool(layer: LocalAvgPool, before: Tensor) -> Tensor:
    """Average only the pixels of each window that are inside the picture."""
    sides, as_same = _sides(layer, before)
    if as_same:
        return tf.nn.avg_pool2d(before, layer.size, layer.stride, "SAME")
    padding = ((0, 0), *sides, (0, 0))
    means = tf.nn.avg_pool2d(tf.pad(before, padding), layer.size, layer.stride, "VALID")
    there = tf.pad(tf.ones_like(before[..., :1]), padding)
    return means / tf.nn.avg_pool2d(there, layer.size, layer.stride, "VALID")


def _fitted(other: Tensor, before: Tensor) -> Tensor:
    """Fit an earlier layer's output to the shape of the output to which a shortcut adds it.

    Source: pjreddie's Darknet, src/blas.c `shortcut_cpu`.
    """
    step = other.shape[1] // before.shape[1]
    if step > 1:
        other = other[:, ::step, ::step]
    lacking = before.shape[3] - other.shape[3]
    if lacking < 0:
        return other[..., : before.shape[3]]
    return tf.pad(other, ((0, 0), (0, 0), (0, 0), (0, lacking))) if lacking else other


def _upsample(stride: int, before: Tensor) -> Tensor:
    """Upsample by repetition, without an operation that depends on the input's size."""
    return tf.nn.depth_to_space(tf.concat([before] * stride**2, axis=3), stride) if stride > 1 else before


def _route(layer: Route, outputs: list[Tensor]) -> Tensor:
    parts = []
    for index in layer.layers:
        part = outputs[index]
        if layer.groups > 1:
            part = tf.split(part, layer.groups, axis=3)[layer.group_id]
        parts.append(part)
    return parts[0] if len(parts) == 1 else tf.concat(parts, axis=3)


def _softmax(layer: Softmax, before: Tensor) -> Tensor:
    grouped = tf.reshape(before, (1, layer.shape.height, layer.shape.width, layer.groups, -1))
    return tf.reshape(tf.nn.softmax(grouped / layer.temperature), (1, *layer.shape))


def _in_darknets_order(before: Tensor) -> Tensor:
    """Flatten in Darknet's order: channel by channel, each row by row."""
    flat = before if before.shape[1:3] == (1, 1) else tf.transpose(before, (0, 3, 1, 2))
    return tf.reshape(flat, (1, 1, 1, -1))


def _reorg(layer: Reorg, before: Tensor) -> Tensor:
    """Compute Darknet's reorg, which reads its input as if it had fewer channels and more pixels.

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
