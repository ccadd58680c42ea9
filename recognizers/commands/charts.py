"""Drawing charts: bar charts of histograms, and confusion matrices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from annotators.fonts import LINE_HEIGHT, text_mask
from pipeline.frame import RgbArray
from pipeline.text import printable

Color = tuple[int, int, int]

RIGHT: Color = (27, 120, 135)
WRONG: Color = (213, 94, 0)
OTHER: Color = (128, 115, 172)
_COLORS = (RIGHT, WRONG, OTHER)
_INK: Color = (51, 51, 51)
_GRID: Color = (226, 226, 226)

_TEXT_PX = 15
_PANEL_WH = (900, 340)
_MARGIN_LEFT, _MARGIN_RIGHT, _MARGIN_TOP, _MARGIN_BOTTOM = 70, 30, 58, 48
_MOST_CELLS_PX = 1200
_LONGEST_NAME = 24


@dataclass(frozen=True)
class Series:
    """One panel of a bar chart.

    Args:
        title: what the values are.
        edges: (N + 1,) bounds of the bins.
        counts: name of a class -> (N,) its counts; at most three classes.
        lines: name of a value -> the value, drawn as a vertical line.
    """

    title: str
    edges: NDArray[np.float64]
    counts: Mapping[str, NDArray[np.int64]]
    lines: Mapping[str, float] = field(default_factory=dict)


class _Canvas:
    """A white picture with text in any script."""

    def __init__(self, size_wh: tuple[int, int]) -> None:
        self.image = Image.new("RGB", size_wh, "white")
        self.draw = ImageDraw.Draw(self.image)

    def text(
        self, x: float, y: float, text: str, *, align: float = 0.0, upright: bool = False, color: Color = _INK
    ) -> int:
        """Draw a line of text that is vertically centred at `y`; return its width.

        Args:
            align: 0 to begin at `x`, 0.5 to centre there, 1 to end there.
            upright: whether it is rotated by 90 degrees; then it begins at `y`.
        """
        mask = Image.fromarray(text_mask(printable(text), _TEXT_PX))
        if upright:
            mask = mask.transpose(Image.Transpose.ROTATE_90)
            self.image.paste(color, (round(x - mask.width / 2), round(y)), mask)
        else:
            self.image.paste(color, (round(x - align * mask.width), round(y - mask.height / 2)), mask)
        return mask.width

    @property
    def pixels(self) -> RgbArray:
        """The picture: (height, width, 3) uint8."""
        return np.asarray(self.image, dtype=np.uint8)


def bar_charts(panels: Sequence[Series]) -> RgbArray:
    """Draw histograms, one below the other, with stacked bars: (height, width, 3) uint8."""
    width, height = _PANEL_WH
    canvas = _Canvas((width, height * len(panels)))
    for index, series in enumerate(panels):
        _draw_panel(canvas, index * height, series)
    return canvas.pixels


def _draw_panel(canvas: _Canvas, top: int, series: Series) -> None:
    width, height = _PANEL_WH
    left, right = _MARGIN_LEFT, width - _MARGIN_RIGHT
    ceiling, floor = top + _MARGIN_TOP, top + height - _MARGIN_BOTTOM
    canvas.text(left, top + 20, series.title)
    _draw_legend(canvas, right, top + 20, series)
    stacked = np.cumsum([*series.counts.values()], axis=0)
    most = max(1, int(stacked[-1].max()))
    for tick in _ticks(most):
        y = floor - (floor - ceiling) * tick / most
        canvas.draw.line((left, y, right, y), fill=_GRID)
        canvas.text(left - 10, y, f"{tick:g}", align=1.0)
    low, high = float(series.edges[0]), float(series.edges[-1])
    bins = len(series.edges) - 1
    slot = (right - left) / bins
    for nth in reversed(range(len(series.counts))):
        for index in np.flatnonzero(stacked[nth]).tolist():
            x = left + slot * (index + 0.07)
            y = floor - max(1.0, (floor - ceiling) * int(stacked[nth, index]) / most)
            canvas.draw.rectangle((x, y, x + slot * 0.86, floor), fill=_COLORS[nth])
    canvas.draw.line((left, floor, right, floor), fill=_INK)
    for edge in range(0, bins + 1, max(1, -(-bins // 10))):
        canvas.text(left + slot * edge, floor + 18, _short_number(series.edges[edge]), align=0.5)
    for value in series.lines.values():
        x = left + (right - left) * (value - low) / ((high - low) or 1.0)
        if left <= x <= right:
            canvas.draw.line((x, ceiling - 8, x, floor), fill=_INK, width=2)


def _draw_legend(canvas: _Canvas, right: float, y: float, series: Series) -> None:
    """Draw the meaning of colours and lines, from right to left."""
    x = float(right)
    for name in reversed(list(series.lines)):
        x -= canvas.text(x, y, f"{name} {_short_number(series.lines[name])}", align=1.0) + 14
        canvas.draw.line((x + 4, y - 7, x + 4, y + 7), fill=_INK, width=2)
        x -= 14
    if len(series.counts) > 1 or series.lines:
        for nth in reversed(range(len(series.counts))):
            x -= canvas.text(x, y, list(series.counts)[nth], align=1.0) + 18
            canvas.draw.rectangle((x, y - 6, x + 12, y + 6), fill=_COLORS[nth])
            x -= 16


def _ticks(most: int) -> list[int]:
    """Return a few round numbers from 0 to `most`."""
    step = 1
    while most / step > 6:
        step = step * 2 if str(step)[0] in "15" else step * 5 // 2
    return list(range(0, most + 1, step))


def _short_number(value: Any) -> str:
    number = float(value)
    if abs(number) >= 100 or number == round(number):
        return f"{number:.0f}"
    return f"{number:.1f}" if abs(number) >= 10 else f"{number:.2f}"


def matrix_chart(title: str, rows: Sequence[str], columns: Sequence[str], counts: NDArray[Any]) -> RgbArray:
    """Draw a confusion matrix; the shade of a cell is its share of the row.

    Args:
        title: above the matrix.
        rows: the right names.
        columns: the answers; an answer equal to the row's name is right.
        counts: (len(rows), len(columns)) numbers of pictures.
    Returns: (height, width, 3) uint8.
    """
    least = _TEXT_PX * LINE_HEIGHT if max(len(rows), len(columns)) <= 60 else 8
    cell = int(max(least, min(40, _MOST_CELLS_PX / max(len(rows), len(columns)))))
    named = cell >= _TEXT_PX
    names = 12 + max(text_mask(_cut(name), _TEXT_PX).shape[1] for name in [*rows, *columns]) if named else 20
    left, top = names + 16, 56
    size = (left + cell * len(columns) + 24, top + cell * len(rows) + names + 16)
    canvas = _Canvas((max(size[0], 420), size[1]))
    canvas.text(16, 22, title)
    for row, name in enumerate(rows):
        total = max(1, int(counts[row].sum()))
        y = top + row * cell
        if named:
            canvas.text(left - 8, y + cell / 2, _cut(name), align=1.0)
        for column, answer in enumerate(columns):
            count = int(counts[row, column])
            shade = _shaded(RIGHT if name == answer else WRONG, count / total)
            x = left + column * cell
            canvas.draw.rectangle((x, y, x + cell - 2, y + cell - 2), fill=shade)
            if count and cell >= 1.6 * _TEXT_PX:
                ink: Color = (255, 255, 255) if count / total > 0.5 else _INK
                canvas.text(x + cell / 2 - 1, y + cell / 2 - 1, str(count), align=0.5, color=ink)
    if named:
        for column, answer in enumerate(columns):
            canvas.text(
                left + column * cell + cell / 2, top + len(rows) * cell + 8, _cut(answer), upright=True
            )
    return canvas.pixels


def _cut(name: str) -> str:
    shown = printable(name)
    return shown if len(shown) <= _LONGEST_NAME else shown[: _LONGEST_NAME - 3] + "..."


def _shaded(color: Color, share: float) -> Color:
    """Return a colour between nearly white, for 0, and the full colour, for 1."""
    weight = 0.0 if share == 0 else 0.2 + 0.8 * share
    red, green, blue = (round(245 + (channel - 245) * weight) for channel in color)
    return red, green, blue
