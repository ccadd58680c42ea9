"""Read an `.onnx` file's `ModelInfo`, and check that the file is whole, standard, and in one folder."""

from __future__ import annotations

import functools
import mmap
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from detectors.onnx.modelinfo import ELEMENT_TYPES, STANDARD_DOMAINS, ModelInfo, Port
from pipeline.engines.wire import Field, Wire, WireError
from pipeline.errors import ModelError
from pipeline.text import printable

MOST_FIELDS = 4_000_000
"""A network of a thousand layers has about 50,000 fields."""
MOST_DEPTH = 16
"""Most levels of subgraphs."""

NAMES_ENDINGS = (".names", ".yaml", ".yml")
"""Suffixes of files of class names, in the order in which they are looked for."""

_LEAST_PATCH_PX = 8
_EXTERNAL = 1  # TensorProto.DataLocation


def read_model_info(path: Path) -> ModelInfo:
    """Read the description of a network from its ONNX file.

    Raises: ModelError: it cannot be read, is cut off, damaged or not an ONNX file, uses operators that
        are not ONNX's own, or keeps weights outside its folder.
    """
    shown = printable(path)
    try:
        status = os.stat(path)
        return _read_model_info(path, status.st_size, status.st_mtime_ns)
    except OSError as error:
        raise ModelError(f"{shown}: cannot be read ({error.strerror})") from None
    except (WireError, RecursionError) as error:
        raise ModelError(f"{shown}: is no whole ONNX file ({error}); fetch or export it again") from None


@functools.lru_cache(maxsize=8)
def _read_model_info(path: Path, size: int, mtime_ns: int) -> ModelInfo:
    """As `read_model_info`, cached by size and time: checking a pipeline asks for it several times."""
    shown = printable(path)
    if not size:
        raise ModelError(f"{shown}: is empty; fetch or export it again")
    with open(path, "rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as buffer:
        if buffer[:7] == b"version" and b"git-lfs" in buffer[:64]:
            raise ModelError(f"{shown}: is a Git LFS pointer, not the network; fetch the file itself")
        return _ModelReader(path, buffer).read(len(buffer))


def files_of(path: Path) -> list[Path]:
    """List an ONNX file, the files of its weights, and the files of class names beside it.

    Raises: ModelError: as `read_model_info`.
    """
    beside = [path.with_suffix(ending) for ending in NAMES_ENDINGS]
    return [path, *read_model_info(path).data_files, *(file for file in beside if file.is_file())]


def _patch_px(convolution: Mapping[str, Sequence[int]]) -> int:
    """See `ModelInfo.patch_px`; takes the convolution's attributes."""
    kernel, strides = list(convolution.get("kernel_shape", ())), list(convolution.get("strides", ()))
    return kernel[0] if kernel and kernel == strides and kernel[0] >= _LEAST_PATCH_PX else 0


class _ModelReader:
    """Reads one file and collects the values of `ModelInfo`."""

    def __init__(self, path: Path, buffer: mmap.mmap) -> None:
        self._path = path
        self._shown = printable(path)
        self._wire = Wire(buffer, MOST_FIELDS)
        self._operators: dict[tuple[str, str], None] = {}
        self._functions: set[tuple[str, str]] = set()
        self._data_files: dict[Path, None] = {}
        self._metadata: dict[str, str] = {}
        self._first_convolution: dict[str, list[int]] | None = None

    def read(self, size: int) -> ModelInfo:
        """Read the ModelProto that is the whole file."""
        ports: tuple[list[Port], list[Port]] | None = None
        for part in self._wire.iter_fields(0, size):
            if part.number == 7 and part.end:  # graph
                ports = self._graph(part, 0)
            elif part.number == 14 and part.end:  # metadata_props
                key, value = self._pair(part)
                self._metadata[key] = value
            elif part.number == 25 and part.end:  # functions
                self._function(part)
        if ports is None or not ports[1]:
            raise WireError("there is no graph in it")
        foreign = [f"{domain}.{name}" for domain, name in self._operators if self._is_foreign(domain, name)]
        if foreign:
            raise ModelError(
                f"{self._shown}: uses operators that are not ONNX's own ({', '.join(sorted(foreign)[:3])}); "
                "export it again without custom operators"
            )
        return ModelInfo(
            file=os.fspath(self._path),
            inputs=tuple(ports[0]),
            outputs=tuple(ports[1]),
            metadata=self._metadata,
            operators=frozenset(name for _, name in self._operators),
            data_files=tuple(self._data_files),
            patch_px=_patch_px(self._first_convolution or {}),
        )

    def _is_foreign(self, domain: str, name: str) -> bool:
        return domain not in STANDARD_DOMAINS and (domain, name) not in self._functions

    def _graph(self, graph: Field, depth: int) -> tuple[list[Port], list[Port]]:
        """A GraphProto: its inputs, without constants, and its outputs."""
        if depth > MOST_DEPTH:
            raise WireError(f"graphs lie more than {MOST_DEPTH} deep in each other")
        inputs, outputs = [], []
        constants = set()
        for part in self._inside(graph):
            if part.number == 1:  # node
                self._node(part, depth)
            elif part.number == 5:  # initializer
                constants.add(self._tensor(part))
            elif part.number == 11:  # input
                inputs.append(self._port(part))
            elif part.number == 12:  # output
                outputs.append(self._port(part))
        return [port for port in inputs if port.name not in constants], outputs

    def _function(self, function: Field) -> None:
        """A FunctionProto: an operator that the file defines by others."""
        name = domain = ""
        for part in self._inside(function):
            if part.number == 1:
                name = self._wire.text(part)
            elif part.number == 7:
                self._node(part, 0)
            elif part.number == 10:
                domain = self._wire.text(part)
        self._functions.add((domain, name))

    def _node(self, node: Field, depth: int) -> None:
        name = domain = ""
        attributes = []
        for part in self._inside(node):
            if part.number == 4:  # op_type
                name = self._wire.text(part)
            elif part.number == 7:  # domain
                domain = self._wire.text(part)
            elif part.number == 5:  # attribute
                attributes.append(part)
                for value in self._inside(part):
                    if value.number in (6, 11):  # g, graphs
                        self._graph(value, depth + 1)
                    elif value.number in (5, 10):  # t, tensors
                        self._tensor(value)
        self._operators[domain, name] = None
        if name == "Conv" and self._first_convolution is None:
            self._first_convolution = dict(map(self._whole_numbers, attributes))

    def _whole_numbers(self, attribute: Field) -> tuple[str, list[int]]:
        """An AttributeProto's name, and its values if it is a list of whole numbers."""
        name = ""
        values: list[int] = []
        for part in self._wire.iter_fields(attribute.start, attribute.end):
            if part.number == 1 and part.end:
                name = self._wire.text(part)
            elif part.number == 8:  # ints
                values += self._wire.numbers(part)
        return name, values

    def _tensor(self, tensor: Field) -> str:
        """A TensorProto's name; records the file of its values, if they are in one."""
        name, location, external = "", 0, {}
        for part in self._wire.iter_fields(tensor.start, tensor.end):
            if part.number == 8 and part.end:
                name = self._wire.text(part)
            elif part.number == 13 and part.end:  # external_data
                key, value = self._pair(part)
                external[key] = value
            elif part.number == 14:  # data_location
                location = part.value
        if location == _EXTERNAL:
            self._data_files[self._data_file(external.get("location", ""))] = None
        return name

    def _data_file(self, location: str) -> Path:
        """The file of weights that a tensor names, if it lies in the network's own folder."""
        folder = os.path.realpath(self._path.parent)
        target = os.path.realpath(os.path.join(folder, location.replace("\0", "")))
        if not location or os.path.isabs(location) or os.path.commonpath((folder, target)) != folder:
            raise ModelError(
                f'{self._shown}: keeps weights in "{printable(location)}", outside its own folder; such a '
                "file is not opened"
            )
        if not os.path.isfile(target):
            raise ModelError(
                f'{self._shown}: its weights lie in "{printable(location)}", which is not beside it; copy '
                "that file too"
            )
        return Path(folder, location)

    def _port(self, port: Field) -> Port:
        """A ValueInfoProto."""
        name, element = "", "unknown"
        shape: list[int | None] = []
        for part in self._inside(port):
            if part.number == 1:
                name = self._wire.text(part)
            elif part.number == 2:  # type
                for kind in self._inside(part):
                    if kind.number == 1:  # tensor_type
                        element, shape = self._tensor_type(kind)
        return Port(name, element, tuple(shape))

    def _tensor_type(self, kind: Field) -> tuple[str, list[int | None]]:
        element = "unknown"
        shape: list[int | None] = []
        for part in self._wire.iter_fields(kind.start, kind.end):
            if part.number == 1:
                element = ELEMENT_TYPES.get(part.value, f"type {part.value}")
            elif part.number == 2 and part.end:
                for side in self._inside(part):
                    values = self._wire.iter_fields(side.start, side.end)
                    known = [value.value for value in values if value.number == 1 and not value.end]
                    shape.append(known[0] if known and 0 < known[0] < 1 << 63 else None)
        return element, shape

    def _pair(self, pair: Field) -> tuple[str, str]:
        """A StringStringEntryProto."""
        key = value = ""
        for part in self._inside(pair):
            if part.number == 1:
                key = self._wire.text(part)
            elif part.number == 2:
                value = self._wire.text(part, 16 << 20)
        return key, value

    def _inside(self, message: Field) -> Iterator[Field]:
        """The fields of a message that are themselves messages or text."""
        return (part for part in self._wire.iter_fields(message.start, message.end) if part.end)
