"""From a pipeline file to a frozen `PipelineConfig`, or all of its mistakes at once, each with its line."""

from __future__ import annotations

import difflib
import hashlib
import importlib
import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from pipeline import __version__
from pipeline.catalog import CATALOG
from pipeline.component import Component, Detector, Params, Writer
from pipeline.errors import PipelineFileError
from pipeline.modelfiles import sha256_of
from pipeline.outputs import printable
from pipeline.validation import sentence_of
from pipeline.yamlfile import MAX_BYTES, YamlFile, parse_yaml

FILES = "files"
"""The input that stands for the photos and video frames themselves."""

RESERVED_NAMES = (FILES, "frame", "time")
"""No component may be called so: the words mean something else in a pipeline file or a report."""

MAX_NAME_CHARS = 100
_TOP_LEVEL_KEYS = ("pipeline",)
_COMPONENT_KEYS = ("name", "type", "inputs", "params")


@dataclass(frozen=True, slots=True)
class ComponentConfig:
    """One component of a pipeline, validated.

    Args:
        name: unique in the pipeline.
        type: the word in the pipeline file.
        target: `module:Class` that implements it.
        inputs: `files` or names of earlier detectors, in the file's order.
        params: an instance of the class's own `Params`.
    """

    name: str
    type: str
    target: str
    inputs: tuple[str, ...]
    params: Params


@dataclass(frozen=True, slots=True)
class PipelineConfig:
    """A validated pipeline.

    Args:
        components: in the order of the file; each one's inputs come before it.
        fingerprint: SHA-256 over the effective configuration and the model files' contents: two runs with
            equal fingerprints find the same things.
    """

    components: tuple[ComponentConfig, ...]
    fingerprint: str


def read_config(path: str, *, allow_plugins: bool = False) -> PipelineConfig:
    """Read and validate a pipeline file.

    Args:
        path: of the file; paths inside it are relative to its folder.
        allow_plugins: whether `type: package.module:ClassName` may load code that is not the project's.
    Raises: PipelineFileError: with one line a mistake.
    """
    where = printable(path)
    try:
        with open(path, "rb") as stream:
            content = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise PipelineFileError([f"{where}: the pipeline file cannot be read ({error.strerror})"]) from None
    reader = _ConfigReader(parse_yaml(content, where), where, os.path.dirname(os.path.abspath(path)))
    components = reader.read(allow_plugins)
    if reader.problems:
        raise PipelineFileError([text for _, text in sorted(reader.problems, key=lambda problem: problem[0])])
    return PipelineConfig(components, _fingerprint(components))


def load_class(target: str) -> type[Component]:
    """The class that a target of the catalogue names.

    Raises: ImportError, AttributeError: there is none; TypeError: it is no component.
    """
    module, _, name = target.partition(":")
    found = getattr(importlib.import_module(module), name)
    if not (isinstance(found, type) and issubclass(found, Detector | Writer)):
        raise TypeError(f"{target} is neither a Detector nor a Writer")
    return found


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """`; did you mean "x"?` for a word that is close to a known one, else the list of known ones."""
    known = sorted(known)
    close = difflib.get_close_matches(word, known, n=1)
    return f'; did you mean "{close[0]}"?' if close else f"; known: {', '.join(known)}"


def _fingerprint(components: tuple[ComponentConfig, ...]) -> str:
    parts: list[Any] = [__version__]
    for component in components:
        files = load_class(component.target).model_files(component.params)
        params = component.params.model_dump(mode="json")
        parts.append(
            [component.name, component.target, component.inputs, params, [sha256_of(f) for f in files]]
        )
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode("utf-8", "surrogatepass")).hexdigest()


class _ConfigReader:
    """Walks a pipeline file's values once and gathers every mistake on the way."""

    def __init__(self, file: YamlFile, where: str, folder: str) -> None:
        self.problems: list[tuple[int, str]] = []
        self._file = file
        self._where = where
        self._folder = folder
        self._kinds: dict[str, type[Component] | None] = {}

    def read(self, allow_plugins: bool) -> tuple[ComponentConfig, ...]:
        """The components; those with mistakes are left out and their mistakes are in `problems`."""
        top = self._file.value
        if not isinstance(top, dict):
            self._say((), 'expected a mapping with the key "pipeline"')
            return ()
        for key in top.keys() - set(_TOP_LEVEL_KEYS):
            self._say((key,), f'unknown key "{_short(key)}"{did_you_mean(key, _TOP_LEVEL_KEYS)}')
        items = top.get("pipeline")
        if not isinstance(items, list) or not items:
            self._say(("pipeline",), '"pipeline" must be a list of components, each beginning with "- name:"')
            return ()
        read = [self._component(index, item, allow_plugins) for index, item in enumerate(items)]
        return tuple(component for component in read if component is not None)

    def _say(self, path: tuple[str | int, ...], sentence: str, component: str | None = None) -> None:
        line = self._file.line(path)
        about = f'component "{_short(component)}": ' if component else ""
        self.problems.append((line, f"{self._where}:{line}: {about}{sentence}"))

    def _component(self, index: int, item: Any, allow_plugins: bool) -> ComponentConfig | None:
        path = ("pipeline", index)
        if not isinstance(item, dict):
            self._say(path, 'expected a component: a mapping with "name", "type" and "inputs"')
            return None
        before = len(self.problems)
        name = self._name(path, item)
        shown = name or f"number {index + 1}"
        for key in item.keys() - set(_COMPONENT_KEYS):
            self._say((*path, key), f'unknown key "{_short(key)}"{did_you_mean(key, _COMPONENT_KEYS)}', shown)
        target, found = self._type(path, item, shown, allow_plugins)
        inputs = self._inputs(path, item, shown, found)
        params = self._params(path, item, shown, found)
        if name is not None:
            self._kinds.setdefault(name, found)
        if name is None or target is None or params is None or len(self.problems) > before:
            return None
        return ComponentConfig(name, item["type"], target, inputs, params)

    def _name(self, path: tuple[str | int, ...], item: dict[str, Any]) -> str | None:
        name = item.get("name")
        at = (*path, "name")
        if not isinstance(name, str) or not name:
            self._say(at, f'a component needs a "name", a word; got {_shown(name)}')
            return None
        if name in RESERVED_NAMES:
            self._say(
                at, f'"{name}" cannot be a component\'s name: it means something else here or in reports'
            )
        elif len(name) > MAX_NAME_CHARS or "/" in name or name[0] == "." or not name.isprintable():
            self._say(
                at,
                f'the name "{_short(name)}" must have at most {MAX_NAME_CHARS} characters, '
                'none of them "/", and not begin with a dot',
            )
        elif name in self._kinds:
            self._say(at, f'the name "{_short(name)}" is taken by an earlier component; choose another')
        return name

    def _type(
        self, path: tuple[str | int, ...], item: dict[str, Any], shown: str, allow_plugins: bool
    ) -> tuple[str | None, type[Component] | None]:
        word = item.get("type")
        at = (*path, "type")
        if not isinstance(word, str):
            self._say(at, f'"type" is missing or no word{did_you_mean("", CATALOG)}', shown)
            return None, None
        target = CATALOG.get(word)
        if target is None and ":" not in word:
            self._say(at, f'unknown type "{_short(word)}"{did_you_mean(word, CATALOG)}', shown)
            return None, None
        if target is None and not allow_plugins:
            self._say(
                at, f'type "{_short(word)}" is code from outside; it loads only with --allow-plugins', shown
            )
            return None, None
        target = target or word
        try:
            return target, load_class(target)
        except Exception as error:  # a plugin's module may raise anything
            self._say(at, f'type "{_short(word)}" cannot be loaded ({error})', shown)
            return None, None

    def _inputs(
        self, path: tuple[str | int, ...], item: dict[str, Any], shown: str, found: type[Component] | None
    ) -> tuple[str, ...]:
        given = item.get("inputs")
        at = (*path, "inputs")
        names = [given] if isinstance(given, str) else given
        if not isinstance(names, list) or not names:
            self._say(at, '"inputs" must be a list of "files" or earlier components', shown)
            return ()
        for index, name in enumerate(names):
            trouble = self._input_trouble(name, names[:index], item.get("name"), found)
            if trouble:
                self._say((*at, index), trouble, shown)
        return tuple(str(name) for name in names)

    def _input_trouble(
        self, name: Any, before: list[Any], own: Any, found: type[Component] | None
    ) -> str | None:
        """What is wrong with one input, or None."""
        if not isinstance(name, str):
            return f"an input must be a word; got {_shown(name)}"
        if name in before:
            return f'input "{_short(name)}" is given twice'
        is_writer = found is not None and issubclass(found, Writer)
        if name == FILES:
            return 'a writer writes what components find; "files" finds nothing' if is_writer else None
        if name == own:
            return f'input "{_short(name)}" is the component itself'
        if name not in self._kinds:
            later = any(
                isinstance(item, dict) and item.get("name") == name for item in self._file.value["pipeline"]
            )
            if later:
                return f'input "{_short(name)}" comes later in the file; move it before this component'
            return f'input "{_short(name)}" names no component{did_you_mean(name, (FILES, *self._kinds))}'
        kind = self._kinds[name]
        if kind is not None and issubclass(kind, Writer):
            return f'input "{_short(name)}" is a writer, which finds nothing'
        return None

    def _params(
        self, path: tuple[str | int, ...], item: dict[str, Any], shown: str, found: type[Component] | None
    ) -> Params | None:
        given = item.get("params")
        at = (*path, "params")
        if found is None:
            return None
        if given is not None and not isinstance(given, dict):
            self._say(at, f'"params" must be a mapping; got {_shown(given)}', shown)
            return None
        try:
            params = found.Params.model_validate(given or {}, context={"folder": self._folder})
        except ValidationError as error:
            for detail in error.errors(include_url=False):
                key = tuple(part for part in detail["loc"])
                self._say((*at, *key), sentence_of(detail, found.Params), shown)
            return None
        for problem in found.check(params):
            self._say((*at, problem.key), f"params.{problem.key}: {problem.sentence}", shown)
        return params


def _short(text: str) -> str:
    """A word from the file as it may be printed: no control characters, no page-long names."""
    return printable(text[:60]) + ("..." if len(text) > 60 else "")


def _shown(value: Any) -> str:
    """A value from the file, briefly; what is missing is nothing."""
    return "nothing" if value is None else _short(repr(value))
