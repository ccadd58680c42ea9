"""Faces as networks and galleries take them: cut out of a frame as the training faces were."""

from __future__ import annotations

from pipeline.detections import Box, Region
from pipeline.frame import Frame, GrayArray, RgbArray
from recognizers.faces.faceimage import with_margin
from recognizers.faces.folderrecord import FolderRecord
from recognizers.networks import alignment
from recognizers.networks.probe import Probe, probe_in, probe_of_picture


class FaceReader:
    """Cuts faces out of frames.

    Args:
        aligned: whether faces with landmarks are aligned.
        margin: see `recognizers.networks.base.DEFAULT_MARGIN`.
    """

    def __init__(self, *, aligned: bool, margin: float) -> None:
        self.aligned = aligned
        self._margin = margin
        self._record = FolderRecord(margin=margin, aligned=True)

    def picture(self, frame: Frame, region: Box) -> RgbArray | None:
        """Cut a face out as `crop` does, aligned; None if it has no landmarks, or faces are not aligned."""
        points = alignment.points_of(region.landmarks) if isinstance(region, Region) else None
        if points is None or not self.aligned:
            return None
        return alignment.aligned(frame.rgb(), points, alignment.ALIGNED_SIDE_PX, self._margin)

    def gray(self, frame: Frame, region: Box, picture: RgbArray | None) -> GrayArray:
        """Return a face for Eigenfaces, Fisherfaces and LBPH: of its `picture` if there is one."""
        if picture is not None:
            return Frame.from_rgb(picture).gray()
        return frame.gray(with_margin(region, self._margin).clipped(frame.size_wh))

    def probe(self, frame: Frame, region: Box, picture: RgbArray | None, *, finds_landmarks: bool) -> Probe:
        """Return a face for a network: of its `picture` if there is one.

        Args:
            finds_landmarks: whether the network finds them on its own.
        """
        if picture is not None:
            return probe_of_picture(picture, self._record)
        return probe_in(frame, region, landmarks=finds_landmarks)
