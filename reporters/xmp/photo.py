"""Facts about the photo or video that a sidecar belongs to."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from pipeline.source import Turn
from pipeline.xmp.embedded import Embedded


class Photo(NamedTuple):
    """A photo or video.

    Args:
        size_wh: upright width and height, pixels.
        turn: from the stored picture to the upright one; None: no regions are written, as of videos.
        read_embedded: reads its own metadata, when that is needed.
    """

    size_wh: tuple[int, int]
    turn: Turn | None
    read_embedded: Callable[[], Embedded]

    @property
    def stored_wh(self) -> tuple[int, int]:
        """Width and height of the stored picture, pixels."""
        width, height = self.size_wh
        return (height, width) if self.turn is not None and self.turn.orientation >= 5 else (width, height)
