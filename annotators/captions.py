"""Captions of label boxes: labels as lines of text, escaped and limited in number and length."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from annotators.fonts import text_width
from annotators.palette import Color, color_of
from pipeline.detections import Label

MOST_LINES = 5
"""A box with more labels than this shows the best ones and the number of the others."""

MOST_CHARACTERS = 200
"""Longer label texts are cut before anything is measured."""

ELLIPSIS = "..."
"""Three full stops: every font has them."""

_JOINERS = "\u200c\u200d"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a label box.

    Args:
        text: the label, escaped; shortened where room is short.
        detail: such as the confidence; may be empty.
        color: of the line's background.
    """

    text: str
    detail: str
    color: Color


@dataclass(slots=True)
class _Merged:
    """The confidence and the methods of all labels of one box that have the same text."""

    confidence: float | None = None
    methods: list[str] = field(default_factory=list)


def caption(labels: Iterable[Label]) -> tuple[Line, ...]:
    """The lines for the labels of one box, in their order; labels with the same text make one line."""
    merged: dict[str, _Merged] = {}
    for label in labels:
        of_text = merged.setdefault(label.text, _Merged())
        if label.confidence is not None:
            of_text.confidence = max(label.confidence, of_text.confidence or 0.0)
        if label.method is not None and label.method not in of_text.methods:
            of_text.methods.append(label.method)
    lines = [Line(printable_text(text), _detail(of_text), color_of(text)) for text, of_text in merged.items()]
    if len(lines) > MOST_LINES:
        rest = len(lines) - MOST_LINES + 1
        lines[MOST_LINES - 1 :] = [Line(f"+{rest} more", "", lines[MOST_LINES - 1].color)]
    return tuple(lines)


def without_details(lines: tuple[Line, ...]) -> tuple[Line, ...]:
    """The same lines with their labels only."""
    return tuple(replace(line, detail="") for line in lines)


def _detail(of_text: _Merged) -> str:
    """`0.86`, or `eigen, lbp` for a name on which these strategies agree."""
    confidence = [] if of_text.confidence is None else [f"{of_text.confidence:.2f}"]
    return " ".join([*confidence, printable_text(", ".join(of_text.methods))]).strip()


def printable_text(text: str) -> str:
    r"""Escape a label's text so that a terminal or a renderer only shows it.

    Control characters, escape sequences, line breaks, direction overrides and undecodable bytes become
    escapes (`\x1b`). Every kind of space becomes a plain one. Only the first `MOST_CHARACTERS` are kept.
    """
    return "".join(_printable_char(char) for char in text[:MOST_CHARACTERS])


def _printable_char(char: str) -> str:
    if unicodedata.category(char) == "Zs":
        return " "
    if char.isprintable() or char in _JOINERS:
        return char
    return char.encode("unicode_escape").decode("ascii")


def shortened(text: str, size_px: int, width_px: int) -> str:
    """The text if it fits into `width_px`, else its beginning and an ellipsis; empty if nothing fits."""
    if text_width(text, size_px) <= width_px:
        return text
    fitting, too_long = 0, len(text)
    while too_long - fitting > 1:
        length = (fitting + too_long) // 2
        if text_width(text[:length].rstrip() + ELLIPSIS, size_px) <= width_px:
            fitting = length
        else:
            too_long = length
    return text[:fitting].rstrip() + ELLIPSIS if fitting else ""
