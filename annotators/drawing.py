"""Draws boxes and labels that are readable on any background and at any size of picture."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from annotators.captions import Line, caption, without_details
from annotators.labelboxes import make_label_box
from annotators.palette import UNLABELLED, Color
from annotators.placement import Placement
from pipeline.detections import Box, Detection, Label
from pipeline.frame import RgbArray


@dataclass(frozen=True, slots=True)
class Stroke:
    """How thick things are drawn in a picture of a certain size.

    Args:
        line_px: the coloured frame around a box.
        edge_px: the dark edge along either side of the frame, and around label boxes.
        text_px: the text size.
    """

    line_px: int
    edge_px: int
    text_px: int

    @classmethod
    def for_picture(cls, size_wh: tuple[int, int]) -> Stroke:
        """The stroke for a picture of this width and height: thicker in larger pictures, always readable."""
        width, height = size_wh
        side = min(math.sqrt(width * height), 2.5 * min(width, height))
        line_px = round(1 + side / 450)
        return cls(line_px, max(1, round(line_px / 3)), max(9, round(6.5 + side / 72)))


def draw_detections(rgb: RgbArray, detections: Iterable[Detection], size_wh: tuple[int, int]) -> RgbArray:
    """Draw a frame around each box and a label box beside it, on a copy of the picture.

    Frames lie around their boxes, not on them, except at the picture's edges. Detections of the same box
    share a frame and a label box. Where label boxes crowd, one shows its labels without their confidence. A
    label box that would hide another one, or does not fit into a very small picture, is omitted.

    Args:
        rgb: (height, width, 3) uint8, the whole frame at any scale; not changed.
        detections: boxes in pixels of the full-size frame.
        size_wh: the frame's full-size width and height.
    Returns: (height, width, 3) uint8, new and writable.
    """
    picture = np.array(rgb, order="C")
    picture_wh = (picture.shape[1], picture.shape[0])
    stroke = Stroke.for_picture(picture_wh)
    subjects = _subjects(detections, size_wh, picture_wh)
    captions = [caption(labels) for _, labels in subjects]
    for (box, _), lines in zip(subjects, captions, strict=True):
        _draw_frame(picture, box, lines[0].color if lines else UNLABELLED, stroke)
    placement = Placement(picture_wh, [box for box, _ in subjects])
    for (box, _), lines in zip(subjects, captions, strict=True):
        _draw_label_box(picture, placement, _grown(box, stroke.line_px, picture_wh), lines, stroke)
    return picture


def _subjects(
    detections: Iterable[Detection], size_wh: tuple[int, int], picture_wh: tuple[int, int]
) -> list[tuple[Box, tuple[Label, ...]]]:
    """Each box once with all of its labels, scaled to the picture, the largest first."""
    by_box: dict[Box, tuple[Label, ...]] = {}
    for detection in detections:
        by_box[detection.box] = by_box.get(detection.box, ()) + detection.labels
    subjects = [(_scaled(box, size_wh, picture_wh), labels) for box, labels in by_box.items()]
    visible = [subject for subject in subjects if not subject[0].is_empty]
    return sorted(visible, key=lambda subject: subject[0].width * subject[0].height, reverse=True)


def _scaled(box: Box, size_wh: tuple[int, int], picture_wh: tuple[int, int]) -> Box:
    """The smallest box of the picture's pixels that holds all of `box`; empty if that lies outside."""
    (full_width, full_height), (width, height) = size_wh, picture_wh
    x1, y1 = box.x1 * width // full_width, box.y1 * height // full_height
    x2, y2 = -(-box.x2 * width // full_width), -(-box.y2 * height // full_height)
    return Box(x1, y1, max(x2, x1 + 1), max(y2, y1 + 1)).clipped(picture_wh)


def _grown(box: Box, by_px: int, picture_wh: tuple[int, int]) -> Box:
    return Box(box.x1 - by_px, box.y1 - by_px, box.x2 + by_px, box.y2 + by_px).clipped(picture_wh)


def _draw_frame(picture: RgbArray, box: Box, color: Color, stroke: Stroke) -> None:
    """A coloured line around the box between two dark edges: one of them shows on any background."""
    picture_wh = (picture.shape[1], picture.shape[0])
    line_px, edge_px = stroke.line_px, stroke.edge_px
    outer = _grown(box, line_px, picture_wh)
    _darken_ring(picture, _grown(outer, edge_px, picture_wh), edge_px)
    for x1, y1, x2, y2 in _ring(outer, line_px):
        picture[y1:y2, x1:x2] = color
    inner = Box(outer.x1 + line_px, outer.y1 + line_px, outer.x2 - line_px, outer.y2 - line_px)
    if min(inner.width, inner.height) > 4 * edge_px:
        _darken_ring(picture, inner, edge_px)


def _ring(outer: Box, width_px: int) -> list[tuple[int, int, int, int]]:
    """Four rectangles that cover the outermost `width_px` of a box once: top, bottom, left, right."""
    x1, y1, x2, y2 = outer.xyxy
    top, bottom = min(y1 + width_px, y2), max(y2 - width_px, y1)
    left, right = min(x1 + width_px, x2), max(x2 - width_px, x1)
    return [
        (x1, y1, x2, top),
        (x1, max(bottom, top), x2, y2),
        (x1, top, left, bottom),
        (max(right, left), top, x2, bottom),
    ]


def _darken_ring(picture: RgbArray, outer: Box, width_px: int) -> None:
    """Take the outermost `width_px` of a box down to a quarter of their brightness."""
    for x1, y1, x2, y2 in _ring(outer, width_px):
        picture[y1:y2, x1:x2] >>= 2


def _draw_label_box(
    picture: RgbArray, placement: Placement, framed: Box, lines: tuple[Line, ...], stroke: Stroke
) -> None:
    """Put a box's label box where it hides little, without details if need be; omit it if it fits nowhere."""
    height, width = picture.shape[:2]
    room_wh = (min(width, max(width // 2, 20 * stroke.text_px)), height)
    for shown, most_hidden in ((lines, 0.05), (without_details(lines), 0.2)):
        label_box = make_label_box(shown, stroke.text_px, room_wh)
        if label_box is None:
            continue
        corner = placement.place(framed, (label_box.shape[1], label_box.shape[0]), most_hidden)
        if corner is not None:
            _stamp(picture, label_box, *corner, stroke.edge_px)
            return


def _stamp(picture: RgbArray, label_box: RgbArray, x: int, y: int, edge_px: int) -> None:
    """Put a label box into the picture, with a dark edge around it."""
    height, width = label_box.shape[:2]
    stamped = Box(x, y, x + width, y + height)
    _darken_ring(picture, _grown(stamped, edge_px, (picture.shape[1], picture.shape[0])), edge_px)
    picture[y : y + height, x : x + width] = label_box
