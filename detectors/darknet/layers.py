"""The layers of a network, one tuple each, with its output shape; its output layers are in `heads`.

Named tuples, not dataclasses: those take 5 ms more to import, at every start that looks into a .cfg.
"""

from __future__ import annotations

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


class LocalAvgPool(NamedTuple):
    """Mean of each window's values that are inside the picture; padded as `MaxPool`."""

    line: int
    shape: Shape
    size: int
    stride: int
    padding: int


class BatchNorm(NamedTuple):
    """Batch normalization alone. Weights: a bias, a scale, a mean and a variance for each channel."""

    line: int
    shape: Shape

    @property
    def kernel_count(self) -> int:
        """Numbers that each channel is multiplied by."""
        return self.shape.channels

    @property
    def weight_count(self) -> int:
        """Numbers that this layer takes from the .weights file."""
        return 4 * self.shape.channels


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
    """A layer that only training uses: `[dropout]`, `[cost]`, `[contrastive]`."""

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
    """The previous output plus those of earlier layers.

    Where channels differ in number, the first ones that both have are added. Where an earlier layer is larger
    by a whole factor, every so many rows and columns of it are taken.
    """

    line: int
    shape: Shape
    layers: tuple[int, ...]
    activation: str


class Product(NamedTuple):
    """An earlier layer's output, `[sam]`: each value times the previous output's in its place.

    `[scale_channels]`: times the previous output's one value of its channel, (1, 1, channels); or, with
    `scale_wh`, of its pixel, (height, width, 1).
    """

    line: int
    shape: Shape
    layer: int
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


Weighted = Convolutional | Connected | Local | BatchNorm
