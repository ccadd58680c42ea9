"""The description of a network: its input and its layers, and properties that follow from them."""

from __future__ import annotations

import math
from typing import NamedTuple

from detectors.darknet.heads import GaussianYolo, Head, Region, Yolo
from detectors.darknet.layers import (
    AvgPool,
    BatchNorm,
    Convolutional,
    Crop,
    LocalAvgPool,
    MaxPool,
    Product,
    Reorg,
    Route,
    Shape,
    Shortcut,
    Softmax,
    Unchanged,
    Upsample,
    Weighted,
)

Pooling = MaxPool | LocalAvgPool | AvgPool
Layer = Weighted | Pooling | Softmax | Crop | Unchanged | Route | Shortcut | Product | Upsample | Reorg | Head


class NetworkCfg(NamedTuple):
    """The description of a network.

    Args:
        where: the .cfg's name, for error sentences.
        shape: of the input; channels is 3.
        layers: in order; `route` and `shortcut` refer to their indices.
    """

    where: str
    shape: Shape
    layers: tuple[Layer, ...]

    @property
    def weight_count(self) -> int:
        """Numbers in the .weights file after its header."""
        return sum(layer.weight_count for layer in self.layers if isinstance(layer, Weighted))

    @property
    def heads(self) -> tuple[tuple[int, Head], ...]:
        """The output layers with their indices."""
        return tuple((i, layer) for i, layer in enumerate(self.layers) if isinstance(layer, Head))

    @property
    def classes(self) -> int:
        """Number of classes."""
        return self.heads[0][1].classes

    @property
    def stride(self) -> int | None:
        """Inputs may have any sides that are multiples of this, so that all layers have whole cells.

        None if a layer depends on the input size of the .cfg.
        """
        strides = [1]
        before = self.shape
        for layer in self.layers:
            stride, rest = divmod(self.shape.height, layer.shape.height)
            proportional = not rest and stride * layer.shape.width == self.shape.width
            if not (proportional and _takes_any_size(layer, before)):
                return None
            strides.append(stride)
            before = layer.shape
        return math.lcm(*strides)


def _takes_any_size(layer: Layer, before: Shape) -> bool:
    """Whether a layer depends only on nearby pixels, and its output has its input's size over its stride."""
    match layer:
        case Convolutional() | MaxPool() | LocalAvgPool():
            height, width, _ = layer.shape
            return (height * layer.stride, width * layer.stride) == before[:2]
        case Reorg():
            return layer.plain  # Darknet's own order mixes distant places
        case Route() | Shortcut() | Upsample() | Unchanged() | BatchNorm():
            return True
        case Yolo() | GaussianYolo() | Region():
            return True
        case Product():
            return layer.shape == before
        case _:
            return False
