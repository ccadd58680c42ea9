"""Tracks of faces through a video: one face of each stands for the others."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby

from pipeline.detections import Box
from recognizers.unknown.minedfaces import MinedFace

_SAME_TRACK_IOU = 0.3
_MOST_GAP_S = 2.0
"""A face that is missing for longer begins a new track."""


@dataclass(frozen=True, slots=True)
class Track:
    """One face of a photo, or the appearances of a face in consecutive mined frames of a video.

    Args:
        best: the appearance that shows most: the largest of those with landmarks, else the largest.
        faces: all of them, in the order of the frames.
    """

    best: MinedFace
    faces: tuple[MinedFace, ...]


def iter_tracks(faces: Iterable[MinedFace]) -> Iterator[Track]:
    """Yield the tracks of faces, in the order of their first faces.

    Args:
        faces: those of one file together and in the order of its frames, as `iter_mined_faces` gives them.
    """
    for _, of_file in groupby(faces, key=lambda face: face.path):
        yield from _tracks_of(list(of_file))


def _tracks_of(faces: list[MinedFace]) -> Iterator[Track]:
    """Assign each face to the track whose last box it overlaps most, frame by frame."""
    tracks: list[list[MinedFace]] = []
    recent: list[list[MinedFace]] = []
    for _, in_frame in groupby(faces, key=lambda face: face.frame):
        here = list(in_frame)
        recent = [track for track in recent if _time(here[0]) - _time(track[-1]) <= _MOST_GAP_S]
        begun: list[list[MinedFace]] = []
        for face in here:
            free = [track for track in recent if track[-1].frame < face.frame]
            best = max(free, key=lambda track: face.box.iou(track[-1].box), default=None)
            if best is not None and face.box.iou(best[-1].box) >= _SAME_TRACK_IOU:
                best.append(face)
            else:
                begun.append([face])
        recent += begun
        tracks += begun
    for track in tracks:
        yield Track(max(track, key=lambda face: (face.landmarks is not None, _area(face.box))), tuple(track))


def _time(face: MinedFace) -> float:
    return face.time_s or 0.0


def _area(box: Box) -> int:
    return box.width * box.height
