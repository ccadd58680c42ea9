"""A Darknet .cfg as a frozen description of its network: one dataclass a layer, with its output shape.

Every size is checked against a bound here, so that nothing behind this module meets a zero, a negative
or a giant number. Keys that only training reads are passed over.

Source: Darknet, src/parser.c (defaults and the arithmetic of output sizes); AlexeyAB's fork for route
groups, `scale_x_y` and `new_coords`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from detectors.darknet.layers import (
    Convolutional,
    Head,
    Layer,
    MaxPool,
    NetworkCfg,
    Region,
    Reorg,
    Route,
    Shape,
    Shortcut,
    Upsample,
    Yolo,
)
from detectors.darknet.sections import MAX_CFG_BYTES, Section, parse_sections, shown
from pipeline.errors import ModelError
from pipeline.outputs import printable

MAX_SIDE = 4096
MAX_CHANNELS = 1 << 16
MAX_OUTPUT_VALUES = 1 << 27
"""No layer may put out more numbers than this (512 MiB of float32)."""
MAX_KERNEL = 64

_PLAIN_CONVOLUTION = {
    "groups": 1,
    "dilation": 1,
    "binary": 0,
    "xnor": 0,
    "flipped": 0,
    "antialiasing": 0,
    "deform": 0,
    "dontload": 0,
    "dontloadscales": 0,
}
"""Options of a convolution that are not supported, with the values at which they do nothing."""

ACTIVATIONS = ("linear", "leaky", "relu", "logistic", "mish", "swish")


def read_cfg(path: Path) -> NetworkCfg:
    """Read a .cfg file.

    Raises: ModelError: it cannot be read, is no network, or holds what is not supported; names the line.
    """
    try:
        with open(path, "rb") as stream:
            content = stream.read(MAX_CFG_BYTES + 1)
    except OSError as error:
        raise ModelError(f"{printable(path)}: cannot be read ({error.strerror})") from None
    if len(content) > MAX_CFG_BYTES:
        raise ModelError(f"{printable(path)}: larger than {MAX_CFG_BYTES >> 20} MiB; this is no .cfg file")
    return parse_cfg(content.decode("utf-8-sig", "replace"), printable(path))


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
        if section.name != "route" and layers and isinstance(layers[-1], Head):
            raise section.error(f"layer {index} would read the output of a head; a [route] must come between")
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
    for key in ("width", "height"):
        if key not in net.options:
            raise net.error(f"{key} is missing; expected the {key} of the network's input")
    width = net.integer("width", 0, 8, MAX_SIDE)
    height = net.integer("height", 0, 8, MAX_SIDE)
    net.integer("channels", 3, 3, 3)
    return Shape(height, width, 3)


def _refuse_other(section: Section, plain: Mapping[str, float]) -> None:
    """Refuse options that would change what a layer computes, where they have another value than this.

    Raises: ModelError: names the first that has.
    """
    for key, value in plain.items():
        if section.number(key, value, -1e9, 1e9) != value:
            raise section.error(f"{key}={shown(section.word(key, ''))} is not supported", key)


def _earlier(section: Section, key: str, given: int, layers: list[Layer]) -> int:
    """A layer named by its index, or by how far back it lies, as an index."""
    index = len(layers) + given if given < 0 else given
    if not 0 <= index < len(layers):
        raise section.error(f"{key} {given} names no earlier layer", key)
    if isinstance(layers[index], Head):
        raise section.error(f"{key} {given} names a head, whose output is boxes", key)
    return index


def _activation(section: Section, default: str) -> str:
    activation = section.word("activation", default)
    if activation not in ACTIVATIONS:
        known = ", ".join(ACTIVATIONS)
        raise section.error(
            f'activation "{shown(activation)}" is not supported; known: {known}', "activation"
        )
    return activation


def _convolutional(section: Section, before: Shape, layers: list[Layer]) -> Convolutional:
    _refuse_other(section, _PLAIN_CONVOLUTION)
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
    _refuse_other(section, {"maxpool_depth": 0, "antialiasing": 0})
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
    _refuse_other(section, {"alpha": 1, "beta": 1})
    if section.word("weights_type", "none") != "none":
        raise section.error(
            f"weights_type={shown(section.word('weights_type', ''))} is not supported", "weights_type"
        )
    return Shortcut(section.line, before, index, _activation(section, "linear"))


def _upsample(section: Section, before: Shape, layers: list[Layer]) -> Upsample:
    _refuse_other(section, {"scale": 1})
    stride = section.integer("stride", 2, 1, 32)
    shape = Shape(before.height * stride, before.width * stride, before.channels)
    return Upsample(section.line, shape, stride)


def _reorg(section: Section, before: Shape, layers: list[Layer]) -> Reorg:
    stride = section.integer("stride", 1, 1, 32)
    _refuse_other(section, {"reverse": 0, "flatten": 0, "extra": 0})
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
    _refuse_other(section, {"coords": 4, "background": 0})
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
