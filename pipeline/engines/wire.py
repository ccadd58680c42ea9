"""Read Protocol Buffers' wire format: the fields of a message one after the other, without copies.

An ONNX file is one such message. The time to read it does not depend on the size of its weights, and neither
the schema nor the `onnx` package is needed.

Source: protobuf.dev, Encoding.
"""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from typing import NamedTuple

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_FIXED_SIZES = {_FIXED64: 8, _FIXED32: 4}
_MOST_VARINT_BYTES = 10


class WireError(Exception):
    """The bytes are not a message: they are cut off, damaged, or of another format."""


class Field(NamedTuple):
    """One field of a message.

    Args:
        number: as the schema counts.
        value: a whole number; 0 for a field of bytes.
        start, end: positions of its bytes, half-open; both 0 for a whole number.
        at: position of the field's key.
    """

    number: int
    value: int
    start: int
    end: int
    at: int


class Wire:
    """The messages inside a buffer.

    Args:
        buffer: bytes, or a file mapped into memory.
        most_fields: the limit of fields that are read, so that no file keeps its reader busy for ever.
    """

    def __init__(self, buffer: bytes | mmap.mmap, most_fields: int) -> None:
        self._buffer = buffer
        self._left = most_fields

    def iter_fields(self, start: int, end: int) -> Iterator[Field]:
        """Iterate over the fields of the message at `start` to `end`, in the file's order.

        Raises: WireError: it is not a message, or there are too many fields.
        """
        position = start
        while position < end:
            self._left -= 1
            if self._left < 0:
                raise WireError("it has more parts than any network")
            at = position
            key, position = self._varint(position, end)
            number, kind = key >> 3, key & 7
            if number == 0:
                raise WireError("a field has the number 0")
            if kind == _VARINT:
                value, position = self._varint(position, end)
                yield Field(number, value, 0, 0, at)
                continue
            if kind == _BYTES:
                size, position = self._varint(position, end)
            elif kind in _FIXED_SIZES:
                size = _FIXED_SIZES[kind]
            else:
                raise WireError(f"a field has the type {kind}")
            if size > end - position:
                raise WireError("it ends in the middle of a field")
            yield Field(number, 0, position, position + size, at)
            position += size

    def text(self, field: Field, most_bytes: int = 1 << 20) -> str:
        """Decode a field of text.

        Raises: WireError: longer than `most_bytes`.
        """
        if field.end - field.start > most_bytes:
            raise WireError("a name is longer than a megabyte")
        return bytes(self._buffer[field.start : field.end]).decode("utf-8", "replace")

    def _varint(self, position: int, end: int) -> tuple[int, int]:
        """Decode a varint: 7 bits a byte, least significant first; returns it and the next position."""
        value = 0
        for index in range(_MOST_VARINT_BYTES):
            if position >= end:
                raise WireError("it ends in the middle of a number")
            byte = self._buffer[position]
            position += 1
            value |= (byte & 0x7F) << (7 * index)
            if byte < 0x80:
                return value & 0xFFFF_FFFF_FFFF_FFFF, position
        raise WireError("a number does not end")

    def numbers(self, field: Field) -> Iterator[int]:
        """Decode a repeated field of whole numbers, packed or not."""
        if field.end == 0:
            yield field.value
            return
        position = field.start
        while position < field.end:
            self._left -= 1
            if self._left < 0:
                raise WireError("it has more parts than any network")
            value, position = self._varint(position, field.end)
            yield value
