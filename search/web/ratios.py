"""Style classes for the aspect ratios of pictures, from which justified rows follow without a script.

Each picture is a flexible item whose width and growth are proportional to its aspect ratio, so that all
pictures of a row have one height and the row is full. The layout is known before a picture is loaded. Inline
styles would need a weaker content security policy, hence classes.
"""

from __future__ import annotations

_STEP = 5
_LEAST, _MOST = 40, 300
"""Hundredths; a narrower or wider picture is cropped to these in rows."""


def ratio_class(width: int, height: int) -> str:
    """The class of a picture of this size, pixels."""
    hundredths = 100 if width <= 0 or height <= 0 else round(100 * width / height / _STEP) * _STEP
    return f"ratio-{min(max(hundredths, _LEAST), _MOST)}"


def ratio_styles() -> str:
    """The style sheet with all classes; `--row` is the height of a row."""
    return "\n".join(
        f".ratio-{hundredths} {{ flex-grow: {hundredths}; width: calc(var(--row) * {hundredths / 100:g}); "
        f"aspect-ratio: {hundredths / 100:g}; }}"
        for hundredths in range(_LEAST, _MOST + 1, _STEP)
    )
