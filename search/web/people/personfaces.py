"""The faces to which runs gave the name of a person, from the index."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from pipeline.detections import Box
from pipeline.source import SourceKind
from pipeline.text import printable
from recognizers.unknown.minedfaces import MinedFace, iter_report_faces
from search.conditions import MediaKind, TermKind
from search.documents import Document, Rect
from search.hitformats import clock
from search.web.library import Library, face_id_of
from search.web.views import file_href

_ID = re.compile(r"([A-Za-z0-9_-]{1,8192})\.[0-9]{1,12}(?:\.-?[0-9]{1,10}){4}")


@dataclass(frozen=True, slots=True)
class PersonFace:
    """A face with a name.

    Args:
        id: what forms and addresses call it.
        document: the photo or video.
        name: the person's.
        rect: the box.
        frame: 0-based index in a video; 0 for a photo.
        time_s: of that frame; None for a photo.
    """

    id: str
    document: Document
    name: str
    rect: Rect
    frame: int
    time_s: float | None

    @property
    def href(self) -> str:
        """The address of its photo or video."""
        return file_href(self.document.path, time_s=self.time_s)

    @property
    def description(self) -> str:
        """Where it is from, for people."""
        name = printable(os.fsdecode(self.document.name))
        return name if self.time_s is None else f"{name}, {clock(self.time_s)}"


def faces_of(document: Document, name: str) -> Iterator[PersonFace]:
    """Yield the faces of a file that have this name: of a video the best one of each span.

    Args:
        document: the file.
        name: exactly as the report has it.
    """
    for face in _named(document):
        if face.name == name:
            yield face


def find_face(library: Library, face_id: str) -> PersonFace | None:
    """Return the face that an id stands for, or None if the index has no such face."""
    match = _ID.fullmatch(face_id)
    if match is None:
        return None
    document = library.find(match[1])
    if document is None:
        return None
    return next((face for face in _named(document) if face.id == face_id), None)


def mined_face(output_root: Path, face: PersonFace) -> MinedFace | None:
    """Return a face as its report has it, with the points that align it.

    Args:
        output_root: OUTPUT.
        face: of the index.
    Returns: None if no report has it any more, or none that says which content it was made from.
    """
    document = face.document
    box = Box(*face.rect)
    found: MinedFace | None = None
    for name in document.reports:
        path = os.path.join(os.fsencode(output_root), document.folder, name)
        try:
            for one in iter_report_faces(os.fsdecode(path)):
                if one.frame > face.frame:
                    break
                if one.frame == face.frame and one.box == box:
                    found = (
                        one if found is None else replace(found, landmarks=found.landmarks or one.landmarks)
                    )
        except (OSError, ValueError):  # it is being replaced, or was edited by hand
            continue
    return found


def without_report(face: PersonFace) -> MinedFace | None:
    """Return a face as the index has it, for the log; None if its content is not known."""
    document = face.document
    if document.sha256 is None:
        return None
    return MinedFace(
        path=os.fsdecode(document.source),
        kind=SourceKind.PHOTO if document.kind is MediaKind.PHOTO else SourceKind.VIDEO,
        sha256=document.sha256.hex(),
        size_bytes=document.size_bytes,
        frame=face.frame,
        time_s=face.time_s,
        box=Box(*face.rect),
        landmarks=None,
        label=face.name,
        distance=None,
        component="",
    )


def _named(document: Document) -> Iterator[PersonFace]:
    seen: set[str] = set()
    rows: list[tuple[TermKind, str, Rect, int, float | None]]
    if document.kind is MediaKind.PHOTO:
        rows = [(one.kind, one.text, one.rect, 0, None) for one in document.detections]
    else:
        rows = [(one.kind, one.text, one.rect, one.frame, one.time_s) for one in document.moments]
    for kind, text, rect, frame, time_s in rows:
        face_id = face_id_of(document, frame, rect)
        if kind is TermKind.NAME and face_id not in seen:
            seen.add(face_id)
            yield PersonFace(face_id, document, text, rect, frame, time_s)
