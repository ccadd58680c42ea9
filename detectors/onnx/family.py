"""The contract of network families: how a picture is prepared for one, and what becomes of its outputs.

A family's module knows shapes and numbers, never the engine or the file. To add one: a module with a
`read_...` function of type `Reader`, one line in `families.py`, a test with a graph of known answers.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from detectors.onnx.modelinfo import ModelInfo

FloatArray = NDArray[np.float32]
Outputs = Mapping[str, FloatArray]
"""An output's name, without TensorFlow's `:0` -> its values for one picture, the batch's side taken off."""
Placing = Literal["center", "corner", "stretch", "fit"]
"""Where a picture lies on the input: its shape kept in the middle, or in the upper left corner, and padded
to the input's size; stretched to it; or its shape kept and the input made to measure."""

MOST_CLASSES = 20_000
"""No class id may be as great: a damaged output must not size an array."""


class Decoded(NamedTuple):
    """Boxes that have a score above the threshold.

    Args:
        xyxy: (N, 4) float32, pixels of the network's input, not clipped.
        scores: (N, C) float32 in [0, 1]; 0 at or below the threshold.
    """

    xyxy: FloatArray
    scores: FloatArray


Decode = Callable[[Outputs, tuple[int, int], float], Decoded]
"""Takes one picture's outputs, the input's width and height in pixels, and the confidence threshold."""


@dataclass(frozen=True, slots=True)
class Preparation:
    """How pixels become the numbers that a family was trained on: `(pixel x scale - mean) / deviation`.

    Args:
        bgr: whether blue comes first.
        scale: what a pixel of 0 to 255 is multiplied by.
        mean, deviation: of each channel, in the network's order.
        placing: where the picture lies.
        padding: gray of what it does not cover, 0 to 255.
        side: width and height where the network takes any and its metadata says nothing.
        stride: what the sides of an input of any size must be multiples of, where such an input is cut to
            the picture's shape; 0 keeps it whole.
    """

    bgr: bool = False
    scale: float = 1 / 255
    mean: tuple[float, float, float] = (0.0, 0.0, 0.0)
    deviation: tuple[float, float, float] = (1.0, 1.0, 1.0)
    placing: Placing = "center"
    padding: int = 114
    side: int = 640
    stride: int = 0


Suppression = Literal["each class", "best class", "none"]
"""How non-maximum suppression compares boxes: class by class, each box with all of its classes, as Darknet
does; each box with its best class alone, as Ultralytics does; or not at all: the network has done it."""


def of_picture(outputs: Mapping[str, NDArray[Any]], index: int) -> Outputs:
    """What belongs to one picture of the batch, where the batch is the first side of each output."""
    return {key: values[index] for key, values in outputs.items() if values.ndim}


@dataclass(frozen=True, slots=True)
class OutputFormat:
    """How one network is to be used.

    Args:
        family: its name, for people.
        preparation: of its input.
        decode: of its outputs.
        classes: how many columns of scores it has; None where the outputs do not show it.
        suppression: how its boxes are compared.
        coco: how many classes it has if it was trained on COCO: 80, 90 or 91.
        any_size: whether nothing in such an export depends on the input's size, so that an input of multiples
            of the preparation's stride is worth a trial where the file states one size.
        background: whether the last column of scores is that of the background, unless it has a name.
        pick: takes the outputs of a batch and gives those of one of its pictures.
    """

    family: str
    preparation: Preparation
    decode: Decode
    classes: int | None
    suppression: Suppression = "each class"
    coco: int = 80
    any_size: bool = False
    background: bool = False
    pick: Callable[[Mapping[str, NDArray[Any]], int], Outputs] = of_picture


Reader = Callable[[ModelInfo, Mapping[str, NDArray[Any]], bool], OutputFormat | None]
"""Takes a network whose outputs' sizes are known, its outputs for a synthetic picture, and whether the
pipeline file names this family. Returns None if the network is not of the family; also if the pipeline file
does not name it, and nothing but the outputs' shapes speaks for it."""


def corners(cxcywh: FloatArray) -> FloatArray:
    """Boxes given by centre and size, (N, 4), as `xyxy`, (N, 4)."""
    centre, half = cxcywh[:, :2], cxcywh[:, 2:4] / 2
    return np.concatenate((centre - half, centre + half), axis=1).astype(np.float32, copy=False)


def above(scores: FloatArray, threshold: float) -> FloatArray:
    """A copy of the scores in which those at or below the threshold are 0, and those that are no numbers."""
    return np.where(scores > threshold, scores, np.float32(0))


def from_rows(
    xyxy: FloatArray, class_ids: NDArray[np.generic], scores: FloatArray, threshold: float
) -> Decoded:
    """Boxes with a label each; the labels of one and the same box are put together.

    Args:
        xyxy: (N, 4).
        class_ids: (N,), of any type of number.
        scores: (N,).
        threshold: as for `Decode`.
    """
    ids = np.nan_to_num(class_ids.astype(np.float64), nan=-1)
    kept = (scores > threshold) & (ids >= 0) & (ids < MOST_CLASSES)
    boxes, which = np.unique(xyxy[kept], axis=0, return_inverse=True)
    columns = ids[kept].round().astype(np.int64)
    table = np.zeros((len(boxes), int(columns.max(initial=-1)) + 1), dtype=np.float32)
    np.maximum.at(table, (which.reshape(-1), columns), scores[kept].astype(np.float32))
    return Decoded(boxes.astype(np.float32, copy=False), table)


def grid_cells(input_wh: tuple[int, int], strides: tuple[int, ...] = (8, 16, 32)) -> int:
    """How many cells the grids of these strides have on an input."""
    return sum((input_wh[0] // stride) * (input_wh[1] // stride) for stride in strides)


@functools.lru_cache(maxsize=8)
def grid(input_wh: tuple[int, int], strides: tuple[int, ...]) -> tuple[FloatArray, FloatArray]:
    """Column and row of each cell, (cells, 2), and its stride, (cells,), row by row, grid after grid."""
    cells, sides = [np.zeros((0, 2), dtype=np.float32)], [np.zeros(0, dtype=np.float32)]
    for stride in strides:
        columns, rows = input_wh[0] // stride, input_wh[1] // stride
        own = np.stack(np.meshgrid(np.arange(columns), np.arange(rows)), axis=-1).reshape(-1, 2)
        cells.append(own.astype(np.float32))
        sides.append(np.full(len(own), stride, dtype=np.float32))
    return np.concatenate(cells), np.concatenate(sides)
