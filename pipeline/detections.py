"""The values that flow from detectors to reports: boxes, labels, detections.

Boxes are half-open pixels `(x1, y1, x2, y2)` of the upright full-size image: x to the right, y down,
`x1 <= x < x2` and `y1 <= y < y2` lie inside. All values are frozen.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from pipeline.text import name_key

Landmarks = tuple[tuple[int, int], ...]
"""Points of a thing, (x, y) pixels of the frame, which may lie outside; of a face: right eye, left eye, tip
of the nose, right and left corner of the mouth, as the person has them."""

UNKNOWN = "unknown"
"""The label that recognizers give to a face whose person they do not know."""


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle of whole pixels, half-open: its width is `x2 - x1`."""

    x1: int
    y1: int
    x2: int
    y2: int

    @property
    def xyxy(self) -> tuple[int, int, int, int]:
        """The four numbers: left, top, right, bottom."""
        return self.x1, self.y1, self.x2, self.y2

    @property
    def width(self) -> int:
        """Pixels across; 0 or less when the box is empty."""
        return self.x2 - self.x1

    @property
    def height(self) -> int:
        """Pixels down; 0 or less when the box is empty."""
        return self.y2 - self.y1

    @property
    def is_empty(self) -> bool:
        """Whether no pixel lies inside."""
        return self.width <= 0 or self.height <= 0

    def clipped(self, size_wh: tuple[int, int]) -> Box:
        """The box clipped to an image of `size_wh` (width, height) pixels; it may become empty."""
        width, height = size_wh
        return Box(
            min(max(self.x1, 0), width),
            min(max(self.y1, 0), height),
            min(max(self.x2, 0), width),
            min(max(self.y2, 0), height),
        )

    def shifted(self, dx: int, dy: int) -> Box:
        """The box moved right by `dx` and down by `dy` pixels."""
        return Box(self.x1 + dx, self.y1 + dy, self.x2 + dx, self.y2 + dy)

    def iou(self, other: Box) -> float:
        """Intersection over union with another box, 0 to 1; 0 when either is empty."""
        width = min(self.x2, other.x2) - max(self.x1, other.x1)
        height = min(self.y2, other.y2) - max(self.y1, other.y1)
        if width <= 0 or height <= 0:
            return 0.0
        intersection = width * height
        return intersection / (self.width * self.height + other.width * other.height - intersection)


@dataclass(frozen=True, slots=True, eq=False)
class Region(Box):
    """Where a detector looks: a box, with the landmarks of the earlier detection that it comes from.

    A region is a `Box` and equals every box with the same corners.

    Args:
        landmarks: of the earlier detection, or None.
    """

    landmarks: Landmarks | None = None

    def __eq__(self, other: object) -> bool:
        """Whether the other is a box of the same corners."""
        return self.xyxy == other.xyxy if isinstance(other, Box) else NotImplemented

    def __hash__(self) -> int:
        """The hash of the box."""
        return hash(self.xyxy)


@dataclass(frozen=True, slots=True)
class Label:
    """One answer to "what is it?".

    Args:
        text: for people, such as `cat` or a name.
        confidence: 0 to 1, or None if the detector has none (a cascade).
        method: the recognition strategy that gave this label (`eigen`, `embedding` ...), `correction` for
            one that a person gave, or None.
        distance: between the face and the nearest known face, in the strategy's own unit; None outside
            recognition.
    """

    text: str
    confidence: float | None = None
    method: str | None = None
    distance: float | None = None


@dataclass(frozen=True, slots=True)
class Detection:
    """A box and what is in it, the best label first.

    Args:
        box: where it is.
        labels: what it is.
        landmarks: points of it, see `Landmarks`, or None.
    """

    box: Box
    labels: tuple[Label, ...]
    landmarks: Landmarks | None = None

    @property
    def region(self) -> Region:
        """The detection's box and landmarks as a region for later components."""
        return Region(*self.box.xyxy, landmarks=self.landmarks)

    def carries(self, texts: frozenset[str]) -> bool:
        """Whether one of the labels is among `texts`, which are in the form of `pipeline.text.name_key`."""
        return any(name_key(label.text) in texts for label in self.labels)


class Picture(NamedTuple):
    """Which picture a detector looks at, whatever its file is called.

    Args:
        sha256: of the file's bytes, hexadecimal; None if it is not known, as of videos that were never mined.
        frame_index: 0-based; 0 for a photo.
    """

    sha256: str | None
    frame_index: int


@dataclass(frozen=True, slots=True)
class FrameResult:
    """What each component found in one frame, in the order of the pipeline file.

    Args:
        frame_index: 0-based; 0 for a photo.
        timestamp: seconds from the start of the video, or None for a photo.
        found: the detections of each component by its name; an empty tuple if it found nothing.
    """

    frame_index: int
    timestamp: float | None
    found: Mapping[str, tuple[Detection, ...]]
