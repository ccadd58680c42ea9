"""Properties of a network that follow from its inputs, outputs and metadata, without an engine."""

from __future__ import annotations

import ast
from typing import Any

from detectors.onnx.modelinfo import ModelInfo, Port
from pipeline.errors import ModelError
from pipeline.text import printable

_YUNET_OUTPUTS = {f"{kind}_{stride}" for kind in ("cls", "obj", "bbox", "kps") for stride in (8, 16, 32)}
MAX_SIDE = 4096
MAX_BATCH = 64
MOST_METADATA_CHARS = 1 << 20
_RAW_HEAD_RANK = 5
SIZE_INPUT = "orig_target_sizes"
"""RT-DETR's and D-FINE's second input, (batch, 2): width and height of the picture that boxes refer to."""


def is_yunet(info: ModelInfo) -> bool:
    """Whether the outputs are those of a YuNet of 2023 or later, which finds faces."""
    return {port.key for port in info.outputs} == _YUNET_OUTPUTS


def picture_input(info: ModelInfo) -> Port | None:
    """The input for the picture: the first of rank 4 with three channels or open dimensions; or None."""
    for port in info.inputs:
        if len(port.shape) == 4 and (3 in (port.shape[1], port.shape[3]) or None in port.shape[1::2]):
            return port
    return None


def picture_port(info: ModelInfo) -> Port:
    """The input for the picture.

    Raises: ModelError: there is none.
    """
    port = picture_input(info)
    if port is None or port.element not in ("float32", "float16", "uint8"):
        inputs = printable(", ".join(str(port) for port in info.inputs) or "nothing")
        raise ModelError(
            f"{printable(info.file)}: takes {inputs}, no colour picture; give a detector of photos"
        )
    return port


def is_channels_last(port: Port) -> bool:
    """Whether the input is (height, width, 3), as in TensorFlow, not (3, height, width)."""
    if port.shape[3] == 3 or port.shape[1] == 3:
        return port.shape[1] != 3
    return port.element == "uint8"


def input_size(info: ModelInfo) -> tuple[int, int]:
    """Width and height of the input; 0 if open."""
    port = picture_input(info)
    if port is None:
        return (0, 0)
    height, width = port.shape[1:3] if is_channels_last(port) else port.shape[2:4]
    return (width or 0, height or 0)


def rows_output(info: ModelInfo) -> Port | None:
    """The output of rank 3, (batch, A, B), of a network that has one table of boxes; None for any other.

    YOLOv9's dual head has two tables of one shape. YOLOv5's files of 2020 have raw heads of rank 5 too.
    """
    ports = [port for port in info.outputs if len(port.shape) != _RAW_HEAD_RANK]
    one_table = ports and all(len(port.shape) == 3 and port.shape == ports[0].shape for port in ports)
    return ports[0] if one_table else None


def results_version(info: ModelInfo) -> int:
    """The version of the results of a network; see `Component.results_version`.

    It is 2 for networks whose output is a table of boxes, except Megvii's YOLOX: with that version they are
    recognized by more than shapes and suppressed as in their exporters' own runtimes.
    """
    port = rows_output(info)
    if port is None or port.shape[2] == 6:
        return 1
    width, height = input_size(info)
    cells = sum((width // side) * (height // side) for side in (8, 16, 32))
    return 1 if port.key == "output" and port.shape[1] == cells else 2


def is_ultralytics(info: ModelInfo) -> bool:
    """Whether Ultralytics' exporter has written the file's metadata."""
    return info.metadata.get("author") == "Ultralytics" and "stride" in info.metadata


def stride(info: ModelInfo) -> int:
    """The metadata's stride, of which the sides of an open input must be multiples; else 32."""
    value = literal(info, "stride")
    return value if isinstance(value, int) and 1 <= value <= 256 else 32


def stated_size(info: ModelInfo) -> tuple[int, int] | None:
    """Width and height of the metadata's `imgsz`, or None."""
    value = literal(info, "imgsz")
    match value:
        case [int(height), int(width)] if height > 0 and width > 0:
            return (width, height)
        case int(side) if side > 0:
            return (side, side)
    return None


def literal(info: ModelInfo, key: str) -> Any:
    """Parse a value of the metadata that is a Python literal, as Ultralytics writes it; executes nothing.

    Returns None if the text is missing, too long or not a literal.
    """
    text = info.metadata.get(key, "")
    if not text or len(text) > MOST_METADATA_CHARS:
        return None
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return None


def check_inputs(info: ModelInfo) -> None:
    """Check that a network's input is a photo of an acceptable size.

    Raises: ModelError: it is not; the message describes the input.
    """
    port, shown = picture_port(info), printable(info.file)
    if max(input_size(info)) > MAX_SIDE or (port.shape[0] or 1) > MAX_BATCH:
        raise ModelError(
            f"{shown}: takes {printable(str(port))}; at most {MAX_BATCH} pictures of {MAX_SIDE} x {MAX_SIDE} "
            "pixels are run here"
        )
    for other in info.inputs:
        if other is not port and other.name != SIZE_INPUT:
            raise ModelError(
                f"{shown}: wants a second input, {printable(str(other))}; only a detector that takes a "
                f"picture, and maybe {SIZE_INPUT}, is run here"
            )
