"""Reads a pipeline file into a frozen `PipelineConfig`, or reports all of its mistakes with their lines."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any, get_args

from pydantic import ValidationError

from pipeline.catalog import CATALOG, load_class
from pipeline.component import Component, Params, Writer
from pipeline.config.fingerprint import fingerprint_of
from pipeline.config.keys import keys_of
from pipeline.config.validation import example_of, sentence_of, shown
from pipeline.config.values import FILES, ComponentConfig, OnTruncated, PipelineConfig, ProxiesWord
from pipeline.config.warnings import iter_idle
from pipeline.errors import PipelineFileError
from pipeline.files.yamlfile import MAX_BYTES, KeyPath, YamlFile, parse_yaml
from pipeline.text import did_you_mean, one_line, printable, shortened
from pipeline.videos.sampling import Sampling

RESERVED_NAMES = (FILES, "frame", "time")
"""Words that cannot name a component: they mean something else in a pipeline file or a report."""

MAX_NAME_BYTES = 100
"""In UTF-8; a second writer's name becomes part of its files' names."""

_TOP_LEVEL_KEYS = ("pipeline", "video", "on_truncated", "proxies")
_COMPONENT_KEYS = ("name", "type", "inputs", "params")
_COMPONENT = "{name: faces, type: facedetector, inputs: [files]}"
_WHOLE = f"such as pipeline: [{_COMPONENT}]; --example people prints a whole file"


def read_config(path: str, *, allow_plugins: bool = False, opening: bool = False) -> PipelineConfig:
    """Read and validate a pipeline file.

    Args:
        path: of the file; paths inside it are relative to its folder.
        allow_plugins: whether `type: package.module:ClassName` may load code that is not the project's.
        opening: whether model files are opened, which takes seconds and finds more mistakes.
    Raises:
        PipelineFileError: the file has mistakes; one line each.
        ModelError: a model file exists and cannot be read.
    """
    where = printable(path)
    try:
        with open(path, "rb") as stream:
            content = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise PipelineFileError([f"{where}: the pipeline file cannot be read ({error.strerror})"]) from None
    reader = _ConfigReader(parse_yaml(content, where), where, os.path.dirname(os.path.abspath(path)), opening)
    components, sampling = reader.read(allow_plugins), reader.read_sampling()
    reader.check_labels(components)
    on_truncated: OnTruncated = reader.read_word("on_truncated", get_args(OnTruncated))
    proxies: ProxiesWord = reader.read_word("proxies", get_args(ProxiesWord))
    if reader.problems:
        raise PipelineFileError([text for _, text in sorted(reader.problems, key=lambda problem: problem[0])])
    fingerprint = fingerprint_of(components, sampling, on_truncated)
    keys = keys_of(components, sampling, on_truncated)
    return PipelineConfig(components, fingerprint, sampling, on_truncated, proxies, keys)


class _ConfigReader:
    """Walks through a pipeline file's values once and collects every mistake."""

    def __init__(self, file: YamlFile, where: str, folder: str, opening: bool) -> None:
        self.problems: list[tuple[int, str]] = []
        self._file = file
        self._where = where
        self._folder = folder
        self._opening = opening
        self._kinds: dict[str, type[Component] | None] = {}

    def read(self, allow_plugins: bool) -> tuple[ComponentConfig, ...]:
        """The components without mistakes; the mistakes of the others are in `problems`."""
        for flaw in self._file.flaws:
            self._note(flaw.line, flaw.path, flaw.sentence)
        top = self._file.value
        if not isinstance(top, dict):
            self._say((), f'expected a mapping with the key "pipeline"; got {shown(top)}; {_WHOLE}')
            return ()
        self._check_keys((), top, _TOP_LEVEL_KEYS)
        items = top.get("pipeline")
        if not isinstance(items, list) or not items:
            self._say(
                ("pipeline",),
                f'"pipeline" must be a list of components, each beginning with "- name:"; got {shown(items)}',
            )
            return ()
        read = [self._component(("pipeline", index), item, allow_plugins) for index, item in enumerate(items)]
        return tuple(component for component in read if component is not None)

    def check_labels(self, components: Sequence[ComponentConfig]) -> None:
        """Note the components that never get anything to do; only of a file without other mistakes."""
        if not self.problems:
            for place, sentence in iter_idle(components):
                self._say(("pipeline", place, "params", "triggerlabels"), sentence)

    def read_sampling(self) -> Sampling:
        """The `video:` section; the default if there is none or if it has a mistake."""
        top = self._file.value
        given = top.get("video") if isinstance(top, dict) else None
        if given is not None and not isinstance(given, dict):
            self._say(("video",), f'"video" must be a mapping; got {shown(given)}; such as {{fps: 2}}')
            return Sampling()
        try:
            return Sampling.model_validate(given or {})
        except ValidationError as error:
            for detail in error.errors(include_url=False):
                self._say(("video", *detail["loc"]), sentence_of(detail, Sampling, "video"))
            return Sampling()

    def read_word(self, key: str, words: tuple[Any, ...]) -> Any:
        """The word after a top-level key; the first of `words` if the key is missing or has a mistake."""
        top = self._file.value
        given = top.get(key, words[0]) if isinstance(top, dict) else words[0]
        if given in words:
            return given
        choice = " or ".join(f'"{word}"' for word in words)
        self._say((key,), f'"{key}" must be {choice}; got {shown(given)}')
        return words[0]

    def _say(self, path: KeyPath, sentence: str) -> None:
        """Note a mistake, unless its value already has one."""
        if not any(path[: len(flaw.path)] == flaw.path for flaw in self._file.flaws):
            self._note(self._file.line(path), path, sentence)

    def _note(self, line: int, path: KeyPath, sentence: str) -> None:
        self.problems.append((line, f"{self._where}:{line}: {self._about(path)}{sentence}"))

    def _about(self, path: KeyPath) -> str:
        """The component that a place in the file belongs to, by its name or its number."""
        if len(path) < 2 or not isinstance(path[1], int):
            return ""
        item = self._file.value["pipeline"][path[1]]
        name = item.get("name") if isinstance(item, dict) else None
        if not isinstance(name, str) or not name:
            return f"component number {path[1] + 1}: "
        return f'component "{shortened(name)}": '

    def _check_keys(self, path: KeyPath, given: dict[str, Any], known: tuple[str, ...]) -> None:
        for key in given:
            if key not in known:
                hint = did_you_mean(key, known)
                if not path and key in _COMPONENT_KEYS:
                    hint = '; a key of a component; indent it, so that it begins below "name" after "- "'
                self._say((*path, key), f'unknown key "{shortened(key)}"{hint}')

    def _component(self, path: KeyPath, item: Any, allow_plugins: bool) -> ComponentConfig | None:
        if not isinstance(item, dict):
            sentence = f'expected a mapping with "name", "type" and "inputs"; got {shown(item)}'
            self._say(path, f"{sentence}; such as {_COMPONENT}")
            return None
        before = len(self.problems)
        self._check_keys(path, item, _COMPONENT_KEYS)
        self._check_name((*path, "name"), item.get("name"))
        target, found = self._type((*path, "type"), item.get("type"), allow_plugins)
        inputs = self._inputs((*path, "inputs"), item, found)
        params = self._params((*path, "params"), item.get("params"), found)
        if isinstance(item.get("name"), str):
            self._kinds.setdefault(item["name"], found)
        if target is None or params is None or len(self.problems) > before:
            return None
        return ComponentConfig(item["name"], item["type"], target, inputs, params)

    def _check_name(self, at: KeyPath, name: Any) -> None:
        if not isinstance(name, str) or not name:
            self._say(at, f'a component needs a "name", a word; got {shown(name)}')
        elif name in RESERVED_NAMES:
            self._say(at, "this cannot be a component's name: it means something else here or in reports")
        elif len(name.encode()) > MAX_NAME_BYTES:
            self._say(at, f"a name may have {MAX_NAME_BYTES} bytes, this one has {len(name.encode())}")
        elif "/" in name or name[0] == "." or not name.isprintable():
            self._say(at, 'a name holds no "/" and no control characters, and does not begin with a dot')
        elif name in self._kinds:
            self._say(at, "the name is taken by an earlier component; choose another")

    def _type(self, at: KeyPath, word: Any, allow_plugins: bool) -> tuple[str | None, type[Component] | None]:
        if not isinstance(word, str) or not word:
            self._say(at, f'a component needs a "type", a word; got {shown(word)}{did_you_mean("", CATALOG)}')
            return None, None
        target = CATALOG.get(word)
        if target is None and ":" not in word:
            self._say(at, f'unknown type "{shortened(word)}"{did_you_mean(word, CATALOG)}')
            return None, None
        if target is None and not allow_plugins:
            self._say(
                at, f'type "{shortened(word)}" is code from outside; it loads only with --allow-plugins'
            )
            return None, None
        target = target or word
        try:
            return target, load_class(target)
        except (Exception, SystemExit) as error:  # a plugin's module may raise anything
            hint = "; name its folder in PYTHONPATH" if isinstance(error, ModuleNotFoundError) else ""
            self._say(at, f'type "{shortened(word)}" cannot be loaded ({one_line(error)}){hint}')
            return None, None

    def _inputs(self, at: KeyPath, item: dict[str, Any], found: type[Component] | None) -> tuple[str, ...]:
        given = item.get("inputs")
        names = [given] if isinstance(given, str) else given
        if not isinstance(names, list) or not names:
            self._say(at, f'"inputs" must be a list of "files" or earlier components; got {shown(given)}')
            return ()
        for index, name in enumerate(names):
            trouble = self._input_trouble(name, item.get("name"), found)
            if name in names[:index]:
                trouble = f'input "{shortened(str(name))}" is given twice'
            if trouble:
                self._say((*at, index), trouble)
        return tuple(str(name) for name in names)

    def _input_trouble(self, name: Any, own: Any, found: type[Component] | None) -> str | None:
        """What is wrong with one input, or None."""
        if not isinstance(name, str):
            return f"an input must be a word; got {shown(name)}"
        if name == FILES:
            is_writer = found is not None and issubclass(found, Writer)
            return 'a writer writes what components find; "files" finds nothing' if is_writer else None
        if name in self._kinds:
            kind = self._kinds[name]
            is_writer = kind is not None and issubclass(kind, Writer)
            return f'input "{shortened(name)}" is a writer, which finds nothing' if is_writer else None
        if name == own:
            return f'input "{shortened(name)}" is the component itself'
        items = self._file.value["pipeline"]
        if any(isinstance(item, dict) and item.get("name") == name for item in items):
            return f'input "{shortened(name)}" comes later in the file; move it before this component'
        return f'input "{shortened(name)}" names no component{did_you_mean(name, (FILES, *self._kinds))}'

    def _params(self, at: KeyPath, given: Any, found: type[Component] | None) -> Params | None:
        if found is None:
            return None
        if given is not None and not isinstance(given, dict):
            self._say(
                at, f'"params" must be a mapping; got {shown(given)}; such as {example_of(found.Params)}'
            )
            return None
        params, wrong = self._validated(at, given or {}, found)
        try:
            problems = [] if params is None else list(found.check(params))
            if self._opening and params is not None and not problems and not wrong:
                problems += found.check_by_opening(params)
            for problem in problems:
                if problem.key not in wrong:
                    self._say((*at, problem.key), f"params.{problem.key}: {problem.sentence}")
        except Exception as error:  # a plugin's own checks may raise anything
            self._say(at, f"the params cannot be checked ({one_line(error)})")
        return params

    def _validated(
        self, at: KeyPath, given: dict[str, Any], found: type[Component]
    ) -> tuple[Params | None, frozenset[str]]:
        """The params without the keys whose values are wrong, and those keys: the rest can be checked.

        Returns: None instead of params if they cannot be built without those keys.
        """
        context = {"folder": self._folder}
        try:
            return found.Params.model_validate(given, context=context), frozenset()
        except ValidationError as error:
            details = error.errors(include_url=False)
        except Exception as error:  # raised by a plug-in's own validators
            self._say(at, f"the params cannot be checked ({one_line(error)})")
            return None, frozenset()
        for detail in details:
            self._say((*at, *detail["loc"]), sentence_of(detail, found.Params))
        wrong = frozenset(str(detail["loc"][0]) for detail in details if detail["loc"])
        try:
            sound = {key: value for key, value in given.items() if key not in wrong}
            return found.Params.model_validate(sound, context=context), wrong
        except Exception:  # the rest is incomplete; its mistakes were noted above
            return None, wrong
