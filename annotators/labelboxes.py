"""Renders the lines of a caption as a small picture, the label box, that is stamped beside a detection."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from annotators.captions import Line, shortened
from annotators.fonts import LINE_HEIGHT, text_mask
from annotators.palette import Color, ink_on
from pipeline.frame import RgbArray


def make_label_box(lines: Sequence[Line], text_px: int, room_wh: tuple[int, int]) -> RgbArray | None:
    """Render the label box for a caption.

    A line that is too long has its label shortened first; then its detail is dropped. If there are too many
    lines, the last ones are dropped.

    Args:
        lines: the best first.
        text_px: text size.
        room_wh: the label box's greatest width and height, pixels.
    Returns: (height, width, 3) uint8, or None if not even one short line fits, or there are no lines.
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
    """Render one line: its text and its detail on a background of its colour; None if nothing fits."""
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
    """(256, 3) uint8: the colours from the background to the ink that is most readable on it."""
    share = np.arange(256)[:, None]
    mixed = share * np.array(ink_on(background)) + (255 - share) * np.array(background)
    return np.asarray((mixed + 127) // 255, dtype=np.uint8)


def _widened(row: RgbArray, width: int) -> RgbArray:
    """The row, padded on the right with its background."""
    missing = width - row.shape[1]
    return np.pad(row, ((0, 0), (0, missing), (0, 0)), mode="edge") if missing else row
