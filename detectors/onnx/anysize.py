"""The bytes of an ONNX network with the size of its picture left open, where it may only have been stated.

An exporter writes the sizes of its example into a network of convolutions, though nothing in there depends
on them. Whether it was so, is seen from how an engine takes another size.

Source: onnx.proto of the ONNX project (field numbers); protobuf.dev, Encoding.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from detectors.onnx.modelfile import MOST_FIELDS
from detectors.onnx.nature import Nature
from detectors.onnx.shapes import is_channels_last, picture_port
from detectors.onnx.wire import Field, Wire

_GRAPH = 7  # of a ModelProto
_RESERVED, _INPUT, _OUTPUT, _VALUE_INFO = 9, 11, 12, 13  # of a GraphProto; the first means nothing to anybody
_NAME = 1  # of a ValueInfoProto
_TO_SIDES = (2, 1, 2, 1)  # ValueInfoProto -> TypeProto -> its tensor_type -> TensorShapeProto -> Dimension
_DENOTATION = 3  # of a Dimension: tells people its meaning; with that alone it has no size

_WITH_GRAPHS = frozenset({"If", "Loop", "Scan"})
"""Operators that hold graphs of their own, and more sizes in them."""


def with_open_sides(nature: Nature) -> bytes | None:
    """The file's content, but height and width of its picture, and whatever is stated besides, unknown.

    Args:
        nature: what `read_nature` read of the file.
    Returns: as many bytes as the file has; None where it is not made for that: weights in other files, graphs
        inside graphs, channels last.
    Raises:
        OSError: the file cannot be read.
        WireError: it has been damaged since.
    """
    port = picture_port(nature)
    if nature.data_files or nature.operators & _WITH_GRAPHS or is_channels_last(port):
        return None
    with open(nature.file, "rb") as stream:
        content = bytearray(stream.read())
    wire = Wire(content, MOST_FIELDS)
    for graph in _inside(wire, (Field(0, 0, 0, len(content)),), _GRAPH):
        at = graph.start
        for part in wire.iter_fields(graph.start, graph.end):
            if part.number == _VALUE_INFO:  # of what flows inside: an engine infers it
                content[at] = _key(_RESERVED)
            elif part.number == _OUTPUT:  # its first side is the batch
                _open(content, list(_inside(wire, (part,), *_TO_SIDES))[1:])
            elif part.number == _INPUT and port.name in map(wire.text, _inside(wire, (part,), _NAME)):
                _open(content, list(_inside(wire, (part,), *_TO_SIDES))[2:])
            at = part.end
    return bytes(content)


def _key(number: int) -> int:
    """What a field of text or of a message begins with, for numbers below 16."""
    return number << 3 | 2


def _open(content: bytearray, sides: Iterable[Field]) -> None:
    """Put a text as long as the size, or as the name that stands for it, in its place."""
    for side in sides:
        length = side.end - side.start
        if 2 <= length < 130:  # a longer one is a name
            content[side.start : side.end] = bytes((_key(_DENOTATION), length - 2)) + b"-" * (length - 2)


def _inside(wire: Wire, messages: Iterable[Field], *numbers: int) -> Iterator[Field]:
    """What lies in the messages under the first of the numbers, in that under the second, and so on."""
    if not numbers:
        yield from messages
        return
    for message in messages:
        fields = wire.iter_fields(message.start, message.end)
        parts = (field for field in fields if field.number == numbers[0] and field.end)
        yield from _inside(wire, parts, *numbers[1:])
