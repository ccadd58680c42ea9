"""Parse the text of a query. Every text has a meaning; none is an error.

    query = all of: part part ...        any of: part OR part      open brackets and quotes close at the end
    part  = -part | ( query ) | word | pref* | "two words" | field

A field with a value of the wrong type (`12:30`, `taken:yesterday`) is read as words.
"""

from __future__ import annotations

import re

from pipeline.text import did_you_mean
from search.conditions import HasFaces, TermKind, TextField
from search.fieldvalues import (
    NEAR_VALUE,
    compared,
    confidence_of,
    count_of,
    flag_query,
    kind_query,
    near_query,
    rating_query,
    taken_query,
)
from search.syntax import And, CameraQuery, ConfidenceQuery, Not, Or, Query, TermQuery, TextWords, Words
from search.tokens import tokens_of

MAX_CHARS = 2_000
"""What stands behind is not read."""
MAX_PARTS = 64
"""Further words and fields are left out."""
MAX_DEPTH = 20
"""Brackets deeper than this are skipped."""

_FIELDS = (
    *("label", "name", "tag", "title", "rating", "faces", "conf"),
    *("taken", "near", "path", "camera", "type", "is"),
)
_FIELD = re.compile(rf"({'|'.join(_FIELDS)})(>=|<=|[:=<>])", re.IGNORECASE)
_UNKNOWN_FIELD = re.compile(r"([A-Za-z]{3,20})(?:>=|<=|[:=<>])[^/]")
"""Looks like a field that does not exist; `http://` does not."""
_COUNT = re.compile(r"(\d{1,9}):", re.ASCII)
_QUOTES = {'"': '"', "\u201c": "\u201d", "\u201e": "\u201c\u201d", "\u00ab": "\u00bb"}
"""Opening quotes, with what closes them: phones and word processors set curly ones."""
_KINDS = {"label": TermKind.LABEL, "name": TermKind.NAME, "tag": TermKind.TAG}


def parse(text: str) -> Query:
    """Return the syntax tree of a query."""
    readable = (
        text[:MAX_CHARS].encode("utf-8", "replace").decode()
    )  # arguments may hold bytes that are no text
    return _Parser(readable).query()


class _Parser:
    """A recursive descent parser that reads a query once from left to right."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._parts = 0

    def query(self) -> Query:
        """Parse the whole text. Unmatched closing brackets are skipped."""
        parts = []
        while self._at < len(self._text):
            parts.append(self._any_of(0))
            self._at += 1  # a bracket
        return _joined(And, [part for part in parts if part != And()])

    def _any_of(self, depth: int) -> Query:
        """Parse alternatives up to the end or a closing bracket."""
        alternatives = [self._all_of(depth)]
        while self._take_word("OR", "|"):
            alternatives.append(self._all_of(depth))
        return _joined(Or, [part for part in alternatives if part != And()])

    def _all_of(self, depth: int) -> Query:
        """Parse a conjunction up to the end, a closing bracket or an OR."""
        parts: list[Query] = []
        while not self._at_end_of_part():
            part = self._part(depth)
            if part is not None and self._parts <= MAX_PARTS:
                parts.append(part)
        return _joined(And, parts)

    def _at_end_of_part(self) -> bool:
        self._skip_blanks()
        return self._peek() in ("", ")") or self._word_here() in ("OR", "|")

    def _part(self, depth: int) -> Query | None:
        """Parse a word, a field or a bracket, and the minus before it. Returns None if it is empty."""
        if self._word_here() == "AND":
            self._at += 3
            return None
        denied = self._take_word("NOT")
        if denied and self._at_end_of_part():
            return self._word_part("NOT")
        while self._peek() == "-":
            self._at += 1
            denied = True
        if self._peek() == "(" and depth < MAX_DEPTH:
            self._at += 1
            part: Query | None = self._any_of(depth + 1)
            self._at += self._peek() == ")"
            part = None if part == And() else part
        elif self._peek() in ("", ")", "(") or self._peek().isspace():
            self._at += self._peek() == "("
            return None
        else:
            part = self._atom()
        return Not(part) if denied and part is not None else part

    def _atom(self) -> Query | None:
        """Parse a word, a phrase or a field."""
        self._parts += 1
        match = _FIELD.match(self._text, self._at)
        if match is None:
            unknown = _UNKNOWN_FIELD.match(self._text, self._at)
            text, quoted = self._value()
            return self._word_part(text, quoted, _remark_on_unknown(unknown[1], text) if unknown else "")
        start, self._at = self._at, match.end()
        field, operator = match[1].lower(), match[2]
        part = self._field(field, operator)
        if part is not None:
            return part
        self._at = start
        text, _ = self._value()
        return self._word_part(text, remark=_remark(field, text))

    def _field(self, field: str, operator: str) -> Query | None:
        """Parse a field's value at this position. Returns None if the value has the wrong type."""
        if field == "near":
            match = NEAR_VALUE.match(self._text, self._at)
            if operator != ":" or match is None:
                return None
            self._at = match.end()
            return near_query(match)
        if field in _KINDS and (match := _COUNT.match(self._text, self._at)):
            self._at = match.end()
            return self._term(_KINDS[field], operator, int(match[1]))
        if field in _KINDS:
            return self._term(_KINDS[field]) if operator in (":", "=") else None
        value, _ = self._field_value()
        if not value:
            return None
        if field in ("path", "title", "camera"):
            tokens, prefix = tokens_of(value), value.endswith("*")
            if not tokens or operator not in (":", "="):
                return None
            if field == "camera":
                return CameraQuery(value, tokens, prefix)
            return TextWords(TextField(field), tokens, prefix)
        return _plain_field(field, operator, value)

    def _term(self, kind: TermKind, operator: str = ">=", count: int = 1) -> Query | None:
        value, _ = self._field_value()
        text = value.rstrip("*").strip()
        if not value:
            return None
        return compared(operator, count, lambda least: TermQuery(kind, text, value.endswith("*"), least))

    def _field_value(self) -> tuple[str, bool]:
        """Read a field's value. A blank may stand before it."""
        before = self._at
        self._skip_blanks()
        if self._at > before and (self._peek() in ("", "-", "(", ")") or self._word_here() in ("OR", "|")):
            self._at = before
            return "", False
        return self._value()

    def _value(self) -> tuple[str, bool]:
        """Read up to a blank or bracket, or a text in quotes. Returns it, and whether it was quoted."""
        closing = _QUOTES.get(self._peek())
        start = self._at
        if closing is None:
            while self._peek() not in ("", "(", ")", *_QUOTES) and not self._peek().isspace():
                self._at += 1
            return self._text[start : self._at], False
        self._at += 1
        while self._peek() and self._peek() not in closing:
            self._at += 1
        text = self._text[start + 1 : self._at].strip()
        self._at += 1
        if self._peek() == "*":
            self._at += 1
            text += "*"
        return text, True

    def _word_part(self, text: str, quoted: bool = False, remark: str = "") -> Query | None:
        """Return the words of a text, or None if it is empty."""
        bare = text.strip("*").strip()
        prefix = text.endswith("*")
        return Words(bare, tokens_of(bare), prefix, quoted, remark) if bare else None

    def _word_here(self) -> str:
        """Return the text up to the next blank or bracket."""
        match = re.compile(r"[^\s()]*").match(self._text, self._at)
        return match[0] if match else ""

    def _take_word(self, *words: str) -> bool:
        self._skip_blanks()
        word = self._word_here()
        if word in words:
            self._at += len(word)
            self._skip_blanks()
        return word in words

    def _skip_blanks(self) -> None:
        while self._peek().isspace():
            self._at += 1

    def _peek(self) -> str:
        return self._text[self._at : self._at + 1]


def _plain_field(field: str, operator: str, value: str) -> Query | None:
    match field:
        case "taken":
            return taken_query(operator, value)
        case "faces":
            count = count_of(value)
            return None if count is None else compared(operator, count, HasFaces)
        case "rating":
            return rating_query(operator, value)
        case "conf":
            least = confidence_of(value)
            return ConfidenceQuery(least) if least is not None and operator in (":", "=", ">=", ">") else None
    if operator not in (":", "="):
        return None
    return kind_query(value) if field == "type" else flag_query(value)


def _remark(field: str, text: str) -> str:
    expected = {
        "taken": "a date such as 2008, 2008-05 or 2008-05..2008-06",
        "near": "latitude,longitude,distance such as 46.95,7.45,5km",
        "faces": "a number",
        "rating": "a number from -1 to 5",
        "conf": "a number from 0 to 1 behind >=",
        "type": "photo or video",
        "is": "located, partial, annotated, dated or named",
    }.get(field, "a value")
    return f'"{text}" is searched as words: {field} expects {expected}'


def _remark_on_unknown(field: str, text: str) -> str:
    return f'"{text}" is searched as words: there is no field "{field}"{did_you_mean(field.lower(), _FIELDS)}'


def _joined(made: type[And] | type[Or], parts: list[Query]) -> Query:
    """Return the parts as one query."""
    if len(parts) == 1:
        return parts[0]
    return made(tuple(parts)) if parts else And()
