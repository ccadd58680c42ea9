"""Pictures of mined faces, as `crop` cuts them, with where each came from in the file itself."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from pipeline.errors import SourceError
from pipeline.files.outputs import write_file
from pipeline.frame import Frame, RgbArray
from pipeline.source import SourceKind
from pipeline.text import printable
from recognizers.faces.folderrecord import FaceFacts
from recognizers.faces.pictures import encode_as
from recognizers.networks.base import DEFAULT_MARGIN
from recognizers.teaching.cropping import cut_face
from recognizers.unknown.minedfaces import MinedFace
from recognizers.unknown.picturename import picture_name
from recognizers.unknown.reading import by_file, in_parallel, iter_frames_with

ALIGNED = FaceFacts(margin=DEFAULT_MARGIN, aligned=True)
"""How `crop` prepares faces that have landmarks."""


class CutFace(NamedTuple):
    """A picture of a face.

    Args:
        face: the face.
        png: the file's content, with the face's facts in it.
    """

    face: MinedFace
    png: bytes


def face_picture(frame: Frame, face: MinedFace, facts: FaceFacts) -> RgbArray | None:
    """Cut a face out: (height, width, 3) uint8.

    Returns: None if it is to be aligned and has no landmarks, or lies outside of the frame, as a report that
        another program has written may say.
    """
    if face.box.clipped(frame.size_wh).is_empty:
        return None
    pixels = cut_face(frame, face.region, facts)
    return None if pixels is None else np.ascontiguousarray(pixels)


def cut_faces(faces: Sequence[MinedFace], facts: FaceFacts, problems: list[str]) -> Iterator[CutFace]:
    """Cut faces out of their photos and videos, several files in parallel, those of one file together.

    Args:
        faces: of any files. Those that cannot be aligned although `facts` wants it are left out.
        facts: how pictures are prepared: aligned or not, margin, detector, network.
        problems: gains a sentence for each file that cannot be read.
    """

    def of_file(own: list[MinedFace]) -> tuple[list[CutFace], str | None]:
        cut: list[CutFace] = []
        try:
            for frame, shown in iter_frames_with(own):
                for face in shown:
                    pixels = face_picture(frame, face, facts)
                    if pixels is not None:
                        cut.append(CutFace(face, png_of(face, pixels, facts)))
        except SourceError as error:
            return cut, f"{printable(own[0].path)}: {error.sentence}"
        return cut, None

    for cut, problem in in_parallel(of_file, by_file(faces)):
        if problem is not None:
            problems.append(problem)
        yield from cut


def png_of(face: MinedFace, pixels: RgbArray, facts: FaceFacts) -> bytes:
    """Return the PNG file of a face's picture, with the face's facts in it."""
    return facts_of(face, facts).written_into(encode_as("face.png", pixels))


def facts_of(face: MinedFace, facts: FaceFacts) -> FaceFacts:
    """Return what a face's picture says about itself."""
    shown = os.fsencode(face.path).decode("utf-8", "replace")
    is_video = face.kind is SourceKind.VIDEO
    return facts.model_copy(
        update={
            "detector": facts.detector or face.component,
            "photo": shown,
            "sha256": face.sha256,
            "size_bytes": face.size_bytes,
            "box": face.box.xyxy,
            "frame": face.frame if is_video else None,
            "time": face.time_s if is_video else None,
        }
    )


def write_picture(cut: CutFace, folder: Path) -> Path:
    """Write a face's picture into a folder, such as that of a person; returns its path.

    Raises: OutputError: it cannot be written.
    """
    path = folder / picture_name(cut.face)
    write_file(path, cut.png)
    return path
