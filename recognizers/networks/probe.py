"""`Probe`: a face as a network takes it, in training and in mining."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.detections import Box, Region
from pipeline.frame import Frame
from recognizers.faces.faceimage import PixelArray, with_margin
from recognizers.faces.folderrecord import FolderRecord
from recognizers.networks.alignment import PointArray, points_of, template_in

_AROUND = 0.3
"""How far beyond a box without landmarks a network may search for the face, as a share of the box's sides."""


@dataclass(frozen=True)
class Probe:
    """Pixels with one face, and the place of the face in them.

    Args:
        rgb: (height, width, 3), the face and its surroundings.
        box: of the face, in pixels of `rgb`, as a detector would find it.
        points: its landmarks, in pixels of `rgb`; None if they are unknown.
    """

    rgb: PixelArray
    box: Box
    points: PointArray | None = None


def probe_in(frame: Frame, region: Box, *, landmarks: bool = True) -> Probe:
    """Make a probe of a face in a frame.

    Args:
        frame: the photo, or a frame of a video.
        region: the face's box, inside the frame; a `Region` may have landmarks.
        landmarks: whether known landmarks are used.
    """
    points = points_of(region.landmarks) if landmarks and isinstance(region, Region) else None
    if points is not None:
        return Probe(frame.rgb(), region, points)
    around = with_margin(region, _AROUND).clipped(frame.size_wh)
    return Probe(frame.rgb(around), region.shifted(-around.x1, -around.y1))


def probe_of_picture(rgb: PixelArray, record: FolderRecord, *, landmarks: bool = True) -> Probe:
    """Make a probe of a picture that shows nothing but a face.

    Args:
        rgb: (height, width, 3).
        record: what was done to the picture; it gives the landmarks of an aligned one.
        landmarks: whether these landmarks are used.
    """
    height, width = rgb.shape[:2]
    share = record.margin / (1 + 2 * record.margin)
    dx, dy = round(width * share), round(height * share)
    box = Box(dx, dy, max(width - dx, dx + 1), max(height - dy, dy + 1))
    if not (record.aligned and landmarks):
        return Probe(rgb, box)
    return Probe(rgb, box, template_in((width, height), record.margin, record.fit))
