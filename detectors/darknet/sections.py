"""Split the text of a Darknet .cfg into sections of `key=value` lines with line numbers.

Source: Darknet, src/parser.c `read_cfg` and src/option_list.c (spaces are ignored everywhere; `#` and `;`
begin a comment; the first of two equal keys counts). Comments after values are accepted too, as Darknet's
parsing of numbers accepts them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

from pipeline.errors import ModelError
from pipeline.text import printable

MAX_CFG_BYTES = 1 << 20
MAX_SECTIONS = 1000


class Section(NamedTuple):
    """One `[name]` with its options.

    Args:
        where: the file's name, for error sentences.
        line: of `[name]`, 1-based.
        name: lower case, without brackets.
        options: key -> (value, line).
    """

    where: str
    line: int
    name: str
    options: dict[str, tuple[str, int]]

    def error(self, sentence: str, key: str | None = None) -> ModelError:
        """Make an error that names the file, the line (of `key`, if given) and the section."""
        line = self.options[key][1] if key in self.options else self.line
        return ModelError(f"{self.where}:{line}: [{self.name}]: {sentence}")

    def word(self, key: str, default: str) -> str:
        """An option's text."""
        return self.options[key][0] if key in self.options else default

    def integer(self, key: str, default: int, low: int, high: int) -> int:
        """A whole number within [low, high]; ModelError for anything else."""
        return self.integers(key, (default,), low, high, count=1)[0]

    def number(self, key: str, default: float, low: float, high: float) -> float:
        """A finite number within [low, high]; ModelError for anything else."""
        value = self.numbers(key, (default,), count=1)[0]
        if not low <= value <= high:
            raise self.error(f"{key} is {value:g}; expected {low:g} to {high:g}", key)
        return value

    def refuse_other(self, plain: Mapping[str, float]) -> None:
        """Refuse unsupported options unless they have the values with which they have no effect.

        Raises: ModelError: names the first that has another value.
        """
        for key, value in plain.items():
            if key in self.options and self.numbers(key, (value,), count=1) != (value,):
                raise self.error(f"{key}={shown(self.word(key, ''))} is not supported", key)

    def integers(
        self, key: str, default: tuple[int, ...], low: int, high: int, count: int | None = None
    ) -> tuple[int, ...]:
        """Whole numbers, separated by commas, each within [low, high]."""
        if key not in self.options:
            return default
        text = self.options[key][0]
        try:
            values = tuple(int(part) for part in text.split(",") if part)
        except ValueError:
            raise self.error(f'{key} is "{shown(text)}"; expected a whole number', key) from None
        if not values or (count is not None and len(values) != count):
            raise self.error(f'{key} is "{shown(text)}"; expected {count or "some"} whole number(s)', key)
        for value in values:
            if not low <= value <= high:
                raise self.error(f"{key} is {value}; expected {low} to {high}", key)
        return values

    def numbers(self, key: str, default: tuple[float, ...], count: int | None = None) -> tuple[float, ...]:
        """Finite numbers, separated by commas."""
        if key not in self.options:
            return default
        text = self.options[key][0]
        try:
            values = tuple(float(part) for part in text.split(",") if part)
        except ValueError:
            raise self.error(f'{key} is "{shown(text)}"; expected numbers', key) from None
        if not all(math.isfinite(value) for value in values):
            raise self.error(f'{key} is "{shown(text)}"; expected finite numbers', key)
        if count is not None and len(values) != count:
            raise self.error(f"{key} has {len(values)} numbers; expected {count}", key)
        return values


def parse_sections(text: str, where: str) -> list[Section]:
    """Split a .cfg into its sections.

    Args:
        text: the whole file.
        where: its name, for error sentences.
    Raises: ModelError: a line is outside a section or without `=`, or there are too many sections.
    """
    sections: list[Section] = []
    for number, raw in enumerate(text.split("\n"), start=1):
        line = "".join(raw.split()).partition("#")[0].partition(";")[0]
        if not line:
            continue
        if line.startswith("["):
            if len(sections) == MAX_SECTIONS:
                raise ModelError(f"{where}:{number}: more than {MAX_SECTIONS} sections; this is no network")
            sections.append(Section(where, number, shown(line.strip("[]").lower()), {}))
            continue
        key, equals, value = line.partition("=")
        if not sections or not equals:
            raise ModelError(f'{where}:{number}: "{shown(line)}" is neither a section nor key=value')
        sections[-1].options.setdefault(key, (value, number))
    return sections


def shown(text: str) -> str:
    """The beginning of an untrusted text, printable, for error sentences."""
    return printable(text[:40])
