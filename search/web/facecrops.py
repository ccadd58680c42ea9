"""Pictures of unknown faces as they are taught: cut out of photos and videos, kept in the thumbnail cache."""

from __future__ import annotations

import os
from pathlib import Path

from pipeline.errors import FailureCode, ModelError, SourceError
from recognizers.faces.folderrecord import FaceFacts
from recognizers.model.facemodel import read_facemodel
from recognizers.unknown.minedfaces import MinedFace
from search.web.library import readable_file
from search.web.thumbnails import Thumbnails

_MARGIN = 0.1


def facts_for(model: Path) -> FaceFacts:
    """Return how faces are prepared: as those that a model was trained with, else aligned, as `crop` does."""
    try:
        record = read_facemodel(os.fspath(model))
    except ModelError:
        return FaceFacts(margin=_MARGIN, aligned=True)
    return FaceFacts(margin=record.margin, aligned=record.aligned)


def kind_of(face: MinedFace, facts: FaceFacts) -> str:
    """Return what the cache calls the picture of a face among those of its file."""
    is_aligned = facts.aligned and face.landmarks is not None
    return f"cut {face.frame} {face.box.xyxy} {is_aligned} {facts.margin}"


def cached_at(thumbnails: Thumbnails, face: MinedFace, facts: FaceFacts) -> Path | None:
    """Return where the picture of a face is kept; None if its photo or video is gone."""
    source = os.fsencode(face.path)
    status = readable_file(source)
    return None if status is None else thumbnails.path_for(source, status, kind_of(face, facts))


def cut_png(face: MinedFace, facts: FaceFacts) -> bytes:
    """Cut a face out of its photo or video; a PNG file that says where it is from.

    A face without landmarks cannot be aligned: its box is cut out, and the file says so.

    Raises: SourceError: the file is gone or has changed.
    """
    from recognizers.unknown.pictures import cut_faces
    from search.web.pictures import time_bound

    problems: list[str] = []
    if face.landmarks is None:
        facts = facts.model_copy(update={"aligned": False})
    with time_bound():
        cut = next(iter(cut_faces([face], facts, problems)), None)
    if cut is None:
        raise SourceError(FailureCode.VANISHED, problems[0] if problems else "the face cannot be cut out")
    return cut.png
