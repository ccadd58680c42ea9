"""Parse the sections of a network's heads: `[yolo]`, `[Gaussian_yolo]`, `[region]`, `[detection]`.

Source: Darknet, src/parser.c, `parse_yolo`, `parse_gaussian_yolo`, `parse_region`, `parse_detection`.
"""

from __future__ import annotations

from detectors.darknet.heads import DetectionHead, GaussianYolo, Region, Yolo
from detectors.darknet.layerparsers import MAX_CHANNELS, Parser
from detectors.darknet.layers import Shape
from detectors.darknet.networkcfg import Layer
from detectors.darknet.sections import Section

MAX_BOXES = 100
MAX_GRID = 256
_MISSING_ANCHOR = 0.5


def _pairs(section: Section, count: int) -> tuple[tuple[float, float], ...]:
    """The first `count` pairs of the section's `anchors`.

    Darknet ignores further numbers, and takes 0.5 for missing ones (src/yolo_layer.c and src/region_layer.c).
    AlexeyAB's `cspx-p7-mish_hp` lacks a comma, and so has 31 numbers of 32.
    """
    flat = section.numbers("anchors", ())[: 2 * count]
    if not flat or min(flat) <= 0:
        raise section.error(f"anchors is missing or not positive; expected {count} pairs", "anchors")
    flat = (*flat, *[_MISSING_ANCHOR] * (2 * count - len(flat)))
    return tuple(zip(flat[::2], flat[1::2], strict=True))


def _check_channels(section: Section, before: Shape, boxes: int, classes: int, numbers: int = 5) -> None:
    expected = boxes * (classes + numbers)
    if before.channels != expected:
        raise section.error(
            f"needs {expected} channels ({boxes} boxes x ({classes} classes + {numbers})); "
            f"the layer before it has {before.channels}",
            "classes",
        )


def _masked(section: Section) -> tuple[tuple[float, float], ...]:
    """The anchors that the section's `mask` selects for this head."""
    total = section.integer("num", 1, 1, MAX_BOXES)
    mask = section.integers("mask", tuple(range(total)), 0, total - 1)
    anchors = _pairs(section, total)
    return tuple(anchors[index] for index in mask)


def _yolo(section: Section, before: Shape, layers: list[Layer]) -> Yolo:
    classes = section.integer("classes", 20, 1, MAX_CHANNELS)
    anchors = _masked(section)
    _check_channels(section, before, len(anchors), classes)
    scale_x_y = section.number("scale_x_y", 1.0, 1.0, 4.0)
    new_coords = section.integer("new_coords", 0, 0, 1) == 1
    return Yolo(section.line, before, anchors, classes, scale_x_y, new_coords)


def _gaussian_yolo(section: Section, before: Shape, layers: list[Layer]) -> GaussianYolo:
    classes = section.integer("classes", 20, 1, MAX_CHANNELS)
    anchors = _masked(section)
    _check_channels(section, before, len(anchors), classes, 9)
    point = section.word("yolo_point", "center")
    return GaussianYolo(
        section.line,
        before,
        anchors,
        classes,
        section.number("scale_x_y", 1.0, 1.0, 4.0),
        point if point in ("left_top", "right_bottom") else "center",
    )


def parse_region(section: Section, before: Shape, layers: list[Layer]) -> Region:
    """Parse a `[region]`; see `layerparsers.Parser`."""
    section.refuse_other({"coords": 4, "background": 0})
    classes = section.integer("classes", 20, 1, MAX_CHANNELS)
    boxes = section.integer("num", 1, 1, MAX_BOXES)
    anchors = _pairs(section, boxes)
    _check_channels(section, before, boxes, classes)
    tree = section.word("tree", "") or None
    softmax = section.integer("softmax", 0, 0, 1) == 1
    return Region(section.line, before, anchors, classes, softmax, tree)


def parse_detection(section: Section, before: Shape, layers: list[Layer]) -> DetectionHead:
    """Parse a `[detection]`; see `layerparsers.Parser`."""
    if section.integer("coords", 1, 1, MAX_BOXES) != 4:  # Darknet's default is 1
        raise section.error("coords is not 4, which is all that is supported", "coords")
    classes = section.integer("classes", 1, 1, MAX_CHANNELS)
    boxes = section.integer("num", 1, 1, MAX_BOXES)
    side = section.integer("side", 7, 1, MAX_GRID)
    expected = side * side * (boxes * 5 + classes)
    if before.values != expected:
        raise section.error(
            f"needs {expected} numbers ({side} x {side} cells x ({boxes} boxes x 5 + {classes} classes)); "
            f"the layer before it has {before.values}"
        )
    return DetectionHead(
        section.line,
        Shape(1, 1, expected),
        side,
        boxes,
        classes,
        section.integer("sqrt", 0, 0, 1) == 1,
        section.integer("softmax", 0, 0, 1) == 1,
    )


HEAD_PARSERS: dict[str, Parser] = {
    "detection": parse_detection,
    "gaussian_yolo": _gaussian_yolo,
    "region": parse_region,
    "yolo": _yolo,
}
