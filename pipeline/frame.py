"""A frame: the upright pixels of a photo or of one moment of a video, decoded on demand."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

from pipeline.detections import Box, Picture

if TYPE_CHECKING:  # saves the parent process a sixth of a second
    import numpy as np
    from numpy.typing import NDArray

RgbArray: TypeAlias = "NDArray[np.uint8]"
"""(height, width, 3) uint8, red first."""
GrayArray: TypeAlias = "NDArray[np.uint8]"
"""(height, width) uint8."""
Decode: TypeAlias = Callable[[tuple[int, int]], "NDArray[np.uint8]"]
"""Decodes the whole upright frame at (width, height) or larger, or at full size if that is smaller.

It decodes each size once.
"""


class Frame:
    """One photo, or one moment of a video.

    Pixels are decoded on demand and kept as long as the frame, so that a full-size decode happens once, and
    only if a component needs it. Components share the arrays, which are therefore read-only.

    Args:
        size_wh: upright full-size width and height, pixels; known without decoding.
        decode: decodes the whole frame, see `Decode`.
        index: 0-based; 0 for a photo.
        timestamp: seconds from the start of the video; None for a photo.
        seen: the part that could be decoded of a truncated photo; None if the frame is complete.
        sha256: of the file's bytes, hexadecimal; None if it is not known.
    """

    def __init__(
        self,
        size_wh: tuple[int, int],
        decode: Decode,
        *,
        index: int = 0,
        timestamp: float | None = None,
        seen: Box | None = None,
        sha256: str | None = None,
    ) -> None:
        self.size_wh = size_wh
        self.index = index
        self.timestamp = timestamp
        self.seen = seen or self.whole
        self.sha256 = sha256
        self._decode = decode
        self._decoded: dict[tuple[int, int], RgbArray] = {}

    @classmethod
    def from_rgb(cls, rgb: NDArray[Any], *, index: int = 0, timestamp: float | None = None) -> Frame:
        """Make a frame of decoded pixels: (height, width, 3) uint8, red first."""
        height, width = rgb.shape[:2]
        return cls((width, height), lambda _: rgb, index=index, timestamp=timestamp)

    @property
    def picture(self) -> Picture:
        """Which picture it is."""
        return Picture(self.sha256, self.index)

    @property
    def whole(self) -> Box:
        """The box of the whole frame."""
        return Box(0, 0, *self.size_wh)

    def rgb(self, box: Box | None = None) -> RgbArray:
        """Full-size pixels of the frame, or of a box inside it: (height, width, 3), read-only."""
        full = self.rgb_covering(self.size_wh)
        return full if box is None else full[box.y1 : box.y2, box.x1 : box.x2]

    def gray(self, box: Box | None = None) -> GrayArray:
        """Full-size luma of the frame, or of a box inside it: (height, width) uint8."""
        import cv2
        import numpy as np

        return np.asarray(cv2.cvtColor(self.rgb(box), cv2.COLOR_RGB2GRAY), dtype=np.uint8)

    def rgb_covering(self, size_wh: tuple[int, int]) -> RgbArray:
        """The whole frame, decoded at the smallest size that the format offers and `size_wh` allows.

        The result depends on the photo and on `size_wh` alone, not on what other components requested before:
        a detector's results do not change when a writer is added to the pipeline.

        Args:
            size_wh: the least width and height, pixels; capped at the full size.
        Returns: (height, width, 3) read-only, the whole frame at a scale of at most 1.
        """
        wanted = (min(size_wh[0], self.size_wh[0]), min(size_wh[1], self.size_wh[1]))
        if wanted not in self._decoded:
            self._decoded[wanted] = _frozen(self._decode(wanted))
        return self._decoded[wanted]


def _frozen(rgb: RgbArray) -> RgbArray:
    """A read-only view, so that no component can draw on the pixels of another one."""
    view = rgb.view()
    view.flags.writeable = False
    return view
