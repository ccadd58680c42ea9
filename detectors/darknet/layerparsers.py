"""Parse the sections of layers other than heads: defaults, bounds and output sizes.

Source: Darknet, src/parser.c and the `make_*_layer` of each kind.
"""

from __future__ import annotations

from collections.abc import Callable

from detectors.darknet.layers import (
    AvgPool,
    BatchNorm,
    Connected,
    Convolutional,
    Crop,
    Local,
    LocalAvgPool,
    MaxPool,
    Reorg,
    Shape,
    Softmax,
    Unchanged,
    Upsample,
)
from detectors.darknet.networkcfg import Layer
from detectors.darknet.sections import Section, shown

Parser = Callable[[Section, Shape, list[Layer]], Layer]
"""Takes a section, the output's shape of the layer before it, and all earlier layers."""

MAX_CHANNELS = 1 << 16
MAX_KERNEL = 64
MAX_OUTPUTS = 1 << 24
"""Most outputs of a connected layer."""

ACTIVATIONS = ("linear", "leaky", "relu", "logistic", "mish", "swish")

_PLAIN_CONVOLUTION = {
    "dilation": 1,
    "binary": 0,
    "xnor": 0,
    "flipped": 0,
    "antialiasing": 0,
    "sway": 0,
    "rotate": 0,
    "stretch": 0,
    "stretch_sway": 0,
    "dontload": 0,
    "dontloadscales": 0,
}
"""Options of a convolution that are not supported, and the values with which they have no effect."""


def read_activation(section: Section, default: str) -> str:
    """The section's `activation`; ModelError for one that is not supported."""
    activation = section.word("activation", default)
    if activation not in ACTIVATIONS:
        wrong = f'activation "{shown(activation)}" is not supported'
        raise section.error(f"{wrong}; known: {', '.join(ACTIVATIONS)}", "activation")
    return activation


def _convolutional(section: Section, before: Shape, layers: list[Layer]) -> Convolutional:
    section.refuse_other(_PLAIN_CONVOLUTION)
    if "share_index" in section.options:
        raise section.error("share_index is not supported", "share_index")
    filters = section.integer("filters", 1, 1, MAX_CHANNELS)
    groups = section.integer("groups", 1, 1, MAX_CHANNELS)
    if before.channels % groups or filters % groups:
        raise section.error(
            f"{groups} groups do not divide {before.channels} channels and {filters} filters", "groups"
        )
    size = section.integer("size", 1, 1, MAX_KERNEL)
    stride = section.integer("stride", 1, 1, MAX_KERNEL)
    for key in ("stride_x", "stride_y"):
        if section.integer(key, stride, 1, MAX_KERNEL) != stride:
            raise section.error(f"{key} that is not the stride is not supported", key)
    padding = section.integer("padding", 0, 0, MAX_KERNEL)
    if section.integer("pad", 0, 0, 1):
        padding = size // 2
    return Convolutional(
        section.line,
        Shape(
            (before.height + 2 * padding - size) // stride + 1,
            (before.width + 2 * padding - size) // stride + 1,
            filters,
        ),
        before.channels,
        size,
        stride,
        padding,
        section.integer("batch_normalize", 0, 0, 1) == 1,
        read_activation(section, "logistic"),
        groups,
    )


def _connected(section: Section, before: Shape, layers: list[Layer]) -> Connected:
    section.refuse_other({"dontload": 0, "dontloadscales": 0})
    outputs = section.integer("output", 1, 1, MAX_OUTPUTS)
    normalize = section.integer("batch_normalize", 0, 0, 1) == 1
    return Connected(
        section.line, Shape(1, 1, outputs), before, normalize, read_activation(section, "logistic")
    )


def _local(section: Section, before: Shape, layers: list[Layer]) -> Local:
    section.refuse_other({"dontload": 0})
    filters = section.integer("filters", 1, 1, MAX_CHANNELS)
    size = section.integer("size", 1, 1, MAX_KERNEL)
    stride = section.integer("stride", 1, 1, MAX_KERNEL)
    padding = section.integer("pad", 0, 0, 1)
    if padding and size != 3:  # Darknet's own output size is wrong for other sizes
        raise section.error(f"pad=1 with size {size} is not supported; expected size 3", "size")
    shape = Shape(
        (before.height + 2 * padding - size) // stride + 1,
        (before.width + 2 * padding - size) // stride + 1,
        filters,
    )
    activation = read_activation(section, "logistic")
    return Local(section.line, shape, before.channels, size, stride, padding, activation)


def _pooled(section: Section, before: Shape) -> tuple[Shape, int, int, int]:
    """The output's shape, and the windows' size, stride and padding, of a pooling layer."""
    stride = section.integer("stride", 1, 1, MAX_KERNEL)
    for key in ("stride_x", "stride_y"):
        if section.integer(key, stride, 1, MAX_KERNEL) != stride:
            raise section.error(f"{key} that is not the stride is not supported", key)
    size = section.integer("size", stride, 1, MAX_KERNEL)
    padding = section.integer("padding", size - 1, 0, MAX_KERNEL)
    shape = Shape(
        (before.height + padding - size) // stride + 1,
        (before.width + padding - size) // stride + 1,
        before.channels,
    )
    return shape, size, stride, padding


def _maxpool(section: Section, before: Shape, layers: list[Layer]) -> MaxPool:
    section.refuse_other({"maxpool_depth": 0, "antialiasing": 0})
    return MaxPool(section.line, *_pooled(section, before))


def _local_avgpool(section: Section, before: Shape, layers: list[Layer]) -> LocalAvgPool:
    pooled = _pooled(section, before)
    if pooled[3] >= pooled[1] * 2:
        raise section.error("padding is as large as whole windows, which is not supported", "padding")
    return LocalAvgPool(section.line, *pooled)


def _batchnorm(section: Section, before: Shape, layers: list[Layer]) -> BatchNorm:
    return BatchNorm(section.line, before)


def _avgpool(section: Section, before: Shape, layers: list[Layer]) -> AvgPool:
    return AvgPool(section.line, Shape(1, 1, before.channels))


def _softmax(section: Section, before: Shape, layers: list[Layer]) -> Softmax:
    if "tree" in section.options:
        raise section.error("tree is not supported here, only in [region]", "tree")
    if before[:2] != (1, 1) and section.number("spatial", 0, 0, 1) != 1:
        raise section.error(f"takes one pixel or spatial=1; the layer before it has {before}")
    groups = section.integer("groups", 1, 1, MAX_CHANNELS)
    if before.channels % groups:
        raise section.error(f"{groups} groups do not divide {before.channels} channels", "groups")
    return Softmax(section.line, before, groups, section.number("temperature", 1, 1e-3, 1e3))


def _crop(section: Section, before: Shape, layers: list[Layer]) -> Crop:
    for key, side in (("crop_width", before.width), ("crop_height", before.height)):
        if section.integer(key, 1, 1, MAX_CHANNELS) != side:
            raise section.error(f"{key} that is not the input's own {side} is not supported", key)
    return Crop(section.line, before, section.integer("noadjust", 0, 0, 1) == 0)


def _unchanged(section: Section, before: Shape, layers: list[Layer]) -> Unchanged:
    return Unchanged(section.line, before)


def _upsample(section: Section, before: Shape, layers: list[Layer]) -> Upsample:
    section.refuse_other({"scale": 1})
    stride = section.integer("stride", 2, 1, 32)
    shape = Shape(before.height * stride, before.width * stride, before.channels)
    return Upsample(section.line, shape, stride)


def _reorg(section: Section, before: Shape, layers: list[Layer]) -> Reorg:
    section.refuse_other({"reverse": 0, "flatten": 0, "extra": 0})
    stride = section.integer("stride", 1, 1, 32)
    plain = section.name == "reorg3d"
    if before.width % stride or before.height % stride or (not plain and before.channels % stride**2):
        raise section.error(f"stride {stride} does not divide {before}", "stride")
    shape = Shape(before.height // stride, before.width // stride, before.channels * stride * stride)
    return Reorg(section.line, shape, stride, plain)


LAYER_PARSERS: dict[str, Parser] = {
    "avg": _avgpool,
    "avgpool": _avgpool,
    "batchnorm": _batchnorm,
    "conn": _connected,
    "connected": _connected,
    "contrastive": _unchanged,
    "conv": _convolutional,
    "convolutional": _convolutional,
    "cost": _unchanged,
    "crop": _crop,
    "dropout": _unchanged,
    "local": _local,
    "local_avgpool": _local_avgpool,
    "max": _maxpool,
    "maxpool": _maxpool,
    "reorg": _reorg,
    "reorg3d": _reorg,
    "soft": _softmax,
    "softmax": _softmax,
    "upsample": _upsample,
}
