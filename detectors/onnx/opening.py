"""Load an ONNX file, run it for the first time, and find out whether its input may have other sizes."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from detectors.boxes import whole_cells
from detectors.onnx.anysize import opened_copy
from detectors.onnx.engine import OnnxEngine
from detectors.onnx.families import recognize
from detectors.onnx.family import OutputFormat, Preparation
from detectors.onnx.modelinfo import ModelInfo, Port
from detectors.onnx.shapes import MAX_SIDE, input_size, is_channels_last, picture_port, stated_size
from detectors.onnx.yolox import YOLOX_STRIDE, yolox_rows
from detectors.onnxchoices import Device, FamilyName
from pipeline.engines.wire import WireError
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
"""Operators whose outputs depend only on nearby pixels. Others, such as a mean over the whole picture, give
other results for a cut input."""


class Opened(NamedTuple):
    """A network that has been run once.

    Args:
        engine: the engine that holds it.
        seen: its description, with the sizes of that run.
        outputs: of that run.
        output_format: as recognized.
        varies: whether its input may have another size.
        stride: the input is cut to the picture's shape, with sides that are multiples of this; 0: it is not.
    """

    engine: OnnxEngine
    seen: ModelInfo
    outputs: Mapping[str, NDArray[Any]]
    output_format: OutputFormat
    varies: bool
    stride: int


def open_network(info: ModelInfo, family: FamilyName, device: Device) -> Opened:
    """Load a network and run it once, or twice if its input may be cut.

    Args:
        info: what `read_model_info` read of its file.
        family: as in the pipeline file.
        device: where it runs.
    Raises: ModelError: see `OnnxEngine` and `recognize`.
    """
    if all(input_size(info)):
        return _open_for_any_size(info, family, device) or _first_run(
            OnnxEngine(info, device), info, family, varies=False
        )
    return _with_stride(_first_run(OnnxEngine(info, device), info, family, varies=True), info, family)


def _open_for_any_size(info: ModelInfo, family: FamilyName, device: Device) -> Opened | None:
    """Open a network that states one size for any size; None if it depends on its size."""
    if not _is_worth_a_trial(info, family):
        return None
    try:
        with opened_copy(info) as copy:
            engine = OnnxEngine(info, device, copy) if copy is not None else None
        if engine is None or engine.device not in ("CPU", "CUDA"):  # others compile again for each size
            return None
        opened = _with_stride(_first_run(engine, info, family, varies=True), info, family)
    except (OSError, MemoryError, WireError, ModelError) as error:
        _log.debug("%s: takes its own size alone (%s)", printable(info.file), error)
        return None
    return opened if opened.stride else None


def _is_worth_a_trial(info: ModelInfo, family: FamilyName) -> bool:
    """Whether a network that states one size may accept others: whether it may be YOLOX, not decoded.

    Its first run shows whether it is YOLOX.
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
    """Set `stride` if inputs of the family are cut and a run with another size succeeds."""
    stride = opened.output_format.preparation.stride
    batch = picture_port(opened.seen).shape[0]
    if not stride or batch != 1:  # the pictures of a batch have different shapes
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
    """Width and height of the input, or the greatest if they are open."""
    stated = stated_size(info) or (preparation.side, preparation.side)
    stride = max(preparation.stride, 1)
    whole = (min(whole_cells(side, stride), MAX_SIDE) for side in stated)
    width, height = (own or other for own, other in zip(input_size(info), whole, strict=True))
    return (width, height)


def synthetic_feeds(info: ModelInfo, input_wh: tuple[int, int] | None = None) -> dict[str, NDArray[Any]]:
    """Make inputs for a run: a picture of colour gradients, and its size if the network has such an input.

    Args:
        info: what `read_model_info` read of the network.
        input_wh: width and height of the pictures; None: the network's own, or the greatest.
    Returns: an input's name -> its values; pixels are from 0 to 1, or to 255 if the input is of bytes.
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
    """Values of RT-DETR's second input: the input's own size, so that boxes are in its pixels."""
    element = port.element if port.element in ("int32", "float32") else "int64"
    return np.array([input_wh] * batch, dtype=element)


def _with_sizes(
    info: ModelInfo, feeds: Mapping[str, NDArray[Any]], outputs: Mapping[str, NDArray[Any]]
) -> ModelInfo:
    """Add the sizes of a run to a network's description.

    Args:
        info: of the file.
        feeds: the run's inputs, by name.
        outputs: the run's outputs, by key.
    """
    return replace(
        info,
        inputs=tuple(replace(port, shape=feeds[port.name].shape) for port in info.inputs),
        outputs=tuple(replace(port, shape=outputs[port.key].shape) for port in info.outputs),
    )
