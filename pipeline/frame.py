"""A frame: the upright pixels of one moment, decoded only when somebody asks for them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

from pipeline.detections import Box

if TYPE_CHECKING:  # a sixth of a second that the parent process need not spend
    import numpy as np
    from numpy.typing import NDArray

RgbArray: TypeAlias = "NDArray[np.uint8]"
"""(height, width, 3) uint8, red first."""
GrayArray: TypeAlias = "NDArray[np.uint8]"
"""(height, width) uint8."""
Decode: TypeAlias = Callable[[tuple[int, int]], "NDArray[np.uint8]"]
"""Gives the whole upright frame at no less than (width, height), or at full size if that is less.

Asked again for what it has decoded, it does not decode again.
"""


class Frame:
    """One photo, or one moment of a video.

    Pixels come on demand and are kept while the frame lives, so that a full-size decode happens once and
    only if a component needs it. The arrays are shared between components and therefore read-only.

    Args:
        size_wh: upright full-size width and height, pixels; known without decoding.
        decode: gives the whole frame's pixels, see `Decode`.
        index: 0-based; 0 for a photo.
        timestamp: seconds from the start of the video; None for a photo.
        seen: the part that there is of a photo that ends too early; None: all of it.
    """

    def __init__(
        self,
        size_wh: tuple[int, int],
        decode: Decode,
        *,
        index: int = 0,
        timestamp: float | None = None,
        seen: Box | None = None,
    ) -> None:
        self.size_wh = size_wh
        self.index = index
        self.timestamp = timestamp
        self.seen = seen or self.whole
        self._decode = decode
        self._decoded: dict[tuple[int, int], RgbArray] = {}

    @classmethod
    def from_rgb(cls, rgb: NDArray[Any], *, index: int = 0, timestamp: float | None = None) -> Frame:
        """A frame of pixels that are already there: (height, width, 3) uint8, red first."""
        height, width = rgb.shape[:2]
        return cls((width, height), lambda _: rgb, index=index, timestamp=timestamp)

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
        """The whole frame's pixels at no less than `size_wh`, decoded as small as the format can.

        What comes back depends on the photo and on `size_wh` alone, never on what other components asked
        for before: a detector's answers do not change when a writer is added to the pipeline.

        Args:
            size_wh: the least width and height, pixels; capped at the full size.
        Returns: (height, width, 3) read-only, of the whole frame, at some scale up to 1.
        """
        wanted = (min(size_wh[0], self.size_wh[0]), min(size_wh[1], self.size_wh[1]))
        if wanted not in self._decoded:
            self._decoded[wanted] = _frozen(self._decode(wanted))
        return self._decoded[wanted]


def _frozen(rgb: RgbArray) -> RgbArray:
    """A read-only view, so that no component can draw into another's pixels."""
    view = rgb.view()
    view.flags.writeable = False
    return view
