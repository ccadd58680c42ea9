"""Renders text as pixels, with the first font that has its characters.

ASCII labels are drawn with the font that Pillow ships, so that they look the same on every machine. Other
labels are drawn with the first font of this machine that has their characters.
"""

from __future__ import annotations

import logging
import math
import os
import sys
import unicodedata
from collections.abc import Iterator
from functools import cache, lru_cache
from itertools import groupby

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from pipeline.host.logs import ONCE_A_RUN

Mask = NDArray[np.uint8]
"""(height, width) uint8: 0 where the background shows, 255 where the ink does."""

Picture = tuple[tuple[int, int], bytes]
"""Of one character: width and height, and its pixels."""

BUILT_IN = ""
"""In place of a path: the font that Pillow ships."""

LINE_HEIGHT = 1.3
"""Height of a line of text, in text sizes; the baseline lies one text size below its top."""

_FONT_ENDINGS = (".ttf", ".ttc", ".otf", ".otc")
_PREFERRED = ("dejavusans.", "notosans-regular", "notosanscjk-regular", "notosans", "liberationsans", "arial")
_MISFITS = (
    "italic",
    "oblique",
    "bold",
    "light",
    "thin",
    "black",
    "mono",
    "serif",
    "condensed",
    "emoji",
    "symbol",
)
_MOST_FONTS = 1000
_NO_CHARACTER = "\U0010fffd"
_JOINERS = "\u200c\u200d\ufe0e\ufe0f"
"""Invisible characters that change how their neighbours are drawn, within one font."""
_WEIGHT = 0.018
"""Strokes are thickened by this fraction of the text size on each side, because the built-in font is thin."""

_log = logging.getLogger(__name__)


@lru_cache(maxsize=1024)
def text_mask(text: str, size_px: int) -> Mask:
    """Render one line of text.

    Args:
        text: without control characters.
        size_px: of the font, 1 or more; the line is `LINE_HEIGHT` times as high.
    Returns: read-only, cropped to the ink at the left and at the right.
    """
    height, baseline = round(size_px * LINE_HEIGHT), size_px
    pieces = [(piece, _fitting_font(path, piece, size_px)) for path, piece in _pieces(text)]
    lengths = [math.ceil(font.getlength(piece)) for piece, font in pieces]
    stroke = size_px * _WEIGHT
    margin = math.ceil(stroke) + size_px
    canvas = Image.new("L", (sum(lengths) + 2 * margin, height))
    draw = ImageDraw.Draw(canvas)
    x = margin
    for (piece, font), length in zip(pieces, lengths, strict=True):
        draw.text((x, baseline), piece, fill=255, font=font, anchor="ls", stroke_width=stroke)
        x += length
    ink = canvas.getbbox() or (margin, 0, margin + sum(lengths), height)
    mask = np.asarray(canvas)[:, ink[0] : ink[2]].copy()
    mask.flags.writeable = False
    return mask


def text_width(text: str, size_px: int) -> int:
    """The width of `text_mask(text, size_px)` in pixels, to within two pixels, without drawing it."""
    thickening = math.ceil(2 * size_px * _WEIGHT)
    return thickening + sum(math.ceil(_font(path, size_px).getlength(piece)) for path, piece in _pieces(text))


@lru_cache(maxsize=4096)
def _pieces(text: str) -> tuple[tuple[str, str], ...]:
    """The text split into (font path, piece), in order; one piece if one font has all characters."""
    plain = "".join(char for char in text if char not in _JOINERS)
    if plain.isascii():
        return ((BUILT_IN, plain),)
    for path in _paths():
        if all(_has(path, char) for char in plain):
            return ((path, text),)
    drawable = "".join(char if _home(char) is not None else _substitute(char) for char in plain)
    return tuple(
        (path, "".join(chars)) for path, chars in groupby(drawable, lambda char: _home(char) or BUILT_IN)
    )


def _substitute(char: str) -> str:
    r"""What is drawn for a character that no font here has: `e` for `é`, `\u732b` for a Kanji."""
    _warn_once()
    bare = "".join(part for part in unicodedata.normalize("NFKD", char) if part.isascii())
    return bare or char.encode("unicode_escape").decode("ascii")


@cache
def _warn_once() -> None:
    _log.warning(
        "some labels have characters that no font on this machine has, so they are drawn as codes; "
        "install a font that has them, such as Debian's fonts-noto-core or fonts-noto-cjk",
        extra=ONCE_A_RUN,
    )


@lru_cache(maxsize=4096)
def _home(char: str) -> str | None:
    """The first font that has a character, or None."""
    return next((path for path in _paths() if _has(path, char)), None)


@lru_cache(maxsize=65536)
def _has(path: str, char: str) -> bool:
    """Whether a font has a glyph for a character, other than its placeholder for missing ones."""
    if char.isspace() or (path == BUILT_IN and char.isascii()):
        return True
    try:
        font, placeholder = _probe(path)
        return _picture(font, char) != placeholder
    except (OSError, ValueError):  # damaged, of a kind that FreeType cannot scale, or with an odd name
        return False


@lru_cache(maxsize=_MOST_FONTS)
def _probe(path: str) -> tuple[ImageFont.FreeTypeFont, Picture]:
    """A font at 16 pixels, and its placeholder for missing characters."""
    font = _font(path, 16)
    return font, _picture(font, _NO_CHARACTER)


def _picture(font: ImageFont.FreeTypeFont, char: str) -> Picture:
    mask = font.getmask(char)
    return mask.size, bytes(mask)


def _fitting_font(path: str, piece: str, size_px: int) -> ImageFont.FreeTypeFont:
    """The font at `size_px`, or smaller if a tall script needs it to fit into the line."""
    font = _font(path, size_px)
    if path == BUILT_IN:
        return font
    _, top, _, bottom = font.getbbox(piece, anchor="ls")
    room_above, room_below = size_px, round(size_px * LINE_HEIGHT) - size_px
    shrink = min(1.0, room_above / max(-top, 1), room_below / max(bottom, 1))
    return font if shrink == 1.0 else _font(path, max(1, int(size_px * max(shrink, 0.6))))


@lru_cache(maxsize=64)
def _font(path: str, size_px: int) -> ImageFont.FreeTypeFont:
    """Raises: OSError: not a font that FreeType reads at this size."""
    if path == BUILT_IN:
        font = ImageFont.load_default(size_px)
        assert isinstance(font, ImageFont.FreeTypeFont)
        return font
    return ImageFont.truetype(path, size_px)


@cache
def _paths() -> tuple[str, ...]:
    """The font files of this machine, the most suitable first, after the font that Pillow ships."""
    found = sorted({path for folder in _folders() for path in _iter_fonts(folder)}, key=_rank)
    return (BUILT_IN, *found[:_MOST_FONTS])


def _folders() -> Iterator[str]:
    """The folders that hold fonts (XDG Base Directory Specification; macOS's own folders)."""
    home = os.path.expanduser("~")
    if sys.platform == "darwin":
        yield from (f"{home}/Library/Fonts", "/Library/Fonts", "/System/Library/Fonts")
    data = os.environ.get("XDG_DATA_DIRS") or "/usr/local/share:/usr/share"
    yield from (os.path.join(folder, "fonts") for folder in data.split(":") if folder)
    yield os.path.join(os.environ.get("XDG_DATA_HOME") or f"{home}/.local/share", "fonts")
    yield f"{home}/.fonts"


def _iter_fonts(folder: str) -> Iterator[str]:
    for place, _, names in os.walk(folder):
        yield from (os.path.join(place, name) for name in names if name.lower().endswith(_FONT_ENDINGS))


def _rank(path: str) -> tuple[int, int, str]:
    """Sorts plain upright sans-serif fonts before the others, well-known families first."""
    name = os.path.basename(path).lower()
    family = next((i for i, start in enumerate(_PREFERRED) if name.startswith(start)), len(_PREFERRED))
    return sum(word in name for word in _MISFITS), family, path
