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
from detectors.onnx.family import OutputFormat, Preparation
from detectors.onnx.modelinfo import ModelInfo, Port
from detectors.onnx.shapes import MAX_SIDE, input_size, is_channels_last, picture_port, stated_size
from detectors.onnx.wire import WireError
from detectors.onnx.yolox import YOLOX_STRIDE, yolox_rows
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
        output_format: how it is to be used.
        varies: whether its input may have another size.
        stride: what the input is cut to multiples of, to be of the picture's shape; 0: it stays whole.
    """

    engine: OnnxEngine
    seen: ModelInfo
    outputs: Mapping[str, NDArray[Any]]
    output_format: OutputFormat
    varies: bool
    stride: int


def open_network(info: ModelInfo, family: FamilyName, device: Device) -> Opened:
    """Load a network and run it once, or twice where its input is going to be cut.

    Args:
        info: what `read_model_info` read of its file.
        family: as the person says.
        device: where it runs.
    Raises: ModelError: see `OnnxEngine` and `recognize`.
    """
    if all(input_size(info)):
        return _open_for_any_size(info, family, device) or _first_run(
            OnnxEngine(info, device), info, family, varies=False
        )
    return _with_stride(_first_run(OnnxEngine(info, device), info, family, varies=True), info, family)


def _open_for_any_size(info: ModelInfo, family: FamilyName, device: Device) -> Opened | None:
    """A network that states one size, opened for any; None where it hangs on its size after all."""
    if not _is_worth_a_trial(info, family):
        return None
    try:
        with opened_copy(info) as copy:
            engine = OnnxEngine(info, device, copy) if copy is not None else None
        if engine is None or engine.device not in ("CPU", "CUDA"):  # others compile for each size anew
            return None
        opened = _with_stride(_first_run(engine, info, family, varies=True), info, family)
    except (OSError, MemoryError, WireError, ModelError) as error:
        _log.debug("%s: takes its own size alone (%s)", printable(info.file), error)
        return None
    return opened if opened.stride else None


def _is_worth_a_trial(info: ModelInfo, family: FamilyName) -> bool:
    """Whether a network that states one size is made like those that take any: YOLOX, not decoded.

    Whether it is YOLOX is recognized from its first run.
    """
    known = all(port.shape and None not in port.shape[1:] for port in info.outputs)
    if family not in ("auto", "yolox") or not known or not info.operators <= _OF_NEIGHBOURHOODS:
        return False
    return yolox_rows(info) is not None and all(side % YOLOX_STRIDE == 0 for side in input_size(info))


def _first_run(engine: OnnxEngine, info: ModelInfo, family: FamilyName, *, varies: bool) -> Opened:
    feeds = synthetic_feeds(info)
    outputs = engine.trial(feeds)
    seen = _with_sizes(info, feeds, outputs)
    return Opened(engine, seen, outputs, recognize(seen, outputs, family), varies, stride=0)


def _with_stride(opened: Opened, info: ModelInfo, family: FamilyName) -> Opened:
    """The same, its input to be cut, where that is done in its family and goes well with another size."""
    stride = opened.output_format.preparation.stride
    batch = picture_port(opened.seen).shape[0]
    if not stride or batch != 1:  # a batch has one size, its pictures a shape each
        return opened
    width, height = input_size(opened.seen)
    half_wh = (whole_cells(-(-width // 2), stride), whole_cells(-(-height // 2), stride))
    if half_wh == (width, height):
        return opened
    feeds = synthetic_feeds(info, half_wh)
    try:
        outputs = opened.engine.trial(feeds)
        seen = _with_sizes(info, feeds, outputs)
        again = recognize(seen, outputs, family) if opened.output_format.any_size else opened.output_format
    except ModelError as error:
        _log.debug("%s: takes no other size than %d x %d (%s)", printable(info.file), width, height, error)
        return opened
    return opened._replace(stride=stride) if again.family == opened.output_format.family else opened


def size_limit(info: ModelInfo, preparation: Preparation) -> tuple[int, int]:
    """Width and height of the input, or the greatest where it may vary."""
    stated = stated_size(info) or (preparation.side, preparation.side)
    stride = max(preparation.stride, 1)
    whole = (min(whole_cells(side, stride), MAX_SIDE) for side in stated)
    width, height = (own or other for own, other in zip(input_size(info), whole, strict=True))
    return (width, height)


def synthetic_feeds(info: ModelInfo, input_wh: tuple[int, int] | None = None) -> dict[str, NDArray[Any]]:
    """Inputs for a run: a picture of slopes of colour, and its size where a network asks for it.

    Args:
        info: what `read_model_info` read of the network.
        input_wh: width and height of the pictures; None: the network's own, or the greatest it is given.
    Returns: an input's name -> its values, pixels from 0 to 1, or to 255 where the input takes bytes.
    """
    port = picture_port(info)
    width, height = input_wh = input_wh or size_limit(info, Preparation(stride=32))
    batch = port.shape[0] or 1
    down, across = np.mgrid[0 : 1 : height * 1j, 0 : 1 : width * 1j].astype(np.float32)
    picture = np.stack((across, down, 1 - across), axis=-1 if is_channels_last(port) else 0)
    picture = picture * 255 if port.element == "uint8" else picture
    feeds: dict[str, NDArray[Any]] = {port.name: np.stack([picture] * batch).astype(port.element)}
    for other in info.inputs:
        if other is not port:
            feeds[other.name] = size_values(other, input_wh, batch)
    return feeds


def size_values(port: Port, input_wh: tuple[int, int], batch: int) -> NDArray[Any]:
    """The input's own size for RT-DETR's second input, so that boxes come back in its pixels."""
    element = port.element if port.element in ("int32", "float32") else "int64"
    return np.array([input_wh] * batch, dtype=element)


def _with_sizes(
    info: ModelInfo, feeds: Mapping[str, NDArray[Any]], outputs: Mapping[str, NDArray[Any]]
) -> ModelInfo:
    """The network with the sizes of a run that went well.

    Args:
        info: of the file.
        feeds: what went in, by name.
        outputs: what came out, by key.
    """
    return replace(
        info,
        inputs=tuple(replace(port, shape=feeds[port.name].shape) for port in info.inputs),
        outputs=tuple(replace(port, shape=outputs[port.key].shape) for port in info.outputs),
    )
