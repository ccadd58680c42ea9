"""Read a Darknet .cfg into the description of its network.

Every size is checked against bounds here and in the parsers of the layers, so that later code never gets a
zero, negative or giant number. Options that only training uses are ignored.

Source: Darknet, src/parser.c (defaults and the arithmetic of output sizes); AlexeyAB's fork for groups,
`[reorg3d]`, `scale_x_y` and `new_coords`.
"""

from __future__ import annotations

import functools
from pathlib import Path

from detectors.darknet.headparsers import HEAD_PARSERS
from detectors.darknet.heads import Head
from detectors.darknet.joinparsers import JOIN_PARSERS
from detectors.darknet.layerparsers import LAYER_PARSERS
from detectors.darknet.layers import Shape, Unchanged
from detectors.darknet.networkcfg import Layer, NetworkCfg
from detectors.darknet.optionnames import refuse_misspelt
from detectors.darknet.sections import MAX_CFG_BYTES, Section, parse_sections
from pipeline.errors import ModelError
from pipeline.models.files import read_beginning
from pipeline.text import printable

MAX_SIDE = 4096
MAX_OUTPUT_VALUES = 1 << 27
"""Most numbers in the output of a layer (512 MiB of float32)."""

_PARSERS = LAYER_PARSERS | JOIN_PARSERS | HEAD_PARSERS


def read_cfg(path: Path) -> NetworkCfg:
    """Read a .cfg file.

    Raises: ModelError: it cannot be read, is not a network, or holds something that is not supported; the
        message names the line.
    """
    content = read_beginning(path, MAX_CFG_BYTES + 1)
    if len(content) > MAX_CFG_BYTES:
        raise ModelError(f"{printable(path)}: larger than {MAX_CFG_BYTES >> 20} MiB; this is no .cfg file")
    return _parse_once(content.decode("utf-8-sig", "replace"), printable(path))


def parse_cfg(text: str, where: str) -> NetworkCfg:
    """Parse the text of a .cfg.

    Args:
        text: the whole file.
        where: its name, for error sentences.
    Raises: ModelError: as `read_cfg`.
    """
    sections = parse_sections(text, where)
    if not sections or sections[0].name not in ("net", "network"):
        raise ModelError(f"{where}:1: does not begin with [net]; this is no Darknet .cfg file")
    if not any(section.name in HEAD_PARSERS for section in sections):
        raise ModelError(f"{where}: no [yolo], [region] or [detection] layer, so it detects nothing")
    shape = _input_shape(sections[0])
    layers: list[Layer] = []
    before = shape
    for index, section in enumerate(sections[1:]):
        layer = _parse_layer(section, index, before, layers)
        layers.append(layer)
        before = layer.shape
    network = NetworkCfg(where, shape, tuple(layers))
    _check_heads(network)
    return network


_parse_once = functools.lru_cache(maxsize=4)(parse_cfg)
"""`parse_cfg`, cached: the parent parses a text once, and processes forked off it have the result."""


def _parse_layer(section: Section, index: int, before: Shape, layers: list[Layer]) -> Layer:
    parse = _PARSERS.get(section.name)
    if parse is None:
        raise section.error(
            f"layer {index} is of a kind that is not supported; known: {', '.join(sorted(_PARSERS))}"
        )
    refuse_misspelt(section)
    layer = parse(section, before, layers)
    reads_before = section.name != "route" and not isinstance(layer, Unchanged)
    if reads_before and layers and isinstance(layers[-1], Head):
        raise section.error(f"layer {index} would read the output of a head; a [route] must come between")
    if min(layer.shape) < 1 or layer.shape.values > MAX_OUTPUT_VALUES:
        height, width, channels = layer.shape
        limit = "of which nothing is left" if min(layer.shape) < 1 else _over_limit(layer.shape.values)
        raise section.error(
            f"layer {index} would put out {channels} channels of {width}x{height} pixels, {limit}"
        )
    return layer


def _over_limit(values: int) -> str:
    return (
        f"{values:,} numbers; at most {MAX_OUTPUT_VALUES:,} are computed here; give a smaller width or height"
    )


def _check_heads(network: NetworkCfg) -> None:
    if len({head.classes for _, head in network.heads}) > 1:
        raise ModelError(f"{network.where}: its heads do not agree on the number of classes")


def _input_shape(net: Section) -> Shape:
    refuse_misspelt(net)
    for key in ("width", "height"):
        if key not in net.options:
            raise net.error(f"{key} is missing; expected the {key} of the network's input")
    width = net.integer("width", 0, 8, MAX_SIDE)
    height = net.integer("height", 0, 8, MAX_SIDE)
    net.integer("channels", 3, 3, 3)
    return Shape(height, width, 3)
