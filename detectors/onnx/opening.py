"""An ONNX file in its engine, run for the first time, and whether its input may be cut."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from detectors.boxes import whole_cells
from detectors.onnx.anysize import opened_copy
from detectors.onnx.choices import Device, FamilyName
from detectors.onnx.engine import OnnxEngine
from detectors.onnx.families import recognize
from detectors.onnx.family import Preparation, Reading
from detectors.onnx.nature import Nature, Port
from detectors.onnx.shapes import MAX_SIDE, input_size, is_channels_last, picture_port, stated_size
from detectors.onnx.wire import WireError
from pipeline.errors import ModelError
from pipeline.text import printable

_log = logging.getLogger(__name__)

_OF_NEIGHBOURHOODS = frozenset(
    (
        *("Add", "AveragePool", "BatchNormalization", "Clip", "Concat", "Constant", "Conv", "Div", "Elu"),
        *("Exp", "Gather", "HardSigmoid", "HardSwish", "Identity", "LeakyRelu", "MaxPool", "Mul", "Pad"),
        *("PRelu", "Relu", "Reshape", "Resize", "Sigmoid", "Slice", "Softplus", "Split", "Squeeze", "Sub"),
        *("Tanh", "Transpose", "Unsqueeze", "Upsample"),
    )
)
"""Operators whose numbers depend on few pixels around a place; others, such as a mean of the whole picture,
would make something else of a cut one."""


class Opened(NamedTuple):
    """A network that has been run once.

    Args:
        engine: holds it.
        seen: it, with the sizes of that run.
        outputs: of that run.
        reading: how it is to be used.
        varies: whether its input may have another size.
        stride: what the input is cut to multiples of, to be of the picture's shape; 0: it stays whole.
    """

    engine: OnnxEngine
    seen: Nature
    outputs: Mapping[str, NDArray[Any]]
    reading: Reading
    varies: bool
    stride: int


def open_network(nature: Nature, family: FamilyName, device: Device) -> Opened:
    """Load a network and run it once, or twice where its input is going to be cut.

    Args:
        nature: what `read_nature` read of its file.
        family: as the person says.
        device: where it runs.
    Raises: ModelError: see `OnnxEngine` and `recognize`.
    """
    if all(input_size(nature)):
        return _open_for_any_size(nature, family, device) or _first_run(
            OnnxEngine(nature, device), nature, family, varies=False
        )
    return _with_stride(_first_run(OnnxEngine(nature, device), nature, family, varies=True), nature, family)


def _open_for_any_size(nature: Nature, family: FamilyName, device: Device) -> Opened | None:
    """A network that states one size, opened for any; None where it hangs on its size after all."""
    if not _is_worth_a_trial(nature, family):
        return None
    try:
        with opened_copy(nature) as copy:
            engine = OnnxEngine(nature, device, copy) if copy is not None else None
        if engine is None or engine.device not in ("CPU", "CUDA"):  # others compile for each size anew
            return None
        opened = _with_stride(_first_run(engine, nature, family, varies=True), nature, family)
    except (OSError, MemoryError, WireError, ModelError) as error:
        _log.debug("%s: takes its own size alone (%s)", printable(nature.file), error)
        return None
    return opened if opened.stride else None


def _is_worth_a_trial(nature: Nature, family: FamilyName) -> bool:
    """Whether a network that states one size is made like those that take any."""
    known = all(port.shape and None not in port.shape[1:] for port in nature.outputs)
    if not known or not nature.operators <= _OF_NEIGHBOURHOODS:
        return False
    try:
        reading = recognize(nature, family)
    except ModelError:
        return False
    stride = reading.preparation.stride
    return reading.any_size and all(side % stride == 0 for side in input_size(nature))


def _first_run(engine: OnnxEngine, nature: Nature, family: FamilyName, *, varies: bool) -> Opened:
    feeds = blank_feeds(nature)
    outputs = engine.trial(feeds)
    seen = _with_sizes(nature, feeds, outputs)
    return Opened(engine, seen, outputs, recognize(seen, family), varies, stride=0)


def _with_stride(opened: Opened, nature: Nature, family: FamilyName) -> Opened:
    """The same, its input to be cut, where that is done in its family and goes well with another size."""
    stride = opened.reading.preparation.stride
    batch = picture_port(opened.seen).shape[0]
    if not stride or batch != 1:  # a batch has one size, its pictures a shape each
        return opened
    width, height = input_size(opened.seen)
    half_wh = (whole_cells(-(-width // 2), stride), whole_cells(-(-height // 2), stride))
    if half_wh == (width, height):
        return opened
    feeds = blank_feeds(nature, half_wh)
    try:
        seen = _with_sizes(nature, feeds, opened.engine.trial(feeds))
        again = recognize(seen, family) if opened.reading.any_size else opened.reading
    except ModelError as error:
        _log.debug("%s: takes no other size than %d x %d (%s)", printable(nature.file), width, height, error)
        return opened
    return opened._replace(stride=stride) if again.family == opened.reading.family else opened


def size_limit(nature: Nature, preparation: Preparation) -> tuple[int, int]:
    """Width and height of the input, or the greatest where it may vary."""
    stated = stated_size(nature) or (preparation.side, preparation.side)
    stride = max(preparation.stride, 1)
    whole = (min(whole_cells(side, stride), MAX_SIDE) for side in stated)
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


def _with_sizes(
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
