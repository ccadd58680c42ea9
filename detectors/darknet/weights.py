"""Read a Darknet .weights file into arrays for each layer, with batch normalization folded into the kernels.

The file's size is checked before anything is read, and must be exact: a truncated file, or one that belongs
to another .cfg, is an error.

Source: Darknet, src/parser.c `load_convolutional_weights`, `load_connected_weights`, `load_batchnorm_weights`
and the case of LOCAL; src/blas.c `normalize_cpu` (1e-6 is added to the root, not to the variance).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from detectors.darknet.layers import BatchNorm, Connected, Convolutional, Local, Weighted
from detectors.darknet.networkcfg import NetworkCfg
from detectors.darknet.weightsfile import check_weights
from pipeline.errors import ModelError
from pipeline.text import printable

FloatArray = NDArray[np.float32]

_NORMALIZATION_EPSILON = np.float32(1e-6)


class LayerWeights(NamedTuple):
    """The kernel and bias of one layer.

    Args:
        kernel: float32, in TensorFlow's order: (size, size, in_channels // groups, filters) of a convolution,
            (inputs, outputs) of a connected layer, its inputs in the order height, width, channels,
            (places, size * size * in_channels, filters) of a local layer, (channels,) of batch normalization.
        bias: float32, (filters,), (outputs,), (height, width, filters) or (channels,).
    """

    kernel: FloatArray
    bias: FloatArray


def iter_weights(path: Path, network: NetworkCfg) -> Iterator[tuple[int, LayerWeights]]:
    """Iterate over the weighted layers in order: index and weights.

    Raises: ModelError: as `check_weights`; or a value is not finite.
    """
    header = check_weights(path, network)
    with open(path, "rb") as stream:
        stream.seek(header.length)
        for index, layer in enumerate(network.layers):
            if isinstance(layer, Weighted):
                values = np.frombuffer(stream.read(4 * layer.weight_count), dtype="<f4")
                if values.size != layer.weight_count:
                    raise ModelError(f"{printable(path)}: it was cut short while it was read")
                with np.errstate(over="ignore", invalid="ignore"):  # refused below
                    found = _converted(layer, values, header.transposed)
                if not all(np.isfinite(numbers).all() for numbers in (values, *found)):
                    raise ModelError(
                        f"{printable(path)}: the weights of layer {index} ({network.where}:{layer.line}) are "
                        "not finite numbers, or a variance is negative; the file is damaged"
                    )
                yield index, found


def _converted(layer: Weighted, values: FloatArray, transposed: bool) -> LayerWeights:
    """Convert the numbers of one layer from the file's order to TensorFlow's."""
    match layer:
        case Convolutional():
            kernel, bias = _convolutional(layer, values)
        case Connected():
            kernel, bias = _connected(layer, values, transposed)
        case Local():
            kernel, bias = _local(layer, values)
        case BatchNorm():
            biases, normalization = np.split(values, (layer.shape.channels,))
            column, bias = _fold(np.ones((len(biases), 1), np.float32), biases, normalization)
            kernel = column[:, 0]
    return LayerWeights(
        np.ascontiguousarray(kernel, dtype=np.float32), np.ascontiguousarray(bias, dtype=np.float32)
    )


def _convolutional(layer: Convolutional, values: FloatArray) -> tuple[FloatArray, FloatArray]:
    filters = layer.shape.channels
    bias = values[:filters]
    kernel = values[-layer.kernel_count :].reshape(filters, -1)
    if layer.batch_normalize:
        kernel, bias = _fold(kernel, bias, values[filters : 4 * filters])
    shape = (filters, layer.in_channels // layer.groups, layer.size, layer.size)
    return kernel.reshape(shape).transpose(2, 3, 1, 0), bias


def _connected(layer: Connected, values: FloatArray, transposed: bool) -> tuple[FloatArray, FloatArray]:
    outputs, inputs = layer.shape.channels, layer.in_shape.values
    bias = values[:outputs]
    matrix = values[outputs : outputs + layer.kernel_count]
    matrix = matrix.reshape(inputs, outputs).T if transposed else matrix.reshape(outputs, inputs)
    if layer.batch_normalize:
        matrix, bias = _fold(matrix, bias, values[-3 * outputs :])
    height, width, channels = layer.in_shape
    pixels = matrix.reshape(outputs, channels, height, width).transpose(2, 3, 1, 0)
    return pixels.reshape(inputs, outputs), bias


def _local(layer: Local, values: FloatArray) -> tuple[FloatArray, FloatArray]:
    height, width, filters = layer.shape
    bias = values[: layer.shape.values].reshape(filters, height, width).transpose(1, 2, 0)
    shape = (height * width, filters, layer.in_channels, layer.size, layer.size)
    kernels = values[layer.shape.values :].reshape(shape).transpose(0, 3, 4, 2, 1)
    return kernels.reshape(height * width, -1, filters), bias


def _fold(kernel: FloatArray, bias: FloatArray, normalization: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Fold batch normalization into the kernels, (filters, numbers), and the biases."""
    scales, means, variances = normalization.reshape(3, len(bias))
    factor = scales / (np.sqrt(variances) + _NORMALIZATION_EPSILON)
    folded = np.asarray(kernel * factor[:, None], dtype=np.float32)
    return folded, np.asarray(bias - means * factor, dtype=np.float32)
