"""Format hits as JSON lines, CSV rows, or a table for people."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Any

from pipeline.text import printable
from reporters.report import to_file_keys
from search.backend import Hit
from search.conditions import MediaKind

CSV_COLUMNS = ("file", "type", "taken", "names", "labels", "moments")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_MOST_MOMENTS = 4
_LEAST_FILE_COLUMNS = 24


def taken_text(taken: int) -> str:
    """Return a date in the report's form without its offset, or an empty text."""
    if not taken:
        return ""
    digits = f"{taken:014d}"
    return f"{digits[:4]}-{digits[4:6]}-{digits[6:8]}T{digits[8:10]}:{digits[10:12]}:{digits[12:]}"


def clock(seconds: float) -> str:
    """Return a time in a video for people: `1:02:03` or `2:03.5`."""
    whole, tenth = divmod(round(seconds * 10), 10)
    minutes, second = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    text = f"{hours}:{minutes:02d}:{second:02d}" if hours else f"{minutes}:{second:02d}"
    return f"{text}.{tenth}" if tenth else text


def hit_object(hit: Hit) -> dict[str, Any]:
    """Return a hit as a JSON object."""
    shown: dict[str, Any] = {
        **to_file_keys(os.fsdecode(hit.source)),
        "type": hit.kind.word,
        "taken": taken_text(hit.taken) or None,
        "labels": list(hit.labels),
        "names": list(hit.names),
        "moments": [[span.first_s, span.last_s] for span in hit.moments],
    }
    if hit.best is not None:
        best = hit.best
        shown["best"] = {
            "label": best.text,
            "time": best.time_s,
            "frame": best.frame,
            "rect": list(best.rect),
        }
        if best.confidence is not None:
            shown["best"]["confidence"] = best.confidence
    return shown


def csv_row(hit: Hit) -> list[str]:
    """Return a hit as a row of `CSV_COLUMNS`. Lists are joined by `; `."""
    moments = "; ".join(f"{span.first_s:g}-{span.last_s:g}" for span in hit.moments)
    cells = (
        printable(os.fsdecode(hit.source)),
        hit.kind.word,
        taken_text(hit.taken),
        "; ".join(hit.names),
        "; ".join(hit.labels),
        moments,
    )
    return [harmless_cell(cell) for cell in cells]


def table(hits: Sequence[Hit], columns: int | None) -> Iterable[str]:
    """Yield the lines of a table with headings.

    Args:
        hits: a page.
        columns: of the terminal, to cut rows to; None for no cutting.
    """
    rows = [_table_row(hit) for hit in hits]
    headings = ("taken", "file", "names", "labels", "when")
    shown = [number for number in range(len(headings)) if any(row[number] for row in rows)]
    widths = {number: max(width(row[number]) for row in (*rows, headings)) for number in shown}
    if columns is not None:
        _shrink(widths, columns)
    for row in (headings, *rows):
        line = "  ".join(_fitted(row[number], widths[number]) for number in shown)
        yield line.rstrip()


def width(text: str) -> int:
    """Return how many columns of a terminal a text takes."""
    if text.isascii():
        return len(text)
    return sum(_char_width(char) for char in text)


def _table_row(hit: Hit) -> tuple[str, ...]:
    moments = [
        clock(span.first_s) if span.first_s == span.last_s else f"{clock(span.first_s)}-{clock(span.last_s)}"
        for span in hit.moments[:_MOST_MOMENTS]
    ]
    if len(hit.moments) > _MOST_MOMENTS:
        moments.append("...")
    if hit.kind is MediaKind.VIDEO and not moments and hit.duration_s:
        moments.append(f"(video, {clock(hit.duration_s)})")
    return (
        taken_text(hit.taken).replace("T", " ")[:16],
        printable(os.fsdecode(hit.path)),
        printable(", ".join(hit.names)),
        printable(", ".join(hit.labels)),
        ", ".join(moments),
    )


def _shrink(widths: dict[int, int], columns: int) -> None:
    """Narrow the columns of files, names and labels until a row fits, the widest first."""
    elastic = [number for number in widths if number in (1, 2, 3)]
    while sum(widths.values()) + 2 * (len(widths) - 1) > columns:
        widest = max(elastic, key=lambda number: widths[number], default=None)
        if widest is None or widths[widest] <= _LEAST_FILE_COLUMNS:
            return
        widths[widest] -= 1


def _fitted(text: str, columns: int) -> str:
    """Return a text cut or padded to a width."""
    if width(text) > columns:
        kept, used = [], 1
        for char in text:
            used += _char_width(char)
            if used > columns:
                break
            kept.append(char)
        text = "".join(kept) + "\u2026"
    return text + " " * (columns - width(text))


def _char_width(char: str) -> int:
    if unicodedata.combining(char):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def harmless_cell(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    cell = printable(cell)
    return "'" + cell if cell.startswith(_FORMULA) else cell
