"""Label plates: the lines of a caption as a small picture to be stamped beside a box."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from annotators.captions import Line, shortened
from annotators.fonts import LINE_HEIGHT, text_mask
from annotators.palette import Color, ink_on
from pipeline.frame import RgbArray


def make_plate(lines: Sequence[Line], text_px: int, room_wh: tuple[int, int]) -> RgbArray | None:
    """The plate for a caption.

    Where a line is too long, its label is shortened before its detail goes; where there are too many
    lines, the last ones go.

    Args:
        lines: the best first.
        text_px: text size.
        room_wh: the plate's greatest width and height, pixels.
    Returns: (height, width, 3) uint8, or None where not even one short line fits or there is none.
    """
    width, height = room_wh
    most_lines = height // round(text_px * LINE_HEIGHT)
    rows = [row for line in lines[:most_lines] if (row := _row(line, text_px, width)) is not None]
    if not rows:
        return None
    widest = max(row.shape[1] for row in rows)
    return np.concatenate([_widened(row, widest) for row in rows])


@lru_cache(maxsize=512)
def _row(line: Line, text_px: int, width: int) -> RgbArray | None:
    """One line: its text and its detail on a background of its colour."""
    margin, gap = max(2, round(text_px * 0.3)), max(3, round(text_px * 0.35))
    room = width - 2 * margin
    masks = [text_mask(line.detail, text_px)] if line.detail else []
    detail_room = sum(mask.shape[1] + gap for mask in masks)
    text = shortened(line.text, text_px, room - detail_room)
    if len(text) < len(line.text) and len(text) < 6:
        text, masks = shortened(line.text, text_px, room), []
    if not text:
        return None
    masks.insert(0, text_mask(text, text_px))
    columns = sum(mask.shape[1] for mask in masks) + gap * (len(masks) - 1) + 2 * margin
    coverage = np.zeros((masks[0].shape[0], columns), np.uint8)
    x = margin
    for mask in masks:
        coverage[:, x : x + mask.shape[1]] = mask
        x += mask.shape[1] + gap
    coverage = coverage[:, :width]  # a glyph may lean a pixel out of its measured width
    return np.take(_shades(line.color), coverage, axis=0)


@lru_cache(maxsize=64)
def _shades(background: Color) -> RgbArray:
    """(256, 3): from the background to the ink that reads best on it."""
    share = np.arange(256)[:, None]
    mixed = share * np.array(ink_on(background)) + (255 - share) * np.array(background)
    return np.asarray((mixed + 127) // 255, dtype=np.uint8)


def _widened(row: RgbArray, width: int) -> RgbArray:
    """The row with its background carried on to the right."""
    missing = width - row.shape[1]
    return np.pad(row, ((0, 0), (0, missing), (0, 0)), mode="edge") if missing else row
