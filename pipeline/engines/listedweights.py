"""ONNX files that list their weights among the graph's inputs, as all files up to IR version 3 do.

ONNX Runtime takes that to mean that a caller may replace the weights, and folds and fuses nothing with them:
SFace then takes 24 ms in place of 20. No weights are replaced here, so a copy without the list is run.

Source: onnx.proto of the ONNX project (field numbers); IR.md, "Graphs".
"""

from __future__ import annotations

import mmap
import os
from collections.abc import Iterable

from pipeline.engines.wire import Field, Wire, WireError

_MOST_FIELDS = 1_000_000
_IR_VERSION, _GRAPH = 1, 7  # of a ModelProto
_INITIALIZER, _RESERVED, _INPUT = 5, 9, 11  # of a GraphProto; the second is ignored
_TENSOR_NAME, _DATA_LOCATION = 8, 14  # of a TensorProto
_VALUE_NAME = 1  # of a ValueInfoProto
_LEAST_VERSION = 4


def without_listed_weights(file: str | os.PathLike[str]) -> bytes | None:
    """Return a file's content without its weights among the inputs; None if none are listed.

    None too if a weight lies in another file, or if the file is damaged, which its engine reports.

    Raises: OSError: it cannot be read.
    """
    with open(os.fsencode(file), "rb") as stream:
        if not os.fstat(stream.fileno()).st_size:
            return None
        with mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as content:
            try:
                places = _listed(Wire(content, _MOST_FIELDS), len(content))
            except WireError:
                return None
            if not places.inputs:
                return None
            copy = bytearray(content)
    for at in places.inputs:
        copy[at] = _RESERVED << 3 | 2
    if places.version is not None and copy[places.version] < _LEAST_VERSION:
        copy[places.version] = _LEAST_VERSION  # up to 3 each weight had to be listed
    return bytes(copy)


class _Places:
    """Positions in a file: of the keys of inputs that are weights, and of the number of the IR version."""

    def __init__(self) -> None:
        self.inputs: list[int] = []
        self.version: int | None = None


def _listed(wire: Wire, size: int) -> _Places:
    """Find what has to change; nothing if a weight lies in another file.

    Raises: WireError: it is no whole ONNX file.
    """
    places = _Places()
    for part in wire.iter_fields(0, size):
        if part.number == _IR_VERSION and not part.end:
            places.version = part.at + 1
        elif part.number == _GRAPH and part.end:
            weights: set[str] = set()
            inputs: list[tuple[str, int]] = []
            for inside in wire.iter_fields(part.start, part.end):
                if inside.number == _INITIALIZER and inside.end:
                    fields = list(wire.iter_fields(inside.start, inside.end))
                    if any(field.number == _DATA_LOCATION and field.value for field in fields):
                        return _Places()
                    weights.add(_name(wire, fields, _TENSOR_NAME))
                elif inside.number == _INPUT and inside.end:
                    fields = list(wire.iter_fields(inside.start, inside.end))
                    inputs.append((_name(wire, fields, _VALUE_NAME), inside.at))
            places.inputs += [at for name, at in inputs if name in weights]
    return places


def _name(wire: Wire, fields: Iterable[Field], number: int) -> str:
    return next((wire.text(field) for field in fields if field.number == number and field.end), "")
