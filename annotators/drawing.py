"""Draws boxes and labels that are readable on any background and at any size of picture."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from annotators.captions import without_details
from annotators.labelboxes import make_label_box
from annotators.palette import Color
from annotators.pictureparams import LabelsWord
from annotators.placement import Leader, Placement
from annotators.subjects import Subject, choose_subjects
from pipeline.detections import Box, Detection
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

    def thinner(self) -> Stroke:
        """The stroke for what is drawn thin."""
        return Stroke(max(1, round(self.line_px / 2)), max(1, self.edge_px // 2), self.text_px)


def draw_detections(
    rgb: RgbArray,
    detections: Iterable[Detection],
    size_wh: tuple[int, int],
    shown: LabelsWord = "full",
) -> RgbArray:
    """Draw a frame around each box and a label box beside it, on a copy of the picture.

    Frames lie around their boxes, not on them, except at the picture's edges. Detections of the same box
    share a frame and a label box. Where label boxes crowd, one shows its labels without their confidence, or
    moves away from its box, to which a line leads then. A label box that would hide another one, eyes or
    another face, or does not fit into a very small picture, is omitted.

    Args:
        rgb: (height, width, 3) uint8, the whole frame at any scale; not changed.
        detections: boxes in pixels of the full-size frame.
        size_wh: the frame's full-size width and height.
        shown: what is drawn and written, see `annotators.subjects.choose_subjects`.
    Returns: (height, width, 3) uint8, new and writable.
    """
    picture = np.array(rgb, order="C")
    picture_wh = (picture.shape[1], picture.shape[0])
    stroke = Stroke.for_picture(picture_wh)
    subjects = choose_subjects(detections, size_wh, picture_wh, shown)
    for subject in subjects:
        of_frame = stroke.thinner() if subject.is_thin else stroke
        _draw_frame(picture, subject.box, subject.color, of_frame)
    placement = Placement(
        picture_wh, [subject.box for subject in subjects], [subject.eyes for subject in subjects]
    )
    for number, subject in sorted(enumerate(subjects), key=lambda one: not one[1].is_named):
        _draw_label_box(picture, placement, number, subject, stroke)
    return picture


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
    picture: RgbArray, placement: Placement, number: int, subject: Subject, stroke: Stroke
) -> None:
    """Put a box's label box where it hides little; omit it if it fits nowhere.

    It goes beside its box, without details if need be, or else further away, with a line.
    """
    height, width = picture.shape[:2]
    room_wh = (min(width, max(width // 2, 20 * stroke.text_px)), height)
    framed = _grown(subject.box, stroke.line_px, (width, height))
    short = without_details(subject.lines)
    for lines, most_hidden, far in ((subject.lines, 0.05, False), (short, 0.2, False), (short, 0.0, True)):
        label_box = make_label_box(lines, stroke.text_px, room_wh)
        if label_box is None:
            continue
        label_wh = (label_box.shape[1], label_box.shape[0])
        place = placement.place(framed, label_wh, most_hidden, number=number, far=far)
        if place is not None:
            if place.leader is not None:
                _draw_leader(picture, place.leader, subject.color, stroke)
            _stamp(picture, label_box, place.x, place.y, stroke.edge_px)
            return


def _draw_leader(picture: RgbArray, leader: Leader, color: Color, stroke: Stroke) -> None:
    """Draw the line from a label box to its box, with dark edges."""
    reach_px = stroke.line_px + 2 * stroke.edge_px
    left, top = max(min(leader.x1, leader.x2) - reach_px, 0), max(min(leader.y1, leader.y2) - reach_px, 0)
    right, bottom = max(leader.x1, leader.x2) + reach_px, max(leader.y1, leader.y2) + reach_px
    around = picture[top:bottom, left:right]  # masks of the whole picture would take 20 ms for 12 megapixels
    for width_px, is_edge in ((reach_px, True), (stroke.line_px, False)):
        painted = np.zeros(around.shape[:2], bool)
        length = max(abs(leader.x2 - leader.x1), abs(leader.y2 - leader.y1), 1)
        for step in range(length + 1):
            x = leader.x1 + (leader.x2 - leader.x1) * step // length - width_px // 2 - left
            y = leader.y1 + (leader.y2 - leader.y1) * step // length - width_px // 2 - top
            painted[max(y, 0) : max(y + width_px, 0), max(x, 0) : max(x + width_px, 0)] = True
        if is_edge:
            around[painted] >>= 2
        else:
            around[painted] = color


def _stamp(picture: RgbArray, label_box: RgbArray, x: int, y: int, edge_px: int) -> None:
    """Put a label box into the picture, with a dark edge around it."""
    height, width = label_box.shape[:2]
    stamped = Box(x, y, x + width, y + height)
    _darken_ring(picture, _grown(stamped, edge_px, (picture.shape[1], picture.shape[0])), edge_px)
    picture[y : y + height, x : x + width] = label_box
