"""The output layers of a network, one tuple each, with the shape of what enters them."""

from __future__ import annotations

from typing import NamedTuple

from detectors.darknet.layers import Shape


class Yolo(NamedTuple):
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


class GaussianYolo(NamedTuple):
    """Output of Gaussian YOLOv3: as `Yolo`, and each of the four numbers of a box has its uncertainty.

    Args:
        anchors: (width, height) of the boxes of this head only, pixels of the network's input.
        scale_x_y: as of `Yolo`.
        point: what a cell's place says of the box: its `center`, `left_top` or `right_bottom`.
    """

    line: int
    shape: Shape
    anchors: tuple[tuple[float, float], ...]
    classes: int
    scale_x_y: float
    point: str


class Region(NamedTuple):
    """Output of YOLOv2: anchors in cells, class scores by softmax.

    Args:
        anchors: (width, height) of each box.
        softmax: whether class scores go through a softmax; else each through a logistic.
        tree: the file, as the .cfg names it, of the tree of classes of YOLO9000; None for flat classes.
    """

    line: int
    shape: Shape
    anchors: tuple[tuple[float, float], ...]
    classes: int
    softmax: bool
    tree: str | None = None


class DetectionHead(NamedTuple):
    """Output of YOLOv1, `[detection]`: `side` x `side` cells, each with its class scores and `boxes` boxes.

    Args:
        square_root: whether widths and heights come as their square roots.
        softmax: whether class scores still go through a softmax.
    """

    line: int
    shape: Shape
    side: int
    boxes: int
    classes: int
    square_root: bool
    softmax: bool


Head = Yolo | GaussianYolo | Region | DetectionHead
