"""Reads a YAML file into plain values with their line numbers; bounded, and safe against hostile files.

The file is read as PyYAML nodes, never through a constructor, so no tag creates an object. Booleans and
numbers follow YAML 1.2's core schema: `no` and `on` are words, `0o17` is octal, `1_000` and `12:30` are
words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple, NoReturn

import yaml

from pipeline.errors import PipelineFileError
from pipeline.files.yamlerrors import explained
from pipeline.text import shortened

MAX_BYTES = 256 << 10
MAX_DEPTH = 20
MAX_ALIASES = 50
MAX_NODES = 10_000
"""Counted with aliases expanded, so that a few lines cannot stand for a billion values."""
MAX_NUMBER_CHARS = 40

Key = str | int
KeyPath = tuple[Key, ...]

_NULL, _BOOL, _INT, _FLOAT = (f"tag:yaml.org,2002:{kind}" for kind in ("null", "bool", "int", "float"))
_STR, _SEQ, _MAP = (f"tag:yaml.org,2002:{kind}" for kind in ("str", "seq", "map"))

_PATTERNS = {
    _NULL: re.compile(r"^(?:~|null|Null|NULL|)$"),
    _BOOL: re.compile(r"^(?:true|True|TRUE|false|False|FALSE)$"),
    _INT: re.compile(r"^(?:[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+)$"),
    _FLOAT: re.compile(
        r"^(?:[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$"
    ),
}
"""The core schema's pattern for each kind of scalar, YAML 1.2.2 section 10.3.2."""
_FIRST_CHARS = {_NULL: ["~", "n", "N", ""], _BOOL: list("tTfF"), _INT: list("-+0123456789")}
_FIRST_CHARS[_FLOAT] = [*_FIRST_CHARS[_INT], "."]


class _CoreLoader(yaml.SafeLoader):
    """PyYAML's loader with the scalars of YAML 1.2's core schema."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 - PyYAML's own interface


for _tag, _pattern in _PATTERNS.items():  # in this order: a whole number is no float
    _CoreLoader.add_implicit_resolver(_tag, _pattern, _FIRST_CHARS[_tag])


class Flaw(NamedTuple):
    """A mistake after which reading can continue.

    Args:
        line: 1-based.
        path: keys and indices of the value that it is about.
        sentence: what is wrong.
    """

    line: int
    path: KeyPath
    sentence: str


class YamlFile(NamedTuple):
    """The content of a YAML file.

    Args:
        value: mappings, lists, text, numbers, booleans, None; None in place of a flawed value.
        lines: path of keys and indices -> 1-based line of that value.
        flaws: duplicate keys, tags and numbers that are not allowed.
    """

    value: Any
    lines: dict[KeyPath, int]
    flaws: list[Flaw]

    def line(self, path: KeyPath) -> int:
        """The line of a value, or of the nearest one around it."""
        while path not in self.lines and path:
            path = path[:-1]
        return self.lines.get(path, 1)


def parse_yaml(content: bytes, where: str) -> YamlFile:
    """Read the one document of a YAML file.

    Args:
        content: the file's bytes, UTF-8, or UTF-16 with a byte order mark.
        where: its name, for error sentences.
    Raises: PipelineFileError: it is not YAML or exceeds a bound; the message has the line.
    """
    if len(content) > MAX_BYTES:
        raise PipelineFileError([f"{where}:1: larger than {MAX_BYTES >> 10} KiB; this is no pipeline file"])
    text = _decode(content, where)
    try:
        _check_bounds(text, where)
        node = yaml.compose(text, Loader=_CoreLoader)
    except yaml.MarkedYAMLError as error:
        line, reason = explained(error, text)
        raise PipelineFileError([f"{where}:{line}: not valid YAML: {reason}"]) from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        reason = f"the character U+{error.character:04X} is not allowed"
        raise PipelineFileError([f"{where}:{line}: not valid YAML: {reason}"]) from None
    except ValueError as error:  # "\U00110000", a version number of 5000 digits
        raise PipelineFileError([f"{where}:1: not valid YAML: {error}"]) from None
    reader = _NodeReader(where)
    value = None if node is None else reader.read(node, ())
    return YamlFile(value, reader.lines, reader.flaws)


def _decode(content: bytes, where: str) -> str:
    encoding = "utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise PipelineFileError([f"{where}:{line}: not UTF-8 text; save the file as UTF-8"]) from None


def _check_bounds(text: str, where: str) -> None:
    """Check the stream of events, which needs no recursion, before a tree is built from it."""
    depth = aliases = nodes = documents = 0
    for event in yaml.parse(text, Loader=_CoreLoader):
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        aliases += isinstance(event, yaml.AliasEvent)
        nodes += isinstance(event, yaml.NodeEvent)
        documents += isinstance(event, yaml.DocumentStartEvent)
        for count, most, sentence in (
            (depth, MAX_DEPTH, "nested more than {} deep"),
            (aliases, MAX_ALIASES, "more than {} aliases"),
            (nodes, 2 * MAX_NODES, "more than {} keys and values"),
            (documents, 1, "a second document begins here; a pipeline file holds {}"),
        ):
            if count > most:
                line = event.start_mark.line + 1 if event.start_mark else 1
                raise PipelineFileError([f"{where}:{line}: {sentence.format(most)}"])


class _NodeReader:
    """Converts nodes into values, and collects the lines and all flaws."""

    def __init__(self, where: str) -> None:
        self.lines: dict[KeyPath, int] = {}
        self.flaws: list[Flaw] = []
        self._where = where
        self._count = 0
        self._open: list[yaml.Node] = []

    def read(self, node: yaml.Node, path: KeyPath) -> Any:
        """The value of one node; None after a flaw."""
        self._count += 1
        if self._count > MAX_NODES:
            self._stop(node, f"more than {MAX_NODES} values")
        if any(node is parent for parent in self._open):
            self._stop(node, "an alias that contains itself")
        if len(self._open) > MAX_DEPTH:
            self._stop(node, f"nested more than {MAX_DEPTH} deep")
        self.lines.setdefault(path, _line(node))
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node, path)
        self._open.append(node)
        try:
            if isinstance(node, yaml.MappingNode) and node.tag == _MAP:
                return dict(self._items(node, path))
            if isinstance(node, yaml.SequenceNode) and node.tag == _SEQ:
                return [self.read(child, (*path, index)) for index, child in enumerate(node.value)]
        finally:
            self._open.pop()
        return self._flaw(node, path, f"the tag {shortened(node.tag)} is not allowed")

    def _items(self, node: yaml.MappingNode, path: KeyPath) -> Iterator[tuple[str, Any]]:
        seen: dict[str, int] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode) or key_node.tag not in (_STR, *_PATTERNS):
                self._flaw(key_node, path, "a key must be a word")
                continue
            key = str(key_node.value)
            if key in seen:
                first = f"first in line {seen[key]}"
                self._flaw(key_node, (*path, key), f'"{shortened(key)}" is given twice, {first}')
                continue
            seen[key] = self.lines[(*path, key)] = _line(key_node)
            yield key, self.read(value_node, (*path, key))

    def _scalar(self, node: yaml.ScalarNode, path: KeyPath) -> Any:
        text, tag = str(node.value), node.tag
        if tag == _STR:
            if any("\ud800" <= char <= "\udfff" for char in text):
                return self._flaw(node, path, f'"{shortened(text)}" holds half a character (a surrogate)')
            return text
        if tag not in _PATTERNS:
            return self._flaw(node, path, f"the tag {shortened(tag)} is not allowed")
        if not _PATTERNS[tag].fullmatch(text):  # an explicit tag on something else
            return self._flaw(node, path, f'"{shortened(text)}" is no {tag.rpartition(":")[2]}')
        if tag in (_INT, _FLOAT) and len(text) > MAX_NUMBER_CHARS:
            return self._flaw(node, path, f"a number of {len(text)} characters")
        return _value(tag, text)

    def _flaw(self, node: yaml.Node, path: KeyPath, sentence: str) -> None:
        self.flaws.append(Flaw(_line(node), path, sentence))

    def _stop(self, node: yaml.Node, sentence: str) -> NoReturn:
        raise PipelineFileError([f"{self._where}:{_line(node)}: {sentence}"])


def _value(tag: str, text: str) -> bool | int | float | None:
    """The value of a scalar that matches its tag's pattern."""
    if tag == _NULL:
        return None
    if tag == _BOOL:
        return text.lower() == "true"
    if tag == _INT:
        return int(text, {"0o": 8, "0x": 16}.get(text[:2], 10))
    return float(text.lower().replace(".inf", "inf").replace(".nan", "nan"))


def _line(node: yaml.Node) -> int:
    return node.start_mark.line + 1 if node.start_mark else 1
