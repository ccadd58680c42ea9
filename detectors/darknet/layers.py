"""The layers of a network, one tuple each, with its output's shape; output layers are in `heads`.

They are named tuples because dataclasses take 5 ms more to import, at every start that reads a .cfg.
"""

from __future__ import annotations

from typing import NamedTuple


class Shape(NamedTuple):
    """The shape of a layer's output for one picture."""

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

    `padding` pixels of zeros are added on each side; each of the `groups` of filters sees its own part of
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
    """A fully connected layer; then as `Convolutional`.

    Weights: a bias for each output, the matrix (outputs, inputs), then the normalization values.
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
    """A convolution with different kernels for each place.

    Weights: a bias for each output (filters, height, width), then the kernels of each place.
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
    """The maximum of each window; half of `padding`, rounded down, is before the picture."""

    line: int
    shape: Shape
    size: int
    stride: int
    padding: int


class LocalAvgPool(NamedTuple):
    """The mean of each window's values inside the picture; padded like `MaxPool`."""

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
    """Softmax over each of `groups` parts of the channels, after division by the temperature."""

    line: int
    shape: Shape
    groups: int
    temperature: float


class Crop(NamedTuple):
    """Scales brightness from [0, 1] to [-1, 1] if `scales`; it cuts nothing off here."""

    line: int
    shape: Shape
    scales: bool


class Unchanged(NamedTuple):
    """A layer that only training uses: `[dropout]`, `[cost]`, `[contrastive]`."""

    line: int
    shape: Shape


class Route(NamedTuple):
    """Joins the outputs of earlier layers, of each only one of `groups` of channels."""

    line: int
    shape: Shape
    layers: tuple[int, ...]
    groups: int
    group_id: int


class Shortcut(NamedTuple):
    """Adds the outputs of earlier layers to the previous output.

    If the numbers of channels differ, only the first channels that both have are added. If an earlier layer
    is larger by a whole factor n, every nth row and column of it is added.
    """

    line: int
    shape: Shape
    layers: tuple[int, ...]
    activation: str


class Product(NamedTuple):
    """Multiplies the output of an earlier layer by the previous output.

    Of `[sam]`, both have the same shape. Of `[scale_channels]`, the previous output has one value for each
    channel, (1, 1, channels), or with `scale_wh` one for each pixel, (height, width, 1).
    """

    line: int
    shape: Shape
    layer: int
    activation: str


class Upsample(NamedTuple):
    """Repeats each pixel `stride` times in both directions."""

    line: int
    shape: Shape
    stride: int


class Reorg(NamedTuple):
    """Space to depth: `[reorg]` in Darknet's own order, `[reorg3d]` (`plain`) in the usual one."""

    line: int
    shape: Shape
    stride: int
    plain: bool = False


Weighted = Convolutional | Connected | Local | BatchNorm
