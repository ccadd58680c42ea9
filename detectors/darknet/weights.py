"""Darknet .weights: bytes -> arrays a layer, batch normalization folded into the kernels.

The file's size is checked before anything is read, and the file must be used up to its last byte: a
truncated file, or one that belongs to another .cfg, is an error, never a network of random numbers.

Source: Darknet, src/parser.c `load_weights_upto` and `load_convolutional_weights`; src/blas.c
`normalize_cpu` (the 1e-6 stands beside the root, not under it).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np
from numpy.typing import NDArray

from detectors.darknet.layers import Convolutional, NetworkCfg
from pipeline.errors import ModelError
from pipeline.outputs import printable

FloatArray = NDArray[np.float32]

_VERSION = struct.Struct("<3i")
_NORMALIZATION_EPSILON = np.float32(1e-6)


class ConvolutionWeights(NamedTuple):
    """What one convolutional layer adds up.

    Args:
        kernel: (size, size, in_channels, filters) float32, TensorFlow's order.
        bias: (filters,) float32.
    """

    kernel: FloatArray
    bias: FloatArray


def check_weights(path: Path, network: NetworkCfg) -> int:
    """Hold the file's size against the network's number of weights; reads the header alone.

    Returns: the header's length in bytes.
    Raises: ModelError: too short, too long, or no .weights file.
    """
    try:
        with open(path, "rb") as stream:
            head = stream.read(_VERSION.size)
            size = stream.seek(0, 2)
    except OSError as error:
        raise ModelError(f"{printable(path)}: cannot be read ({error.strerror})") from None
    if len(head) < _VERSION.size:
        raise ModelError(f"{printable(path)}: {size} bytes are too few for a Darknet .weights file")
    header_bytes = _header_bytes(path, head)
    expected = header_bytes + 4 * network.weight_count
    if size != expected:
        trouble = "the file is cut short" if size < expected else "the file is too long"
        raise ModelError(
            f"{printable(path)}: {size:,} bytes where {network.where} needs {expected:,}; "
            f"{trouble}, or the two do not belong together"
        )
    return header_bytes


def _header_bytes(path: Path, head: bytes) -> int:
    """The length of the header: three version numbers, then how many pictures were seen in training."""
    major, minor, _ = _VERSION.unpack(head)
    if not (0 <= major < 1000 and 0 <= minor < 1000):
        raise ModelError(f"{printable(path)}: does not begin with a version as a Darknet .weights file does")
    seen_bytes = 8 if major * 10 + minor >= 2 else 4
    return _VERSION.size + seen_bytes


def iter_weights(path: Path, network: NetworkCfg) -> Iterator[tuple[int, ConvolutionWeights]]:
    """Each convolutional layer's index with its weights, in order.

    Raises: ModelError: as `check_weights`, or a value that is not finite.
    """
    header_bytes = check_weights(path, network)
    with open(path, "rb") as stream:
        stream.seek(header_bytes)
        for index, layer in enumerate(network.layers):
            if isinstance(layer, Convolutional):
                yield index, _read_layer(stream, path, network, index, layer)


def _read_layer(
    stream: BinaryIO, path: Path, network: NetworkCfg, index: int, layer: Convolutional
) -> ConvolutionWeights:
    values = np.frombuffer(stream.read(4 * layer.weight_count), dtype="<f4")
    if values.size != layer.weight_count:
        raise ModelError(f"{printable(path)}: it was cut short while it was read")
    filters = layer.shape.channels
    bias = values[:filters]
    kernel = values[-layer.kernel_count :].reshape(filters, layer.in_channels, layer.size, layer.size)
    if layer.batch_normalize:
        scales, means, variances = values[filters : 4 * filters].reshape(3, filters)
        with np.errstate(over="ignore", invalid="ignore"):  # refused below
            factor = scales / (np.sqrt(variances) + _NORMALIZATION_EPSILON)
            kernel = kernel * factor[:, None, None, None]
            bias = bias - means * factor
    if not all(np.isfinite(numbers).all() for numbers in (values, kernel, bias)):
        raise ModelError(
            f"{printable(path)}: the weights of layer {index} ({network.where}:{layer.line}) are not finite "
            "numbers, or a variance is negative; the file is damaged"
        )
    return ConvolutionWeights(
        np.ascontiguousarray(kernel.transpose(2, 3, 1, 0), dtype=np.float32),
        np.ascontiguousarray(bias, dtype=np.float32),
    )
