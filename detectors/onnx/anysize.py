"""Make a copy of an ONNX network whose input size is open, for files that state one although none is needed.

An exporter writes the size of its example input into the file, also if the network is made of convolutions
and no operator depends on it. Whether that is so is tested by running the copy with another size.

Source: onnx.proto of the ONNX project (field numbers); protobuf.dev, Encoding.
"""

from __future__ import annotations

import contextlib
import mmap
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator

from detectors.onnx.modelfile import MOST_FIELDS
from detectors.onnx.modelinfo import ModelInfo
from detectors.onnx.shapes import is_channels_last, picture_port
from pipeline.engines.wire import Field, Wire

_GRAPH = 7  # of a ModelProto
_RESERVED, _INPUT, _OUTPUT, _VALUE_INFO = 9, 11, 12, 13  # of a GraphProto; the first is reserved and ignored
_NAME = 1  # of a ValueInfoProto
_TO_SIDES = (2, 1, 2, 1)  # ValueInfoProto -> TypeProto -> its tensor_type -> TensorShapeProto -> Dimension
_DENOTATION = 3  # of a Dimension: a description for people; a dimension with only that has no size

_DESCRIPTORS = "/proc/self/fd/"
_WITH_GRAPHS = frozenset({"If", "Loop", "Scan"})
"""Operators with subgraphs, which state sizes of their own."""


@contextlib.contextmanager
def opened_copy(info: ModelInfo) -> Iterator[str | None]:
    """Copy the file into memory, with the input's height and width and all other stated sizes removed.

    The copy has the file's length, and a path while this context is open.

    Args:
        info: what `read_model_info` read of the file.
    Yields: the path; None if the file cannot be changed so (weights in other files, subgraphs, channels
        last).
    Raises:
        OSError: the file cannot be read, or there is no room.
        WireError: it was damaged after it was read.
    """
    port = picture_port(info)
    is_plain = not (info.data_files or info.operators & _WITH_GRAPHS or is_channels_last(port))
    if not is_plain:
        yield None
        return
    descriptor, path = _new_file()
    try:
        with open(info.file, "rb") as file, open(descriptor, "wb", closefd=False) as copy:
            shutil.copyfileobj(file, copy, 1 << 20)
        with mmap.mmap(descriptor, 0) as content:
            _open_sides(content, port.name)
        yield path
    finally:
        os.close(descriptor)
        if not path.startswith(_DESCRIPTORS):
            os.unlink(path)


def _new_file() -> tuple[int, str]:
    """Create a file in memory, or a temporary one if the system has none; returns its descriptor and path."""
    if hasattr(os, "memfd_create"):
        descriptor = os.memfd_create("network")
        return descriptor, f"{_DESCRIPTORS}{descriptor}"
    return tempfile.mkstemp(suffix=".onnx")


def _open_sides(content: mmap.mmap, picture: str) -> None:
    wire = Wire(content, MOST_FIELDS)
    for graph in _inside(wire, (Field(0, 0, 0, len(content), 0),), _GRAPH):
        for part in wire.iter_fields(graph.start, graph.end):
            if part.number == _VALUE_INFO and content[part.at] == _key(_VALUE_INFO):
                content[part.at] = _key(_RESERVED)  # sizes of inner values: the engine infers them
            elif part.number == _OUTPUT:  # the first dimension is the batch
                _open(content, list(_inside(wire, (part,), *_TO_SIDES))[1:])
            elif part.number == _INPUT and picture in map(wire.text, _inside(wire, (part,), _NAME)):
                _open(content, list(_inside(wire, (part,), *_TO_SIDES))[2:])


def _key(number: int) -> int:
    """The first byte of a field of text or of a message, for numbers below 16."""
    return number << 3 | 2


def _open(content: mmap.mmap, sides: Iterable[Field]) -> None:
    """Replace the size, or the name that stands for it, by a description of the same length."""
    for side in sides:
        length = side.end - side.start
        if 2 <= length < 130:  # a longer one is a name
            content[side.start : side.end] = bytes((_key(_DENOTATION), length - 2)) + b"-" * (length - 2)


def _inside(wire: Wire, messages: Iterable[Field], *numbers: int) -> Iterator[Field]:
    """Follow field numbers into nested messages: the first into each message, the second into those, ..."""
    if not numbers:
        yield from messages
        return
    for message in messages:
        fields = wire.iter_fields(message.start, message.end)
        parts = (field for field in fields if field.number == numbers[0] and field.end)
        yield from _inside(wire, parts, *numbers[1:])
