"""What a network is made of: one frozen dataclass a layer, with its output shape, and the network itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple


class Shape(NamedTuple):
    """A layer's output, one picture."""

    height: int
    width: int
    channels: int


@dataclass(frozen=True, slots=True)
class Convolutional:
    """2-D convolution, then batch normalization or a bias, then the activation.

    `padding` pixels of zeros are added on each side. Weights: `filters` biases, 3 x `filters`
    normalization values (scales, means, variances) if normalized, then the kernels.
    """

    line: int
    shape: Shape
    in_channels: int
    size: int
    stride: int
    padding: int
    batch_normalize: bool
    activation: str

    @property
    def kernel_count(self) -> int:
        """Numbers in the kernels, (filters, in_channels, size, size)."""
        return self.shape.channels * self.in_channels * self.size * self.size

    @property
    def weight_count(self) -> int:
        """Numbers that this layer takes from the .weights file."""
        return self.kernel_count + self.shape.channels * (4 if self.batch_normalize else 1)


@dataclass(frozen=True, slots=True)
class MaxPool:
    """Largest value of each window; `padding` in all, the smaller half before the picture."""

    line: int
    shape: Shape
    size: int
    stride: int
    padding: int


@dataclass(frozen=True, slots=True)
class Route:
    """Earlier layers' outputs, each cut into `groups` of channels of which one is kept, joined."""

    line: int
    shape: Shape
    layers: tuple[int, ...]
    groups: int
    group_id: int


@dataclass(frozen=True, slots=True)
class Shortcut:
    """The previous output plus an earlier layer's."""

    line: int
    shape: Shape
    layer: int
    activation: str


@dataclass(frozen=True, slots=True)
class Upsample:
    """Each pixel repeated `stride` times in both directions."""

    line: int
    shape: Shape
    stride: int


@dataclass(frozen=True, slots=True)
class Reorg:
    """Space to depth, in Darknet's own order of channels."""

    line: int
    shape: Shape
    stride: int


@dataclass(frozen=True, slots=True)
class Yolo:
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


@dataclass(frozen=True, slots=True)
class Region:
    """Output of YOLOv2: anchors in cells, class scores by softmax."""

    line: int
    shape: Shape
    anchors: tuple[tuple[float, float], ...]
    classes: int
    softmax: bool


Layer = Convolutional | MaxPool | Route | Shortcut | Upsample | Reorg | Yolo | Region
Head = Yolo | Region


@dataclass(frozen=True, slots=True)
class NetworkCfg:
    """A whole network.

    Args:
        where: the .cfg's name, for error sentences.
        shape: of the input; channels is 3.
        layers: in order; a layer's index is the one that `route` and `shortcut` count by.
    """

    where: str
    shape: Shape
    layers: tuple[Layer, ...]

    @property
    def weight_count(self) -> int:
        """Numbers that the .weights file must hold behind its header."""
        return sum(layer.weight_count for layer in self.layers if isinstance(layer, Convolutional))

    @property
    def heads(self) -> tuple[tuple[int, Head], ...]:
        """The output layers with their indices."""
        return tuple((i, layer) for i, layer in enumerate(self.layers) if isinstance(layer, Yolo | Region))

    @property
    def classes(self) -> int:
        """How many classes the network tells apart."""
        return self.heads[0][1].classes
