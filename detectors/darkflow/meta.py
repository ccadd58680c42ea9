"""Read Darkflow's .meta, JSON that holds the last section of the network's .cfg.

Source: Darkflow, utils/process.py (what is in it) and net/build.py (`savepb`).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

from detectors.darknet.cfg import MAX_SIDE
from detectors.darknet.headparsers import parse_detection, parse_region
from detectors.darknet.heads import DetectionHead, Region
from detectors.darknet.layers import Shape
from detectors.darknet.networkcfg import NetworkCfg
from detectors.darknet.sections import Section, shown
from pipeline.errors import ModelError
from pipeline.models.files import read_beginning
from pipeline.text import printable

MAX_META_BYTES = 1 << 24

_HEADS = {"[region]": "region", "[detection]": "detection"}
_HEAD_KEYS = ("classes", "num", "coords", "side", "sqrt", "softmax", "anchors", "background", "tree")


class Meta(NamedTuple):
    """The content of a .meta.

    Args:
        network: its input, and its head as the only layer.
        labels: the class names.
    """

    network: NetworkCfg
    labels: tuple[str, ...]


def read_meta(path: Path) -> Meta:
    """Read a .meta.

    Raises: ModelError: it cannot be read, or Darkflow did not write it.
    """
    where = printable(path)
    content = read_beginning(path, MAX_META_BYTES + 1)
    try:
        meta = json.loads(content.decode("utf-8", "replace")) if len(content) <= MAX_META_BYTES else None
    except (ValueError, RecursionError):
        meta = None
    if not isinstance(meta, dict):
        raise ModelError(f"{where}: is not the JSON that Darkflow saves beside a .pb")
    head_type = meta.get("type")
    if not isinstance(head_type, str) or head_type not in _HEADS:
        raise ModelError(
            f'{where}: "type" is {shown(json.dumps(head_type))}; expected "[region]" or "[detection]"'
        )
    height, width, _ = _whole_numbers(meta, "inp_size", where, 3, MAX_SIDE)
    head = _parse_head(_HEADS[head_type], meta, where)
    network = NetworkCfg(where, Shape(height, width, 3), (head,))
    return Meta(network, _labels(meta, head.classes, where))


def _parse_head(name: str, meta: dict[str, Any], where: str) -> Region | DetectionHead:
    """Parse the head with the parser of the same section of a .cfg."""
    options = {key: (_as_in_cfg(meta[key]), 1) for key in _HEAD_KEYS if key in meta}
    section = Section(where, 1, name, options)
    if name == "detection":
        (numbers,) = _whole_numbers(
            meta | {"out_size": [meta.get("out_size")]}, "out_size", where, 1, 1 << 24
        )
        return parse_detection(section, Shape(1, 1, numbers), [])
    shape = Shape(*_whole_numbers(meta, "out_size", where, 3, 1 << 16))
    head = parse_region(section, shape, [])
    if (given := len(section.numbers("anchors", ()))) < 2 * len(head.anchors):  # where Darknet takes 0.5
        raise section.error(f"anchors has {given} numbers; expected {2 * len(head.anchors)}", "anchors")
    if head.tree is not None:
        raise section.error("a tree of classes is not supported in a .pb; give the .cfg and .weights", "tree")
    return head._replace(softmax=True)  # the only value that Darkflow's own decoding supports


def _as_in_cfg(value: Any) -> str:
    """A JSON value as text of a .cfg."""
    if isinstance(value, list):
        return ",".join(str(item) for item in value)
    return str(value)


def _whole_numbers(meta: dict[str, Any], key: str, where: str, count: int, most: int) -> list[int]:
    values = meta.get(key)
    if (
        not isinstance(values, list)
        or len(values) != count
        or not all(type(value) is int and 1 <= value <= most for value in values)
    ):
        given = shown(json.dumps(values))
        raise ModelError(f'{where}: "{key}" is {given}; expected {count} whole number(s) from 1 to {most}')
    return values


def _labels(meta: dict[str, Any], classes: int, where: str) -> tuple[str, ...]:
    labels = meta.get("labels")
    if not isinstance(labels, list) or not all(isinstance(label, str) for label in labels):
        raise ModelError(f'{where}: "labels" is no list of names')
    if len(labels) != classes:
        raise ModelError(f"{where}: {len(labels)} labels for {classes} classes")
    return tuple(labels)
