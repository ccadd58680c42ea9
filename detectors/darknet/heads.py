"""The output layers of a network, one tuple each, with the shape of their input."""

from __future__ import annotations

from typing import NamedTuple

from detectors.darknet.layers import Shape


class Yolo(NamedTuple):
    """The output of YOLOv3 and later; scores go through a logistic.

    Args:
        anchors: (width, height) of the boxes of this head only, pixels of the network's input.
        scale_x_y: how far a centre may leave its cell; 1: not at all.
        new_coords: whether the network applies the logistic itself and sizes are squared (since YOLOv4-CSP).
    """

    line: int
    shape: Shape
    anchors: tuple[tuple[float, float], ...]
    classes: int
    scale_x_y: float
    new_coords: bool


class GaussianYolo(NamedTuple):
    """The output of Gaussian YOLOv3: like `Yolo`, with an uncertainty for each of a box's four numbers.

    Args:
        anchors: (width, height) of the boxes of this head only, pixels of the network's input.
        scale_x_y: as of `Yolo`.
        point: the point of the box that is predicted: `center`, `left_top` or `right_bottom`.
    """

    line: int
    shape: Shape
    anchors: tuple[tuple[float, float], ...]
    classes: int
    scale_x_y: float
    point: str


class Region(NamedTuple):
    """The output of YOLOv2.

    Args:
        anchors: (width, height) of each box, in cells.
        softmax: whether class scores go through a softmax; else each goes through a logistic.
        tree: the file of YOLO9000's tree of classes, as the .cfg names it; None if there is no tree.
    """

    line: int
    shape: Shape
    anchors: tuple[tuple[float, float], ...]
    classes: int
    softmax: bool
    tree: str | None = None


class DetectionHead(NamedTuple):
    """The output of YOLOv1, `[detection]`: `side` x `side` cells with class scores and `boxes` boxes each.

    Args:
        square_root: whether the network predicts square roots of widths and heights.
        softmax: whether class scores go through a softmax.
    """

    line: int
    shape: Shape
    side: int
    boxes: int
    classes: int
    square_root: bool
    softmax: bool


Head = Yolo | GaussianYolo | Region | DetectionHead
