"""Assigns a colour to each label: a word has the same colour in every file, process and run."""

from __future__ import annotations

import hashlib

Color = tuple[int, int, int]
"""Red, green, blue, 0 to 255 each."""

PALETTE: tuple[Color, ...] = (
    (0xFF, 0x44, 0x38),  # red
    (0xFF, 0x8A, 0x1F),  # orange
    (0xFF, 0xC8, 0x3A),  # amber
    (0xF6, 0xF2, 0x3C),  # yellow
    (0xB4, 0xEE, 0x2B),  # lime
    (0x2F, 0xD2, 0x4A),  # green
    (0x0F, 0x94, 0x60),  # sea green
    (0x62, 0xF2, 0xC4),  # mint
    (0x14, 0xBF, 0xC0),  # turquoise
    (0x5C, 0xCB, 0xFF),  # sky
    (0x2B, 0x6B, 0xFF),  # blue
    (0xA9, 0x9D, 0xFF),  # lavender
    (0x9A, 0x3D, 0xFF),  # violet
    (0xF0, 0x82, 0xFF),  # orchid
    (0xD4, 0x14, 0x8E),  # magenta
    (0xFF, 0x6A, 0x9E),  # pink
    (0xFF, 0xB8, 0xD6),  # rose
    (0xFF, 0xB4, 0x8F),  # peach
    (0xB5, 0x74, 0x2A),  # bronze
)
"""Bright enough to stand out from a dark edge (luminance above 0.15), and at least 0.08 apart in Oklab."""

BLACK: Color = (0, 0, 0)
WHITE: Color = (255, 255, 255)

UNLABELLED: Color = (0xDD, 0xDD, 0xDD)
"""The colour of a detection without labels."""

# The best of a million numbers: with it, words that occur together in photos (person, face, cat, dog, car,
# bus, bicycle, chair, cup, ...) get different colours, and the commonest get bright ones. Another number
# changes the colours of all words.
_SALT = (356501).to_bytes(4, "big")


def color_of(text: str) -> Color:
    """The colour of a label's text, one of `PALETTE`; depends on the text alone."""
    digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8, salt=_SALT).digest()
    return PALETTE[int.from_bytes(digest, "big") % len(PALETTE)]


def ink_on(background: Color) -> Color:
    """Black or white, whichever has more contrast with `background`: at least 4.5 to 1 on any colour."""
    return max(BLACK, WHITE, key=lambda ink: contrast(ink, background))


def contrast(one: Color, other: Color) -> float:
    """The contrast of two colours, 1 (none) to 21 (black and white).

    Source: Web Content Accessibility Guidelines 2.1, "contrast ratio".
    """
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(color: Color) -> float:
    """Relative luminance of an sRGB colour, 0 to 1 (IEC 61966-2-1)."""
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in (value / 255 for value in color)
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
