"""Says in the reader's words what PyYAML has against a file: where, and what was expected there."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import yaml

from pipeline.text import shortened

_KEY = re.compile(r"""([\w.-]+|"[^"]*"|'[^']*')\s*:(?=\s|$)""")
_NO_SPACE = re.compile(r"(-\s+)?([\w-]+):(\S.*)")
_DASH = re.compile(r"-(?:\s+|$)")
_NO_SPACE_AFTER_DASH = re.compile(r"-(\w[\w-]*:.*)")
_FLOW = re.compile(r"expected ',' or '(.)', but got")


class _Place(NamedTuple):
    """Where a list item or a key begins.

    Args:
        line: 1-based.
        column: 1-based.
        word: the key; `-` for a list item.
        has_value: whether something stands behind the key.
    """

    line: int
    column: int
    word: str
    has_value: bool = False


def explained(error: yaml.MarkedYAMLError, text: str) -> tuple[int, str]:
    """Explain an error of the parser.

    Args:
        error: with the place at which the parser gave up.
        text: of the file.
    Returns: the line of the mistake, 1-based, and a sentence with its column.
    """
    mark = error.problem_mark or error.context_mark
    if mark is None:
        return 1, str(error.problem)
    lines, began, problem, line = (
        text.splitlines(),
        error.context_mark or mark,
        str(error.problem),
        mark.line + 1,
    )
    if problem == "could not find expected ':'" and began.line < len(lines):
        sentence = (
            f'column {began.column + 1}: expected "key: value", got {_quoted(lines[began.line].strip())}'
        )
        return _without_space(began.line + 1, lines) or (began.line + 1, sentence)
    if problem == "mapping values are not allowed here" or problem.startswith("expected <block end>"):
        return _misplaced(line, mark.column + 1, lines)
    if "quoted scalar" in str(error.context) and problem == "found unexpected end of stream":
        return began.line + 1, f"column {began.column + 1}: the quotation mark here is not closed"
    if "found '<stream end>'" in problem and (bracket := _last_bracket(lines)) is not None:
        return bracket[0], f"column {bracket[1]}: the bracket here is not closed"
    if str(error.context).startswith("while parsing a flow") and (closed := _FLOW.match(problem)):
        opened = f"of line {began.line + 1}, column {began.column + 1}"
        return (
            line,
            f'column {mark.column + 1}: expected "," or "{closed[1]}", which closes the bracket {opened}',
        )
    return line, f"column {mark.column + 1}: {_of_character(error)}"


def _last_bracket(lines: Sequence[str]) -> tuple[int, int] | None:
    """Line and column, 1-based, of the last opening bracket."""
    for number, line in reversed(list(enumerate(lines, 1))):
        if (column := max(line.rfind("["), line.rfind("{"))) >= 0:
            return number, column + 1
    return None


def _of_character(error: yaml.MarkedYAMLError) -> str:
    """Explain an error that one character makes; else what the parser says, with what it was doing."""
    problem = str(error.problem)
    if found := re.match(r"found (?:character '(.+)' that cannot start|undefined alias)", problem):
        if found[1] == r"\t":
            return "a tab; indent with spaces"
        return f'a value that begins with "{found[1] or "*"}" has to stand in quotation marks'
    return ", ".join(part for part in (error.context, problem) if part)


def _misplaced(line: int, column: int, lines: Sequence[str]) -> tuple[int, str]:
    """Explain a line that begins at a wrong column, or a colon too many in a line."""
    before = list(_iter_places(lines[: line - 1]))
    if found := _without_space(line, lines) or _without_space(before[-1].line if before else 0, lines):
        return found
    if before and (found := _without_space_between(before[-1].line, line, lines)):
        return found
    own = list(_iter_places([lines[line - 1]] if line <= len(lines) else []))
    if (
        not own
        or own[0].column > column
        or (own[-1].has_value and column > own[-1].column + len(own[-1].word) + 1)
    ):
        return (
            line,
            f'column {column}: a ":" too many; a value that holds ": " has to stand in quotation marks',
        )
    here = own[0]
    candidates = [place for place in _open(before) if (place.word == "-") == (here.word == "-")]
    if here.word == "-":  # an item of the same kind: a component, or a word
        with_key = {place.line for place in before if place.word != "-"}
        alike = [place for place in candidates if (place.line in with_key) == (len(own) > 1)]
        candidates = alike or candidates
    if not candidates:
        return line, f'column {here.column}: "{here.word}" is not expected here'
    nearest = min(candidates, key=lambda place: (abs(place.column - here.column), -place.column))
    return line, (
        f"column {here.column}: {_quoted(here.word)} begins here; expected column {nearest.column}, where "
        f"{_quoted(nearest.word)} of line {nearest.line} begins"
    )


def _without_space_between(after: int, until: int, lines: Sequence[str]) -> tuple[int, str] | None:
    found = (_without_space(number, lines) for number in range(after + 1, until))
    return next(filter(None, found), None)


def _without_space(number: int, lines: Sequence[str]) -> tuple[int, str] | None:
    """A missing space behind a colon or a dash of a line, 1-based, which is then no key and no list item."""
    if not 0 < number <= len(lines):
        return None
    content = lines[number - 1].strip()
    column = len(lines[number - 1]) - len(lines[number - 1].lstrip()) + 1
    if found := _NO_SPACE_AFTER_DASH.fullmatch(content):
        return number, f'column {column}: a space is missing after "-"; write {_quoted("- " + found[1])}'
    if (found := _NO_SPACE.fullmatch(content)) and not found[3].startswith("//"):
        fixed = f"{found[2]}: {found[3]}"
        return number, f'column {column}: a space is missing after ":"; write {_quoted(fixed)}'
    return None


def _iter_places(lines: Sequence[str]) -> Iterator[_Place]:
    """The list items and keys with which lines begin, in order; comments and flow collections have none."""
    for number, line in enumerate(lines, 1):
        rest, column = line.lstrip(" "), len(line) - len(line.lstrip(" ")) + 1
        while dash := _DASH.match(rest):
            yield _Place(number, column, "-")
            rest, column = rest[dash.end() :], column + dash.end()
        if key := _KEY.match(rest):
            yield _Place(number, column, key[1], has_value=bool(rest[key.end() :].strip()))


def _open(places: Sequence[_Place]) -> list[_Place]:
    """The last list item and key of each column that a following line may continue."""
    found: list[_Place] = []
    for place in places:
        while found and (
            found[-1].column > place.column
            or (found[-1].column, found[-1].word == "-") == (place.column, place.word == "-")
        ):
            found.pop()
        found.append(place)
    return found


def _quoted(text: str) -> str:
    return f'"{shortened(text)}"'
