"""The contract of network families: how inputs are prepared and outputs decoded.

A family's module knows only shapes and numbers, not the engine or the file. To add one, write a module with a
`read_...` function of type `Reader`, a line in `families.py`, and a test with a graph of known answers.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from detectors.onnx.modelinfo import ModelInfo
from detectors.onnx.statednames import MOST_CLASSES

FloatArray = NDArray[np.float32]
Outputs = Mapping[str, FloatArray]
"""An output's name, without TensorFlow's `:0` -> its values for one picture, without the batch dimension."""
Placing = Literal["center", "corner", "stretch", "fit"]
"""How a picture is placed on the input: in the middle or in the upper left corner, padded to the input's
size; stretched to it; or scaled with its aspect ratio kept, and the input has the size that results."""


class Decoded(NamedTuple):
    """Boxes with a score above the threshold.

    Args:
        xyxy: (N, 4) float32, pixels of the network's input, not clipped.
        scores: (N, C) float32 in [0, 1]; 0 at or below the threshold.
    """

    xyxy: FloatArray
    scores: FloatArray


Decode = Callable[[Outputs, tuple[int, int], float], Decoded]
"""Decodes one picture's outputs; takes them, the input's width and height, pixels, and the threshold."""


@dataclass(frozen=True, slots=True)
class Preparation:
    """How pixels are prepared as the family was trained: `(pixel x scale - mean) / deviation`.

    Args:
        bgr: whether the channels are in the order blue, green, red.
        scale: the factor for pixels of 0 to 255.
        mean, deviation: of each channel, in the network's order.
        placing: how the picture is placed.
        padding: gray value of the padding, 0 to 255.
        side: width and height if the input size is open and the metadata has none.
        stride: if the input size is open, the input is cut to the picture's shape, with sides that are
            multiples of this; 0: it is not cut.
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
"""Non-maximum suppression: for each class, with all classes of each box, as in Darknet; with only the best
class of each box, as in Ultralytics; or none, because the network has done it."""


def of_picture(outputs: Mapping[str, NDArray[Any]], index: int) -> Outputs:
    """The outputs of one picture, if the batch is the first dimension of each output."""
    return {key: values[index] for key, values in outputs.items() if values.ndim}


@dataclass(frozen=True, slots=True)
class OutputFormat:
    """How a network's input is prepared and its outputs are decoded.

    Args:
        family: its name, for messages.
        preparation: of its input.
        decode: of its outputs.
        classes: number of columns of scores; None if the outputs do not show it.
        suppression: of its boxes.
        coco: number of classes of a network of this format that was trained on COCO: 80, 90 or 91.
        any_size: whether no operator of such exports depends on the input's size, so that other sizes are
            tried although the file states one.
        background: whether the last column of scores is the background's, unless it has a name.
        pick: selects one picture's outputs from those of a batch.
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
"""Recognizes one format. Takes a network whose outputs' sizes are known, its outputs for a synthetic picture,
and whether the pipeline file names this family. Returns None if the network does not have this format, or if
the pipeline file does not name the family and only the outputs' shapes match."""


def corners(cxcywh: FloatArray) -> FloatArray:
    """Convert boxes of centre and size, (N, 4), to `xyxy`, (N, 4)."""
    centre, half = cxcywh[:, :2], cxcywh[:, 2:4] / 2
    return np.concatenate((centre - half, centre + half), axis=1).astype(np.float32, copy=False)


def above(scores: FloatArray, threshold: float) -> FloatArray:
    """Copy scores; those at or below the threshold, and NaN, become 0."""
    return np.where(scores > threshold, scores, np.float32(0))


def from_rows(
    xyxy: FloatArray, class_ids: NDArray[np.generic], scores: FloatArray, threshold: float
) -> Decoded:
    """Decode rows of one box and one label each; equal boxes become one box with several labels.

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
    """Number of cells of the grids of these strides."""
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
