"""Write ONNX files: nodes, constants, and the graph around them, in Protocol Buffers' wire format.

Neither the schema nor the `onnx` package is needed. `pipeline.engines.wire` is the reader.

Source: onnx.proto of the ONNX project (field numbers); protobuf.dev, Encoding.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

IR_VERSION = 8
OPSET = 18

_VARINT, _BYTES, _FIXED32 = 0, 2, 5
_FLOAT_ATTRIBUTE, _INT_ATTRIBUTE, _STRING_ATTRIBUTE, _INTS_ATTRIBUTE = 1, 2, 3, 7  # AttributeProto.type
_ELEMENTS = {"float32": 1, "int64": 7}  # TensorProto.DataType

Attribute = float | int | str | Sequence[int]
Side = int | str
"""A size, or the name of a size that may vary."""

Message = list[bytes]
"""The bytes of a message in pieces, so that weights are not copied at each level."""


class OnnxGraph:
    """A graph that grows node by node; each method returns the name of the value that it adds."""

    def __init__(self) -> None:
        self._nodes: Message = []
        self._constants: Message = []
        self._inputs: Message = []
        self._outputs: Message = []
        self._names = 0

    def input(self, name: str, sides: Sequence[Side]) -> str:
        """Add an input of float32."""
        self._inputs += _nested(11, _value_info(name, sides))
        return name

    def output(self, value: str, name: str, sides: Sequence[Side]) -> None:
        """Make a value an output under a name of its own."""
        self._add_node("Identity", [value], name, {})
        self._outputs += _nested(12, _value_info(name, sides))

    def constant(self, values: NDArray[np.float32] | NDArray[np.int64]) -> str:
        """Add a constant; it has no shape if `values` has none."""
        name = self._new_name()
        content = np.ascontiguousarray(values, dtype=values.dtype.newbyteorder("<"))
        tensor = [b"".join(_number(1, side) for side in values.shape)]
        tensor += [_number(2, _ELEMENTS[values.dtype.name]), *_text(8, name)]
        tensor += _nested(9, [content.tobytes()])
        self._constants += _nested(5, tensor)
        return name

    def node(self, operator: str, *inputs: str, **attributes: Attribute) -> str:
        """Add an operation with one result.

        Args:
            operator: of ONNX's own, such as `Conv`.
            inputs: names of values; an optional one that is left out is empty.
            attributes: as the operator defines them.
        """
        name = self._new_name()
        self._add_node(operator, inputs, name, attributes)
        return name

    def content(self) -> bytes:
        """The file."""
        graph = [*self._nodes, *_text(2, "network"), *self._constants, *self._inputs, *self._outputs]
        opset = _nested(8, [_number(2, OPSET)])
        return b"".join([_number(1, IR_VERSION), *_nested(7, graph), *opset])

    def _new_name(self) -> str:
        self._names += 1
        return f"v{self._names}"

    def _add_node(
        self, operator: str, inputs: Iterable[str], output: str, attributes: dict[str, Attribute]
    ) -> None:
        node = [part for name in inputs for part in _text(1, name)]
        node += [*_text(2, output), *_text(4, operator)]
        for key, value in attributes.items():
            node += _nested(5, _attribute(key, value))
        self._nodes += _nested(1, node)


def _attribute(key: str, value: Attribute) -> Message:
    """An AttributeProto."""
    name = _text(1, key)
    if isinstance(value, str):
        return [*name, *_text(4, value), _number(20, _STRING_ATTRIBUTE)]
    if isinstance(value, float):
        packed = np.array(value, dtype="<f4").tobytes()
        return [*name, _key(2, _FIXED32) + packed, _number(20, _FLOAT_ATTRIBUTE)]
    if isinstance(value, int):
        return [*name, _number(3, value), _number(20, _INT_ATTRIBUTE)]
    return [*name, *(_number(8, one) for one in value), _number(20, _INTS_ATTRIBUTE)]


def _value_info(name: str, sides: Sequence[Side]) -> Message:
    """A ValueInfoProto of a float32 tensor."""
    dimensions: Message = []
    for side in sides:
        dimensions += _nested(1, _text(2, side) if isinstance(side, str) else [_number(1, side)])
    tensor = [_number(1, _ELEMENTS["float32"]), *_nested(2, dimensions)]
    return [*_text(1, name), *_nested(2, _nested(1, tensor))]


def _nested(number: int, message: Message) -> Message:
    """A field that is a message."""
    return [_key(number, _BYTES) + _varint(sum(map(len, message))), *message]


def _text(number: int, text: str) -> Message:
    return _nested(number, [text.encode()])


def _number(number: int, value: int) -> bytes:
    """A field that is a whole number; a negative one as its complement of 64 bits."""
    return _key(number, _VARINT) + _varint(value & 0xFFFF_FFFF_FFFF_FFFF)


def _key(number: int, kind: int) -> bytes:
    return _varint(number << 3 | kind)


def _varint(value: int) -> bytes:
    """7 bits a byte, least significant first."""
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)
