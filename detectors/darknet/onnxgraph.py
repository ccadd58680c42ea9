"""Build an ONNX graph from Darknet's layers and weights: what `network` builds for TensorFlow, without it.

Input and outputs are those of `network.build_function`. Inside, values are (1, channels, height, width).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from detectors.darknet.heads import DetectionHead, Head
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
    Shape,
    Shortcut,
    Softmax,
    Upsample,
)
from detectors.darknet.networkcfg import Layer, NetworkCfg
from detectors.darknet.weights import LayerWeights
from detectors.onnxwriter import OnnxGraph
from pipeline.errors import ModelError

_LEAKY_SLOPE = 0.1
_TO_PLANES, _TO_PIXELS = (0, 3, 1, 2), (0, 2, 3, 1)
_LOWEST = float(np.finfo(np.float32).min)

_ACTIVATIONS: dict[str, Callable[[OnnxGraph, str], str]] = {
    "linear": lambda graph, x: x,
    "leaky": lambda graph, x: graph.node("LeakyRelu", x, alpha=_LEAKY_SLOPE),
    "relu": lambda graph, x: graph.node("Relu", x),
    "logistic": lambda graph, x: graph.node("Sigmoid", x),
    "mish": lambda graph, x: graph.node("Mish", x),
    "swish": lambda graph, x: graph.node("Mul", x, graph.node("Sigmoid", x)),
}


def build_onnx(network: NetworkCfg, weights: Mapping[int, LayerWeights]) -> bytes:
    """Build the content of an .onnx file; see `network.build_function` for its input and outputs.

    If the network has a `stride`, the input's height and width are open.

    Raises: ModelError: a layer's windows lie outside the picture, so that it has no result.
    """
    return _Builder(network, weights).content()


class _Builder:
    """Adds the layers to a graph, in their order."""

    def __init__(self, network: NetworkCfg, weights: Mapping[int, LayerWeights]) -> None:
        self._network = network
        self._weights = weights
        self._graph = OnnxGraph()
        self._outputs: list[str] = []

    def content(self) -> bytes:
        """The whole file."""
        height, width, channels = self._network.shape
        varies = self._network.stride is not None
        image = self._graph.input(
            "image", (1, *(("height", "width") if varies else (height, width)), channels)
        )
        value = self._graph.node("Transpose", image, perm=_TO_PLANES)
        before = self._network.shape
        for index, layer in enumerate(self._network.layers):
            value = self._layer(layer, value, before, self._weights.get(index))
            self._outputs.append(value)
            before = layer.shape
        for number, (index, head) in enumerate(self._network.heads):
            self._head(head, self._outputs[index], f"head{number}", varies)
        return self._graph.content()

    def _head(self, head: Head, value: str, name: str, varies: bool) -> None:
        if isinstance(head, DetectionHead):  # Darknet's order: channel by channel, each row by row
            self._graph.output(self._reshaped(value, (1, 1, 1, -1)), name, (1, 1, 1, head.shape.values))
            return
        grid = (f"{name} height", f"{name} width") if varies else head.shape[:2]
        pixels = self._graph.node("Transpose", value, perm=_TO_PIXELS)
        self._graph.output(pixels, name, (1, *grid, head.shape.channels))

    def _layer(self, layer: Layer, value: str, before: Shape, weights: LayerWeights | None) -> str:
        graph = self._graph
        match layer:
            case Convolutional() | Connected() | Local():
                assert weights is not None
                return _ACTIVATIONS[layer.activation](graph, self._weighed(layer, value, weights))
            case BatchNorm():
                assert weights is not None
                scaled = graph.node("Mul", value, graph.constant(weights.kernel.reshape(1, -1, 1, 1)))
                return graph.node("Add", scaled, graph.constant(weights.bias.reshape(1, -1, 1, 1)))
            case MaxPool() | LocalAvgPool():
                return self._pooled(layer, value, before)
            case Route():
                return self._route(layer)
            case Shortcut():
                for index in layer.layers:
                    value = graph.node("Add", value, self._fitted(index, before))
                return _ACTIVATIONS[layer.activation](graph, value)
            case Product():
                product = graph.node("Mul", self._outputs[layer.layer], value)
                return _ACTIVATIONS[layer.activation](graph, product)
            case Upsample():
                return self._upsampled(layer.stride, value)
            case Reorg():
                if layer.plain:
                    return graph.node("SpaceToDepth", value, blocksize=layer.stride)
                return self._reorganized(layer, value, before)
            case AvgPool():
                return graph.node("GlobalAveragePool", value)
            case Softmax():
                return self._softmax(layer, value)
            case Crop():
                return self._crop(value) if layer.scales else value
            case _:  # heads pass their input on: it is decoded outside the network
                return value

    def _weighed(self, layer: Convolutional | Connected | Local, value: str, weights: LayerWeights) -> str:
        match layer:
            case Convolutional():
                return self._convolved(layer, value, weights)
            case Connected():
                return self._connected(layer, value, weights)
            case Local():
                return self._local(layer, value, weights)

    def _convolved(self, layer: Convolutional, value: str, weights: LayerWeights) -> str:
        return self._graph.node(
            "Conv",
            value,
            self._graph.constant(weights.kernel.transpose(3, 2, 0, 1)),
            self._graph.constant(weights.bias),
            kernel_shape=(layer.size, layer.size),
            strides=(layer.stride, layer.stride),
            pads=(layer.padding,) * 4,
            group=layer.groups,
        )

    def _connected(self, layer: Connected, value: str, weights: LayerWeights) -> str:
        height, width, channels = layer.in_shape
        by_pixel = weights.kernel.reshape(height, width, channels, -1)
        kernel = by_pixel.transpose(2, 0, 1, 3).reshape(layer.in_shape.values, -1)
        flat = self._reshaped(value, (1, layer.in_shape.values))
        product = self._graph.node(
            "Gemm", flat, self._graph.constant(kernel), self._graph.constant(weights.bias)
        )
        return self._reshaped(product, (1, layer.shape.channels, 1, 1))

    def _local(self, layer: Local, value: str, weights: LayerWeights) -> str:
        """Multiply each place's window, as a row, by the place's own matrix."""
        height, width, filters = layer.shape
        if layer.padding:
            value = self._padded(value, (layer.padding, layer.padding) * 2, 0.0)
        reach = ((height - 1) * layer.stride + 1, (width - 1) * layer.stride + 1)
        windows = [
            self._sliced(
                value, (2, 3), (row, column), (row + reach[0], column + reach[1]), (layer.stride,) * 2
            )
            for row in range(layer.size)
            for column in range(layer.size)
        ]
        rows = self._reshaped(self._graph.node("Concat", *windows, axis=1), (1, -1, height * width))
        rows = self._graph.node("Transpose", rows, perm=(2, 0, 1))
        products = self._graph.node("MatMul", rows, self._graph.constant(weights.kernel))
        planes = self._graph.node("Transpose", products, perm=(1, 2, 0))
        bias = self._graph.constant(weights.bias.transpose(2, 0, 1))
        return self._graph.node("Add", self._reshaped(planes, (1, filters, height, width)), bias)

    def _pooled(self, layer: MaxPool | LocalAvgPool, value: str, before: Shape) -> str:
        """Pool windows; `padding // 2` rows lie before the picture, behind it what the last window needs."""
        ahead = layer.padding // 2
        behind = [
            max((out - 1) * layer.stride + layer.size - ahead - length, 0)
            for out, length in zip(layer.shape[:2], before[:2], strict=True)
        ]
        pads = (ahead, ahead, *behind)
        outside = max(pads) >= layer.size  # a window without a pixel, which ONNX does not have
        if outside and isinstance(layer, LocalAvgPool):
            raise ModelError(f"{self._network.where}:{layer.line}: a window has no pixel of the picture")
        if outside:
            value, pads = self._padded(value, pads, _LOWEST), (0, 0, 0, 0)
        windows = {
            "kernel_shape": (layer.size, layer.size),
            "strides": (layer.stride, layer.stride),
            "pads": pads,
        }
        if isinstance(layer, MaxPool):
            return self._graph.node("MaxPool", value, **windows)
        return self._graph.node("AveragePool", value, count_include_pad=0, **windows)

    def _route(self, layer: Route) -> str:
        parts = []
        for index in layer.layers:
            part = self._outputs[index]
            if layer.groups > 1:
                channels = self._network.layers[index].shape.channels // layer.groups
                start = layer.group_id * channels
                part = self._sliced(part, (1,), (start,), (start + channels,))
            parts.append(part)
        return parts[0] if len(parts) == 1 else self._graph.node("Concat", *parts, axis=1)

    def _fitted(self, index: int, before: Shape) -> str:
        """Fit an earlier layer's output to what a shortcut adds it to; see `network._fitted`."""
        value, shape = self._outputs[index], self._network.layers[index].shape
        step = shape.height // before.height
        if step > 1:
            value = self._sliced(value, (2, 3), (0, 0), (np.iinfo(np.int64).max,) * 2, (step, step))
        lacking = before.channels - shape.channels
        if lacking < 0:
            return self._sliced(value, (1,), (0,), (before.channels,))
        if lacking > 0:
            pads = self._whole((0, 0, 0, 0, 0, lacking, 0, 0))
            return self._graph.node("Pad", value, pads, self._number(0.0))
        return value

    def _upsampled(self, stride: int, value: str) -> str:
        if stride == 1:
            return value
        scales = self._graph.constant(np.array((1, 1, stride, stride), dtype=np.float32))
        return self._graph.node(
            "Resize",
            value,
            "",
            scales,
            mode="nearest",
            coordinate_transformation_mode="asymmetric",
            nearest_mode="floor",
        )

    def _reorganized(self, layer: Reorg, value: str, before: Shape) -> str:
        """Compute Darknet's own reorg; see `network._reorg`."""
        stride = layer.stride
        cells = (before.channels // stride**2, before.height, stride, before.width, stride)
        gathered = self._graph.node("Transpose", self._reshaped(value, cells), perm=(2, 4, 0, 1, 3))
        height, width, channels = layer.shape
        return self._reshaped(gathered, (1, channels, height, width))

    def _softmax(self, layer: Softmax, value: str) -> str:
        height, width, channels = layer.shape
        grouped = self._reshaped(value, (1, layer.groups, channels // layer.groups, height, width))
        cooled = self._graph.node("Div", grouped, self._number(layer.temperature))
        return self._reshaped(self._graph.node("Softmax", cooled, axis=2), (1, channels, height, width))

    def _crop(self, value: str) -> str:
        doubled = self._graph.node("Mul", value, self._number(2.0))
        return self._graph.node("Sub", doubled, self._number(1.0))

    def _padded(self, value: str, sides: Sequence[int], filling: float) -> str:
        """Pad rows and columns; `sides` are above, left, below, right."""
        above, left, below, right = sides
        pads = self._whole((0, 0, above, left, 0, 0, below, right))
        return self._graph.node("Pad", value, pads, self._number(filling))

    def _sliced(
        self,
        value: str,
        axes: Sequence[int],
        starts: Sequence[int],
        ends: Sequence[int],
        steps: Sequence[int] | None = None,
    ) -> str:
        bounds = [self._whole(numbers) for numbers in (starts, ends, axes, steps or (1,) * len(axes))]
        return self._graph.node("Slice", value, *bounds)

    def _reshaped(self, value: str, shape: Sequence[int]) -> str:
        return self._graph.node("Reshape", value, self._whole(shape))

    def _whole(self, numbers: Sequence[int]) -> str:
        return self._graph.constant(np.array(numbers, dtype=np.int64))

    def _number(self, value: float) -> str:
        return self._graph.constant(np.array(value, dtype=np.float32))
