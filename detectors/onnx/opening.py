"""An ONNX file in its engine, and the first things that are done with it there."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detectors.onnx.anysize import with_open_sides
from detectors.onnx.choices import Device, FamilyName
from detectors.onnx.engine import OnnxEngine
from detectors.onnx.families import recognize
from detectors.onnx.family import Preparation
from detectors.onnx.nature import Nature, Port
from detectors.onnx.shapes import MAX_SIDE, input_size, is_channels_last, picture_port, stated_size
from detectors.onnx.wire import WireError
from pipeline.errors import ModelError
from pipeline.outputs import printable

_log = logging.getLogger(__name__)


def open_engine(nature: Nature, family: FamilyName, device: Device) -> tuple[OnnxEngine, bool]:
    """The network in its engine, and whether its input may have any size.

    Args:
        nature: what `read_nature` read of its file.
        family: as the person says.
        device: where it runs.
    Raises: ModelError: see `OnnxEngine`.
    """
    if not all(input_size(nature)):
        return OnnxEngine(nature, device), True
    engine = _open_for_any_size(nature, family, device)
    return (engine, True) if engine else (OnnxEngine(nature, device), False)


def _open_for_any_size(nature: Nature, family: FamilyName, device: Device) -> OnnxEngine | None:
    """A network that states one size, opened for any; None where it hangs on its size after all."""
    known = all(port.shape and None not in port.shape for port in nature.outputs)
    if not known or not (stride := _stride_of_any_size(nature, family)):
        return None
    try:
        content = with_open_sides(nature)
        engine = OnnxEngine(nature, device, content) if content else None
        if engine is None or engine.device not in ("CPU", "CUDA"):  # others compile for each size anew
            return None
        feeds = blank_feeds(nature, (2 * stride, stride))
        seen = with_sizes(nature, feeds, engine.trial(feeds))
    except (OSError, WireError, ModelError) as error:
        _log.debug("%s: takes its own size alone (%s)", printable(nature.file), error)
        return None
    return engine if _stride_of_any_size(seen, family) else None


def _stride_of_any_size(nature: Nature, family: FamilyName) -> int:
    """What the sides of an input must be multiples of, if by its family any is worth a trial; else 0."""
    try:
        reading = recognize(nature, family)
    except ModelError:
        return 0
    stride = reading.preparation.stride
    whole = stride and all(side % stride == 0 for side in input_size(nature))
    return stride if reading.any_size and whole else 0


def size_limit(nature: Nature, preparation: Preparation) -> tuple[int, int]:
    """Width and height of the input, or the greatest where it may vary."""
    stated = stated_size(nature) or (preparation.side, preparation.side)
    stride = max(preparation.stride, 1)
    whole = (min(-(-side // stride) * stride, MAX_SIDE) for side in stated)
    width, height = (own or other for own, other in zip(input_size(nature), whole, strict=True))
    return (width, height)


def blank_feeds(nature: Nature, input_wh: tuple[int, int] | None = None) -> dict[str, NDArray[Any]]:
    """Inputs for a run: black pictures, and the size of them where a network asks for it.

    Args:
        nature: what `read_nature` read of the network.
        input_wh: width and height of the pictures; None: the network's own, or the greatest it is given.
    Returns: an input's name -> its values.
    """
    port = picture_port(nature)
    width, height = input_wh = input_wh or size_limit(nature, Preparation(stride=32))
    batch = port.shape[0] or 1
    sides = (height, width, 3) if is_channels_last(port) else (3, height, width)
    feeds: dict[str, NDArray[Any]] = {port.name: np.zeros((batch, *sides), dtype=port.element)}
    for other in nature.inputs:
        if other is not port:
            feeds[other.name] = size_values(other, input_wh, batch)
    return feeds


def size_values(port: Port, input_wh: tuple[int, int], batch: int) -> NDArray[Any]:
    """The input's own size for RT-DETR's second input, so that boxes come back in its pixels."""
    element = port.element if port.element in ("int32", "float32") else "int64"
    return np.array([input_wh] * batch, dtype=element)


def with_sizes(
    nature: Nature, feeds: Mapping[str, NDArray[Any]], outputs: Mapping[str, NDArray[Any]]
) -> Nature:
    """The network with the sizes of a run that went well.

    Args:
        nature: of the file.
        feeds: what went in, by name.
        outputs: what came out, by key.
    """
    return replace(
        nature,
        inputs=tuple(replace(port, shape=feeds[port.name].shape) for port in nature.inputs),
        outputs=tuple(replace(port, shape=outputs[port.key].shape) for port in nature.outputs),
    )
