"""Parse the sections of layers that read earlier layers: `[route]`, `[shortcut]`, products.

Source: Darknet, src/parser.c; pjreddie's src/blas.c `shortcut_cpu` for shapes that differ; AlexeyAB's
src/scale_channels_layer.c and src/sam_layer.c.
"""

from __future__ import annotations

from detectors.darknet.heads import Head
from detectors.darknet.layerparsers import MAX_CHANNELS, Parser, read_activation
from detectors.darknet.layers import Product, Route, Shape, Shortcut
from detectors.darknet.networkcfg import Layer
from detectors.darknet.sections import Section, shown


def _earlier(section: Section, key: str, given: int, layers: list[Layer]) -> int:
    """Convert a layer's index, or its negative distance from this layer, to an index."""
    index = len(layers) + given if given < 0 else given
    if not 0 <= index < len(layers):
        raise section.error(f"{key} {given} names no earlier layer", key)
    if isinstance(layers[index], Head):
        raise section.error(f"{key} {given} names a head, whose output is boxes", key)
    return index


def _route(section: Section, before: Shape, layers: list[Layer]) -> Route:
    given = section.integers("layers", (), -1000, 1000)
    if not given:
        raise section.error("layers is missing; expected the layers to join")
    indices = tuple(_earlier(section, "layers", index, layers) for index in given)
    groups = section.integer("groups", 1, 1, MAX_CHANNELS)
    group_id = section.integer("group_id", 0, 0, groups - 1)
    shapes = [layers[index].shape for index in indices]
    if len({shape[:2] for shape in shapes}) > 1:
        sizes = ", ".join(f"{shape.width}x{shape.height}" for shape in shapes)
        raise section.error(f"joins layers of different sizes ({sizes})", "layers")
    if any(shape.channels % groups for shape in shapes):
        raise section.error(f"{groups} groups do not divide the channels of the layers joined", "groups")
    channels = sum(shape.channels // groups for shape in shapes)
    shape = Shape(shapes[0].height, shapes[0].width, channels)
    return Route(section.line, shape, indices, groups, group_id)


def _shortcut(section: Section, before: Shape, layers: list[Layer]) -> Shortcut:
    given = section.integers("from", (0,), -1000, 1000)
    indices = tuple(_earlier(section, "from", index, layers) for index in given)
    for index in indices:
        other = layers[index].shape
        factor = max(other.width // before.width, 1)
        if (other.width, other.height) != (before.width * factor, before.height * factor):
            raise section.error(f"adds {other} to {before}; sizes must be equal, or a multiple", "from")
    section.refuse_other({"alpha": 1, "beta": 1})
    weighted = section.word("weights_type", "none")
    if weighted != "none":
        raise section.error(f"weights_type={shown(weighted)} is not supported", "weights_type")
    return Shortcut(section.line, before, indices, read_activation(section, "linear"))


def _scale_channels(section: Section, before: Shape, layers: list[Layer]) -> Product:
    index = _earlier(section, "from", section.integer("from", 0, -1000, 1000), layers)
    shape = layers[index].shape
    by_pixel = section.integer("scale_wh", 0, 0, 1)
    expected = Shape(shape.height, shape.width, 1) if by_pixel else Shape(1, 1, shape.channels)
    if before != expected:
        raise section.error(f"scales {shape} by {before}; expected {expected}", "from")
    return _product(section, shape, index)


def _sam(section: Section, before: Shape, layers: list[Layer]) -> Product:
    index = _earlier(section, "from", section.integer("from", 0, -1000, 1000), layers)
    shape = layers[index].shape
    if before != shape:
        raise section.error(f"multiplies {shape} by {before}; shapes must be equal", "from")
    return _product(section, shape, index)


def _product(section: Section, shape: Shape, index: int) -> Product:
    activation = read_activation(section, "linear")
    if activation in ("swish", "mish"):  # not supported by Darknet either
        raise section.error(f"activation {activation} is not supported here", "activation")
    return Product(section.line, shape, index, activation)


JOIN_PARSERS: dict[str, Parser] = {
    "route": _route,
    "sam": _sam,
    "scale_channels": _scale_channels,
    "shortcut": _shortcut,
}
