"""Selects what is drawn of a picture's detections: the boxes, their thickness and their lines of text."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

import numpy as np

from annotators.captions import Line, caption, without_details
from annotators.palette import UNLABELLED, Color
from annotators.pictureparams import LabelsWord
from pipeline.detections import UNKNOWN, Box, Detection, Label, Landmarks, Region

_FACE_POINTS = 5
"""A face's landmarks begin with its eyes, see `pipeline.detections.Landmarks`."""
_PERSON = "person"
"""The word of COCO and Pascal VOC. It says nothing beside a name, nor about a stranger among named people."""
_WITHIN = 0.8
"""How much of a face lies inside the box of the person that it belongs to."""


@dataclass(frozen=True, slots=True)
class Subject:
    """A box to draw.

    Args:
        box: pixels of the picture, not empty.
        lines: of its label box; none if it gets none.
        color: of its frame.
        is_thin: whether its frame is thin.
        is_named: whether it is a face with a name.
        eyes: of a face, where no label box may lie; None for everything else.
    """

    box: Box
    lines: tuple[Line, ...]
    color: Color
    is_thin: bool = False
    is_named: bool = False
    eyes: Box | None = None


@dataclass(slots=True)
class _Found:
    """All that was found of one box."""

    labels: tuple[Label, ...] = ()
    landmarks: Landmarks | None = None

    @property
    def is_face(self) -> bool:
        """Whether it is a face: by its landmarks, its label, or because a recognizer looked at it."""
        has_eyes = self.landmarks is not None and len(self.landmarks) == _FACE_POINTS
        is_called_face = any(label.text.casefold().endswith("face") for label in self.labels)
        return has_eyes or self.is_recognized or is_called_face

    @property
    def is_recognized(self) -> bool:
        """Whether a recognizer looked at it."""
        return any(label.method is not None for label in self.labels)

    @property
    def names(self) -> tuple[Label, ...]:
        """The names from recognizers, without `unknown`."""
        return tuple(label for label in self.labels if label.method is not None and label.text != UNKNOWN)


def choose_subjects(
    detections: Iterable[Detection],
    size_wh: tuple[int, int],
    picture_wh: tuple[int, int],
    shown: LabelsWord,
) -> list[Subject]:
    """Choose what is drawn: each box once, scaled to the picture, the largest first.

    Args:
        detections: boxes in pixels of the full-size frame.
        size_wh: the frame's full-size width and height.
        picture_wh: of the picture, pixels.
        shown: `full`: every label of every box. `plain`: a face has its name alone, or a thin frame and no
            label; so has a person around a face that a recognizer looked at; everything else has its labels
            without details. `names`: as `plain`, but only faces.
    """
    by_box: dict[Box, _Found] = {}
    for detection in detections:
        found = by_box.setdefault(detection.box, _Found())
        found.labels += detection.labels
        of_region = detection.box.landmarks if isinstance(detection.box, Region) else None
        found.landmarks = found.landmarks or detection.landmarks or of_region
    subjects = []
    recognized = [box for box, found in by_box.items() if found.is_recognized]
    for (box, found), holds_face in zip(by_box.items(), _hold_faces(by_box, recognized), strict=True):
        in_picture = scaled(box, size_wh, picture_wh)
        if in_picture.is_empty or (shown == "names" and not found.is_face):
            continue
        eyes = scaled(_eyes(box, found.landmarks), size_wh, picture_wh) if found.is_face else None
        subjects.append(_subject(in_picture, found, eyes, shown, holds_face))
    return sorted(subjects, key=lambda subject: subject.box.width * subject.box.height, reverse=True)


def scaled(box: Box, size_wh: tuple[int, int], picture_wh: tuple[int, int]) -> Box:
    """The smallest box of the picture's pixels that holds all of `box`; empty if that lies outside."""
    (full_width, full_height), (width, height) = size_wh, picture_wh
    x1, y1 = box.x1 * width // full_width, box.y1 * height // full_height
    x2, y2 = -(-box.x2 * width // full_width), -(-box.y2 * height // full_height)
    return Box(x1, y1, max(x2, x1 + 1), max(y2, y1 + 1)).clipped(picture_wh)


def _subject(box: Box, found: _Found, eyes: Box | None, shown: LabelsWord, holds_face: bool) -> Subject:
    lines = caption(found.labels)
    color = lines[0].color if lines else UNLABELLED
    if shown == "full":
        return Subject(box, lines, color, eyes=eyes)
    if found.names:
        lines = without_details(caption(found.names))
        return Subject(box, lines, lines[0].color, is_named=True, eyes=eyes)
    if found.is_face:
        return Subject(box, (), UNLABELLED, is_thin=True, eyes=eyes)
    if holds_face and {label.text for label in found.labels} == {_PERSON}:
        return Subject(box, (), color, is_thin=True)
    return Subject(box, without_details(lines), color)


def _hold_faces(boxes: Collection[Box], faces: Collection[Box]) -> list[bool]:
    """For each box, whether nearly all of one of the faces lies inside it."""
    if not faces:
        return [False] * len(boxes)
    outer = np.array([box.xyxy for box in boxes], np.int64)[:, None]
    inner = np.array([face.xyxy for face in faces], np.int64)[None]
    sides = np.minimum(outer[..., 2:], inner[..., 2:]) - np.maximum(outer[..., :2], inner[..., :2])
    areas = (inner[..., 2:] - inner[..., :2]).prod(axis=2)
    holds = (sides > 0).all(axis=2) & (sides.prod(axis=2) >= _WITHIN * areas)
    return list(map(bool, holds.any(axis=1)))


def _eyes(face: Box, landmarks: Landmarks | None) -> Box:
    """Where the eyes are, with the brows; without landmarks the upper part of the face."""
    if landmarks is None or len(landmarks) != _FACE_POINTS:
        return Box(face.x1, face.y1, face.x2, face.y1 + -(-face.height * 3 // 5))
    (x1, y1), (x2, y2) = landmarks[:2]
    around = max(abs(x2 - x1) * 2 // 5, face.width // 8, 1)
    return Box(min(x1, x2) - around, min(y1, y2) - around, max(x1, x2) + around, max(y1, y2) + around)
