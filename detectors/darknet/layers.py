"""What a network is made of: one tuple a layer, with its output shape, and the network itself.

Named tuples, not dataclasses: those take 5 ms more to import, at every start that looks into a .cfg.
"""

from __future__ import annotations

import math
from typing import NamedTuple


class Shape(NamedTuple):
    """A layer's output, one picture."""

    height: int
    width: int
    channels: int

    @property
    def values(self) -> int:
        """Numbers in all."""
        return self.height * self.width * self.channels

    def __str__(self) -> str:
        return f"{self.width}x{self.height}x{self.channels}"


class Convolutional(NamedTuple):
    """2-D convolution, then batch normalization or a bias, then the activation.

    `padding` pixels of zeros are added on each side; each of the `groups` of filters sees its own share of
    the input's channels. Weights: `filters` biases, 3 x `filters` normalization values (scales, means,
    variances) if normalized, then the kernels.
    """

    line: int
    shape: Shape
    in_channels: int
    size: int
    stride: int
    padding: int
    batch_normalize: bool
    activation: str
    groups: int = 1

    @property
    def kernel_count(self) -> int:
        """Numbers in the kernels, (filters, in_channels // groups, size, size)."""
        return self.shape.channels * (self.in_channels // self.groups) * self.size * self.size

    @property
    def weight_count(self) -> int:
        """Numbers that this layer takes from the .weights file."""
        return self.kernel_count + self.shape.channels * (4 if self.batch_normalize else 1)


class Connected(NamedTuple):
    """Every number of the input times a weight, for each output; then as `Convolutional`.

    Weights: a bias an output, the matrix (outputs, inputs), then the normalization values if normalized.
    """

    line: int
    shape: Shape
    in_shape: Shape
    batch_normalize: bool
    activation: str

    @property
    def kernel_count(self) -> int:
        """Numbers in the matrix."""
        return self.shape.channels * self.in_shape.values

    @property
    def weight_count(self) -> int:
        """Numbers that this layer takes from the .weights file."""
        return self.kernel_count + self.shape.channels * (4 if self.batch_normalize else 1)


class Local(NamedTuple):
    """A convolution whose kernels differ from place to place.

    Weights: a bias an output (filters, height, width), then the kernels of each place.
    """

    line: int
    shape: Shape
    in_channels: int
    size: int
    stride: int
    padding: int
    activation: str

    @property
    def kernel_count(self) -> int:
        """Numbers in the kernels, (places, filters, in_channels, size, size)."""
        return self.shape.values * self.in_channels * self.size * self.size

    @property
    def weight_count(self) -> int:
        """Numbers that this layer takes from the .weights file."""
        return self.kernel_count + self.shape.values


class MaxPool(NamedTuple):
    """Largest value of each window; `padding` in all, the smaller half before the picture."""

    line: int
    shape: Shape
    size: int
    stride: int
    padding: int


class AvgPool(NamedTuple):
    """The mean of each channel."""

    line: int
    shape: Shape


class Softmax(NamedTuple):
    """Softmax over each of `groups` shares of the channels, after division by the temperature."""

    line: int
    shape: Shape
    groups: int
    temperature: float


class Crop(NamedTuple):
    """Brightness from [0, 1] to [-1, 1] where `scales`; what it cuts off is nothing here."""

    line: int
    shape: Shape
    scales: bool


class Unchanged(NamedTuple):
    """A layer that only training uses: `[dropout]`, `[cost]`."""

    line: int
    shape: Shape


class Route(NamedTuple):
    """Earlier layers' outputs, each cut into `groups` of channels of which one is kept, joined."""

    line: int
    shape: Shape
    layers: tuple[int, ...]
    groups: int
    group_id: int


class Shortcut(NamedTuple):
    """The previous output plus those of earlier layers."""

    line: int
    shape: Shape
    layers: tuple[int, ...]
    activation: str


class Upsample(NamedTuple):
    """Each pixel repeated `stride` times in both directions."""

    line: int
    shape: Shape
    stride: int


class Reorg(NamedTuple):
    """Space to depth: `[reorg]` in Darknet's own order, `[reorg3d]` (`plain`) pixel by pixel."""

    line: int
    shape: Shape
    stride: int
    plain: bool = False


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


class Detection(NamedTuple):
    """Output of YOLOv1: a grid of `side` x `side` cells, each with its class scores and `boxes` boxes.

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


Weighted = Convolutional | Connected | Local
Head = Yolo | Region | Detection
Layer = Weighted | MaxPool | AvgPool | Softmax | Crop | Unchanged | Route | Shortcut | Upsample | Reorg | Head


class NetworkCfg(NamedTuple):
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
        return sum(layer.weight_count for layer in self.layers if isinstance(layer, Weighted))

    @property
    def heads(self) -> tuple[tuple[int, Head], ...]:
        """The output layers with their indices."""
        return tuple((i, layer) for i, layer in enumerate(self.layers) if isinstance(layer, Head))

    @property
    def classes(self) -> int:
        """How many classes the network tells apart."""
        return self.heads[0][1].classes

    @property
    def stride(self) -> int | None:
        """What height and width of the input must be multiples of: the cells of all layers are whole then.

        None where a layer needs the .cfg's own size.
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
    """Whether it sees neighbourhoods alone, and puts out its input's size over its stride."""
    match layer:
        case Convolutional() | MaxPool():
            height, width, _ = layer.shape
            return (height * layer.stride, width * layer.stride) == before[:2]
        case Reorg():
            return layer.plain  # Darknet's own order mixes places that are far apart
        case Route() | Shortcut() | Upsample() | Unchanged() | Yolo() | Region():
            return True
        case _:
            return False
