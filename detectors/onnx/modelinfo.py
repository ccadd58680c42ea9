"""The description of an ONNX network: inputs, outputs, metadata, operators.

Source: onnx.proto of the ONNX project (field numbers), IR.md (external data).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

STANDARD_DOMAINS = frozenset({"", "ai.onnx"})
"""Domains of operators that every runtime has."""

ELEMENT_TYPES = {1: "float32", 2: "uint8", 6: "int32", 7: "int64", 10: "float16", 11: "float64"}
"""TensorProto.DataType -> numpy's name, of the types that pictures and boxes have."""


@dataclass(frozen=True, slots=True)
class Port:
    """An input or an output.

    Args:
        name: as the graph calls it.
        element: numpy's name of its type, or `type N` for a type that no detector uses.
        shape: None for an open dimension; empty if the file does not state a shape.
    """

    name: str
    element: str
    shape: tuple[int | None, ...]

    @property
    def key(self) -> str:
        """The name without TensorFlow's `:0`."""
        return self.name.partition(":")[0]

    def __str__(self) -> str:
        sides = " x ".join("any" if side is None else str(side) for side in self.shape)
        return f"{self.name} ({sides or 'unknown'} {self.element})"


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """What is known of a network before it is run; after its first run also the sizes of its outputs.

    Args:
        file: its path, for error sentences.
        inputs, outputs: in the graph's order; constants that old files list as inputs are left out.
        metadata: key -> text.
        operators: names of all operators in the graph, its subgraphs and functions.
        data_files: files beside it that hold its weights.
        patch_px: side of the patches that its first convolution cuts the picture into, as vision transformers
            do (a stride as large as the kernel, at least 8); 0 for any other first convolution.
    """

    file: str
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    metadata: Mapping[str, str] = field(default_factory=dict)
    operators: frozenset[str] = frozenset()
    data_files: tuple[Path, ...] = ()
    patch_px: int = 0

    def output(self, name: str) -> Port | None:
        """The output of that name, with or without TensorFlow's `:0`."""
        for port in self.outputs:
            if port.key == name:
                return port
        return None

    @property
    def outputs_in_words(self) -> str:
        """All outputs with their shapes, for error sentences."""
        return ", ".join(str(port) for port in self.outputs)
