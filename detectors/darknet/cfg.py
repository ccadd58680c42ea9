"""A Darknet .cfg as a frozen description of its network: one dataclass a layer, with its output shape.

Every size is checked against a bound here, so that nothing behind this module meets a zero, a negative
or a giant number. Keys that only training reads are passed over.

Source: Darknet, src/parser.c (defaults and the arithmetic of output sizes); AlexeyAB's fork for route
groups, `scale_x_y` and `new_coords`.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from detectors.darknet.sections import MAX_CFG_BYTES, Section, parse_sections
from pipeline.errors import ModelError

MAX_SIDE = 4096
MAX_CHANNELS = 1 << 16
MAX_OUTPUT_VALUES = 1 << 28
"""No layer may put out more numbers than this (1 GiB of float32)."""
MAX_KERNEL = 64

ACTIVATIONS = ("linear", "leaky", "relu", "logistic", "mish", "swish")


class Shape(NamedTuple):
    """A layer's output, one picture."""

    height: int
    width: int
    channels: int


@dataclass(frozen=True, slots=True)
class Convolutional:
    """2-D convolution, then batch normalization or a bias, then the activation.

    `padding` pixels of zeros are added on each side. Weights: `filters` biases, 3 x `filters`
    normalization values (scales, means, variances) if normalized, then the kernels.
    """

    line: int
    shape: Shape
    in_channels: int
    size: int
    stride: int
    padding: int
    batch_normalize: bool
    activation: str

    @property
    def kernel_count(self) -> int:
        """Numbers in the kernels, (filters, in_channels, size, size)."""
        return self.shape.channels * self.in_channels * self.size * self.size

    @property
    def weight_count(self) -> int:
        """Numbers that this layer takes from the .weights file."""
        return self.kernel_count + self.shape.channels * (4 if self.batch_normalize else 1)


@dataclass(frozen=True, slots=True)
class MaxPool:
    """Largest value of each window; `padding` in all, the smaller half before the picture."""

    line: int
    shape: Shape
    size: int
    stride: int
    padding: int


@dataclass(frozen=True, slots=True)
class Route:
    """Earlier layers' outputs, each cut into `groups` of channels of which one is kept, joined."""

    line: int
    shape: Shape
    layers: tuple[int, ...]
    groups: int
    group_id: int


@dataclass(frozen=True, slots=True)
class Shortcut:
    """The previous output plus an earlier layer's."""

    line: int
    shape: Shape
    layer: int
    activation: str


@dataclass(frozen=True, slots=True)
class Upsample:
    """Each pixel repeated `stride` times in both directions."""

    line: int
    shape: Shape
    stride: int


@dataclass(frozen=True, slots=True)
class Reorg:
    """Space to depth, in Darknet's own order of channels."""

    line: int
    shape: Shape
    stride: int


@dataclass(frozen=True, slots=True)
class Yolo:
    """Output of YOLOv3 and later: anchors in pixels of the network's input, scores by logistic.

    Args:
        anchors: (width, height) of the boxes of this head only.
        scale_x_y: how far a centre may leave its cell, 1 for not at all.
        new_coords: whether values come out of a logistic already and sizes are squared (YOLOv4-CSP on).
    """

    line: int
    shape: Shape
    anchors: tuple[tuple[float, float], ...]
    classes: int
    scale_x_y: float
    new_coords: bool


@dataclass(frozen=True, slots=True)
class Region:
    """Output of YOLOv2: anchors in cells, class scores by softmax."""

    line: int
    shape: Shape
    anchors: tuple[tuple[float, float], ...]
    classes: int
    softmax: bool


Layer = Convolutional | MaxPool | Route | Shortcut | Upsample | Reorg | Yolo | Region
Head = Yolo | Region


@dataclass(frozen=True, slots=True)
class NetworkCfg:
    """A whole network.

    Args:
        where: the .cfg's name, for error sentences.
        shape: of the input; channels is 3.
        layers: in order; a layer's index is the one that `route` and `shortcut` count by.
    """

    where: str
    shape: Shape
    layers: tuple[Layer, ...]

    @property
    def weight_count(self) -> int:
        """Numbers that the .weights file must hold behind its header."""
        return sum(layer.weight_count for layer in self.layers if isinstance(layer, Convolutional))

    @property
    def heads(self) -> tuple[tuple[int, Head], ...]:
        """The output layers with their indices."""
        return tuple((i, layer) for i, layer in enumerate(self.layers) if isinstance(layer, Yolo | Region))

    @property
    def classes(self) -> int:
        """How many classes the network tells apart."""
        return self.heads[0][1].classes


def read_cfg(path: Path) -> NetworkCfg:
    """Read a .cfg file.

    Raises: ModelError: it cannot be read, is no network, or holds what is not supported; names the line.
    """
    try:
        with open(path, "rb") as stream:
            content = stream.read(MAX_CFG_BYTES + 1)
    except OSError as error:
        raise ModelError(f"{path}: cannot be read ({error.strerror})") from None
    if len(content) > MAX_CFG_BYTES:
        raise ModelError(f"{path}: larger than {MAX_CFG_BYTES >> 20} MiB; this is no .cfg file")
    return parse_cfg(content.decode("utf-8", "replace"), os.fsencode(path).decode("utf-8", "replace"))


def parse_cfg(text: str, where: str) -> NetworkCfg:
    """Understand the text of a .cfg.

    Args:
        text: the whole file.
        where: its name, for error sentences.
    Raises: ModelError: as `read_cfg`.
    """
    sections = parse_sections(text, where)
    if not sections or sections[0].name not in ("net", "network"):
        raise ModelError(f"{where}:1: does not begin with [net]; this is no Darknet .cfg file")
    shape = _input_shape(sections[0])
    layers: list[Layer] = []
    before = shape
    for index, section in enumerate(sections[1:]):
        parse = _PARSERS.get(section.name)
        if parse is None:
            raise section.error(
                f"layer {index} is of a kind that is not supported; known: {', '.join(sorted(_PARSERS))}"
            )
        layer = parse(section, before, layers)
        values = layer.shape.height * layer.shape.width * layer.shape.channels
        if min(layer.shape) < 1 or values > MAX_OUTPUT_VALUES:
            height, width, channels = layer.shape
            raise section.error(f"layer {index} would put out {channels} channels of {width}x{height} pixels")
        layers.append(layer)
        before = layer.shape
    network = NetworkCfg(where, shape, tuple(layers))
    _check_heads(network)
    return network


def _check_heads(network: NetworkCfg) -> None:
    if not network.heads:
        raise ModelError(f"{network.where}: no [yolo] or [region] layer, so it detects nothing")
    if len({head.classes for _, head in network.heads}) > 1:
        raise ModelError(f"{network.where}: its [yolo] layers do not agree on the number of classes")


def _input_shape(net: Section) -> Shape:
    width = net.integer("width", 416, 8, MAX_SIDE)
    height = net.integer("height", 416, 8, MAX_SIDE)
    net.integer("channels", 3, 3, 3)
    return Shape(height, width, 3)


def _earlier(section: Section, key: str, given: int, layers: list[Layer]) -> int:
    """A layer named by its index, or by how far back it lies, as an index."""
    index = len(layers) + given if given < 0 else given
    if not 0 <= index < len(layers):
        raise section.error(f"{key} {given} names no earlier layer", key)
    return index


def _activation(section: Section, default: str) -> str:
    activation = section.word("activation", default)
    if activation not in ACTIVATIONS:
        known = ", ".join(ACTIVATIONS)
        raise section.error(f'activation "{activation[:40]}" is not supported; known: {known}', "activation")
    return activation


def _convolutional(section: Section, before: Shape, layers: list[Layer]) -> Convolutional:
    for key, plain in (("groups", 1), ("dilation", 1), ("binary", 0), ("xnor", 0), ("antialiasing", 0)):
        if section.integer(key, plain, 0, MAX_CHANNELS) != plain:
            raise section.error(f"{key}={section.word(key, '')} is not supported", key)
    filters = section.integer("filters", 1, 1, MAX_CHANNELS)
    size = section.integer("size", 1, 1, MAX_KERNEL)
    stride = section.integer("stride", 1, 1, MAX_KERNEL)
    padding = section.integer("padding", 0, 0, MAX_KERNEL)
    if section.integer("pad", 0, 0, 1):
        padding = size // 2
    shape = Shape(
        (before.height + 2 * padding - size) // stride + 1,
        (before.width + 2 * padding - size) // stride + 1,
        filters,
    )
    normalize = section.integer("batch_normalize", 0, 0, 1) == 1
    activation = _activation(section, "logistic")
    return Convolutional(section.line, shape, before.channels, size, stride, padding, normalize, activation)


def _maxpool(section: Section, before: Shape, layers: list[Layer]) -> MaxPool:
    stride = section.integer("stride", 1, 1, MAX_KERNEL)
    size = section.integer("size", stride, 1, MAX_KERNEL)
    padding = section.integer("padding", size - 1, 0, MAX_KERNEL)
    shape = Shape(
        (before.height + padding - size) // stride + 1,
        (before.width + padding - size) // stride + 1,
        before.channels,
    )
    return MaxPool(section.line, shape, size, stride, padding)


def _route(section: Section, before: Shape, layers: list[Layer]) -> Route:
    given = section.integers("layers", (), -1000, 1000)
    if not given:
        raise section.error("layers is missing; expected the layers to join")
    indices = tuple(_earlier(section, "layers", index, layers) for index in given)
    groups = section.integer("groups", 1, 1, MAX_CHANNELS)
    group_id = section.integer("group_id", 0, 0, groups - 1)
    shapes = [layers[index].shape for index in indices]
    if len({(shape.height, shape.width) for shape in shapes}) > 1:
        sizes = ", ".join(f"{shape.width}x{shape.height}" for shape in shapes)
        raise section.error(f"joins layers of different sizes ({sizes})", "layers")
    if any(shape.channels % groups for shape in shapes):
        raise section.error(f"{groups} groups do not divide the channels of the layers joined", "groups")
    channels = sum(shape.channels // groups for shape in shapes)
    shape = Shape(shapes[0].height, shapes[0].width, channels)
    return Route(section.line, shape, indices, groups, group_id)


def _shortcut(section: Section, before: Shape, layers: list[Layer]) -> Shortcut:
    index = _earlier(section, "from", section.integer("from", 0, -1000, 1000), layers)
    other = layers[index].shape
    if other != before:
        raise section.error(
            f"adds {other.width}x{other.height}x{other.channels} to "
            f"{before.width}x{before.height}x{before.channels}; shapes must be equal",
            "from",
        )
    return Shortcut(section.line, before, index, _activation(section, "linear"))


def _upsample(section: Section, before: Shape, layers: list[Layer]) -> Upsample:
    stride = section.integer("stride", 2, 1, 32)
    shape = Shape(before.height * stride, before.width * stride, before.channels)
    return Upsample(section.line, shape, stride)


def _reorg(section: Section, before: Shape, layers: list[Layer]) -> Reorg:
    stride = section.integer("stride", 1, 1, 32)
    for key in ("reverse", "flatten", "extra"):
        if section.integer(key, 0, 0, MAX_CHANNELS):
            raise section.error(f"{key} is not supported", key)
    if before.width % stride or before.height % stride or before.channels % (stride * stride):
        raise section.error(
            f"stride {stride} does not divide {before.width}x{before.height}x{before.channels}", "stride"
        )
    shape = Shape(before.height // stride, before.width // stride, before.channels * stride * stride)
    return Reorg(section.line, shape, stride)


def _pairs(section: Section, count: int) -> tuple[tuple[float, float], ...]:
    """The section's `anchors` as `count` pairs."""
    flat = section.numbers("anchors", (), count=2 * count)
    if not flat or min(flat) <= 0:
        raise section.error(f"anchors is missing or not positive; expected {count} pairs", "anchors")
    return tuple(zip(flat[::2], flat[1::2], strict=True))


def _check_channels(section: Section, before: Shape, boxes: int, classes: int) -> None:
    expected = boxes * (classes + 5)
    if before.channels != expected:
        raise section.error(
            f"needs {expected} channels ({boxes} boxes x ({classes} classes + 5)); "
            f"the layer before it has {before.channels}",
            "classes",
        )


def _yolo(section: Section, before: Shape, layers: list[Layer]) -> Yolo:
    classes = section.integer("classes", 20, 1, MAX_CHANNELS)
    total = section.integer("num", 1, 1, 100)
    mask = section.integers("mask", tuple(range(total)), 0, total - 1)
    anchors = _pairs(section, total)
    _check_channels(section, before, len(mask), classes)
    return Yolo(
        section.line,
        before,
        tuple(anchors[index] for index in mask),
        classes,
        section.number("scale_x_y", 1.0, 1.0, 4.0),
        section.integer("new_coords", 0, 0, 1) == 1,
    )


def _region(section: Section, before: Shape, layers: list[Layer]) -> Region:
    for key in ("tree", "map"):
        if key in section.options:
            raise section.error(f"{key} (a softmax tree, as YOLO9000 has) is not supported", key)
    section.integer("coords", 4, 4, 4)
    classes = section.integer("classes", 20, 1, MAX_CHANNELS)
    boxes = section.integer("num", 1, 1, 100)
    anchors = _pairs(section, boxes)
    _check_channels(section, before, boxes, classes)
    softmax = section.integer("softmax", 0, 0, 1) == 1
    return Region(section.line, before, anchors, classes, softmax)


_PARSERS: dict[str, Callable[[Section, Shape, list[Layer]], Layer]] = {
    "convolutional": _convolutional,
    "conv": _convolutional,
    "maxpool": _maxpool,
    "max": _maxpool,
    "route": _route,
    "shortcut": _shortcut,
    "upsample": _upsample,
    "reorg": _reorg,
    "yolo": _yolo,
    "region": _region,
}
