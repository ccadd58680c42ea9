"""What a box's plate says: its labels as lines of text that are safe to show and short enough."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from annotators.fonts import text_width
from annotators.palette import Color, color_of
from pipeline.detections import Label

MOST_LINES = 5
"""A box with more labels than this shows the best ones and how many more there are."""

MOST_CHARACTERS = 200
"""Longer label texts are cut before anything is measured."""

ELLIPSIS = "..."
"""Three full stops: every font has them."""

_JOINERS = "\u200c\u200d"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a plate.

    Args:
        text: the label, escaped; shortened where room is short.
        detail: what else there is to say of it, such as its confidence; may be empty.
        color: of the label, for the line's background.
    """

    text: str
    detail: str
    color: Color


@dataclass(slots=True)
class _Said:
    """What several labels of the same text say of one box."""

    confidence: float | None = None
    methods: list[str] = field(default_factory=list)


def caption(labels: Iterable[Label]) -> tuple[Line, ...]:
    """The lines for the labels of one box, in their order; labels of the same text are one line."""
    said: dict[str, _Said] = {}
    for label in labels:
        of_text = said.setdefault(label.text, _Said())
        if label.confidence is not None:
            of_text.confidence = max(label.confidence, of_text.confidence or 0.0)
        if label.method is not None and label.method not in of_text.methods:
            of_text.methods.append(label.method)
    lines = [Line(printable_text(text), _detail(of_text), color_of(text)) for text, of_text in said.items()]
    if len(lines) > MOST_LINES:
        rest = len(lines) - MOST_LINES + 1
        lines[MOST_LINES - 1 :] = [Line(f"+{rest} more", "", lines[MOST_LINES - 1].color)]
    return tuple(lines)


def without_details(lines: tuple[Line, ...]) -> tuple[Line, ...]:
    """The same lines with their labels only."""
    return tuple(replace(line, detail="") for line in lines)


def _detail(said: _Said) -> str:
    """`0.86`, or `eigen, lbp` for a name that these strategies agree on."""
    confidence = [] if said.confidence is None else [f"{said.confidence:.2f}"]
    return " ".join([*confidence, printable_text(", ".join(said.methods))]).strip()


def printable_text(text: str) -> str:
    r"""A label's text without anything that acts instead of being seen.

    Control characters, escape sequences, line breaks, direction overrides and undecodable bytes come out
    as escapes (`\x1b`); every kind of space becomes a plain one.
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
