"""`Fit`: how a picture is brought to another shape."""

from __future__ import annotations

from enum import StrEnum


class Fit(StrEnum):
    """How a picture is brought to a width and height of another shape."""

    STRETCH = "stretch"
    """Width and height are scaled independently, as the 2017 program did."""
    CROP = "crop"
    """The middle part that has the wanted shape is scaled."""
    PAD = "pad"
    """The whole picture is scaled and gets black bars."""
