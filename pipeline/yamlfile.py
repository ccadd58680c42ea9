"""A YAML file as plain values that remember their lines; bounded, and safe against hostile files.

Read as PyYAML nodes, never through a constructor: no tag makes an object. Booleans and numbers are
YAML 1.2's (core schema): `no` and `on` are words, `0o17` is octal, `1_000` and `12:30` are words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import yaml

from pipeline.errors import PipelineFileError

MAX_BYTES = 256 << 10
MAX_DEPTH = 20
MAX_ALIASES = 50
MAX_NODES = 10_000
"""Counted with aliases written out, so that a few lines cannot stand for a billion."""
MAX_NUMBER_CHARS = 40

Key = str | int
Path = tuple[Key, ...]

_NULL, _BOOL, _INT, _FLOAT = (f"tag:yaml.org,2002:{kind}" for kind in ("null", "bool", "int", "float"))
_STR, _SEQ, _MAP = (f"tag:yaml.org,2002:{kind}" for kind in ("str", "seq", "map"))


class _CoreLoader(yaml.SafeLoader):
    """PyYAML's reader with the scalars of YAML 1.2's core schema (section 10.3.2)."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 - PyYAML's own interface


for _tag, _pattern, _first in (
    (_NULL, r"^(?:~|null|Null|NULL|)$", ["~", "n", "N", ""]),
    (_BOOL, r"^(?:true|True|TRUE|false|False|FALSE)$", list("tTfF")),
    (_INT, r"^(?:[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+)$", list("-+0123456789")),
    (
        _FLOAT,
        r"^(?:[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$",
        list("-+.0123456789"),
    ),
):
    _CoreLoader.add_implicit_resolver(_tag, re.compile(_pattern), _first)


class YamlFile(NamedTuple):
    """The content of a YAML file.

    Args:
        value: mappings, lists, text, numbers, booleans, None.
        lines: path of keys and indices -> 1-based line where that value stands.
    """

    value: Any
    lines: dict[Path, int]

    def line(self, path: Path) -> int:
        """The line of a value, or of the nearest one around it."""
        while path not in self.lines and path:
            path = path[:-1]
        return self.lines.get(path, 1)


def parse_yaml(content: bytes, where: str) -> YamlFile:
    """Read the one document of a YAML file.

    Args:
        content: the file's bytes, UTF-8 or UTF-16.
        where: its name, for error sentences.
    Raises: PipelineFileError: not YAML, a key given twice, an object tag, or beyond a bound.
    """
    if len(content) > MAX_BYTES:
        raise PipelineFileError([f"{where}:1: larger than {MAX_BYTES >> 10} KiB; this is no pipeline file"])
    try:
        _check_bounds(content, where)
        node = yaml.compose(content, Loader=_CoreLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        raise PipelineFileError(
            [f"{where}:{line}: not valid YAML: {error.problem or error.context}"]
        ) from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        reason = " ".join(str(error).split())
        raise PipelineFileError([f"{where}:1: not valid YAML: {reason}"]) from None
    reader = _NodeReader(where)
    value = None if node is None else reader.read(node, ())
    if reader.problems:
        raise PipelineFileError(reader.problems)
    return YamlFile(value, reader.lines)


def _check_bounds(content: bytes, where: str) -> None:
    """Look at the stream of events, which needs no depth of stack, before a tree is made of it."""
    depth = aliases = 0
    for event in yaml.parse(content, Loader=_CoreLoader):
        line = event.start_mark.line + 1 if event.start_mark else 1
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > MAX_DEPTH:
                raise PipelineFileError([f"{where}:{line}: nested more than {MAX_DEPTH} deep"])
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        elif isinstance(event, yaml.AliasEvent):
            aliases += 1
            if aliases > MAX_ALIASES:
                raise PipelineFileError([f"{where}:{line}: more than {MAX_ALIASES} aliases"])


class _NodeReader:
    """Nodes -> values, with the lines and all mistakes gathered on the way."""

    def __init__(self, where: str) -> None:
        self.lines: dict[Path, int] = {}
        self.problems: list[str] = []
        self._where = where
        self._count = 0
        self._open: list[yaml.Node] = []

    def read(self, node: yaml.Node, path: Path) -> Any:
        """The value of one node; None after a problem."""
        self._count += 1
        if self._count > MAX_NODES:
            raise PipelineFileError([f"{self._where}:{_line(node)}: more than {MAX_NODES:,} values"])
        if any(node is parent for parent in self._open):
            raise PipelineFileError([f"{self._where}:{_line(node)}: an alias that contains itself"])
        self.lines.setdefault(path, _line(node))
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node)
        self._open.append(node)
        try:
            if isinstance(node, yaml.MappingNode) and node.tag == _MAP:
                return dict(self._items(node, path))
            if isinstance(node, yaml.SequenceNode) and node.tag == _SEQ:
                return [self.read(child, (*path, index)) for index, child in enumerate(node.value)]
        finally:
            self._open.pop()
        return self._refuse(node, f"the tag {node.tag} is not allowed")

    def _items(self, node: yaml.MappingNode, path: Path) -> Iterator[tuple[str, Any]]:
        seen: dict[str, int] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                self._refuse(key_node, "a key must be a word")
                continue
            key = str(key_node.value)
            if key in seen:
                self._refuse(key_node, f'"{key[:40]}" is given twice, first in line {seen[key]}')
                continue
            seen[key] = _line(key_node)
            self.lines[(*path, key)] = _line(key_node)
            yield key, self.read(value_node, (*path, key))

    def _scalar(self, node: yaml.ScalarNode) -> Any:
        text = str(node.value)
        if node.tag == _STR:
            return text
        if node.tag == _NULL:
            return None
        if node.tag == _BOOL:
            return text.lower() == "true"
        if node.tag not in (_INT, _FLOAT):
            return self._refuse(node, f"the tag {node.tag} is not allowed")
        if len(text) > MAX_NUMBER_CHARS:
            return self._refuse(node, f"a number of {len(text)} characters")
        try:
            return (
                _integer(text)
                if node.tag == _INT
                else float(text.lower().replace(".inf", "inf").replace(".nan", "nan"))
            )
        except ValueError:  # an explicit tag on something else
            return self._refuse(node, f'"{text[:40]}" is no number')

    def _refuse(self, node: yaml.Node, sentence: str) -> None:
        self.problems.append(f"{self._where}:{_line(node)}: {sentence}")


def _integer(text: str) -> int:
    bases = {"0o": 8, "0x": 16}
    return int(text, bases.get(text[:2], 10))


def _line(node: yaml.Node) -> int:
    return node.start_mark.line + 1 if node.start_mark else 1
