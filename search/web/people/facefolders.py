"""The pictures of named faces in the user's folder: a folder for each person."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

from pipeline.files.outputerrors import output_errors
from pipeline.files.outputs import write_file
from recognizers.faces.facekey import FaceKey
from recognizers.faces.folderrecord import read_facts
from recognizers.unknown.minedfaces import MinedFace
from recognizers.unknown.picturename import picture_name
from search.web.people.placing import UNDONE_FOLDER


def write_pictures(top: Path, pictures: Sequence[tuple[MinedFace, bytes]], name: str) -> None:
    """Write pictures of faces into a person's folder; each is then in no other person's or group's folder.

    Args:
        top: the user's folder.
        pictures: faces and their PNG files.
        name: of the person's folder.
    Raises: OutputError: one cannot be written.
    """
    with output_errors(top):
        top.mkdir(parents=True, exist_ok=True)
        others = [path for path in top.iterdir() if path.name not in (name, UNDONE_FOLDER) and path.is_dir()]
    for face, png in pictures:
        file_name = picture_name(face)
        write_file(top / name / file_name, png)
        for folder in others:
            if _key_of(folder / file_name) == face.key:
                with output_errors(folder):
                    (folder / file_name).unlink()


def take_back(top: Path, name: str, keys: set[FaceKey], person_of: Callable[[FaceKey], str | None]) -> None:
    """Move pictures out of a person's folder: to the person whom they show now, or to `_undone`.

    An empty folder is removed.

    Args:
        top: the user's folder.
        name: of the person's folder.
        keys: of the faces.
        person_of: the name that a face has now; None if it has none.
    Raises: OutputError: one cannot be moved.
    """
    folder = top / name
    if not folder.is_dir():
        return
    with output_errors(folder):
        for path in sorted(folder.glob("*.png")):
            key = _key_of(path)
            if key is None or key not in keys:
                continue
            person = person_of(key)
            target = (top / UNDONE_FOLDER / name if person is None else top / person) / path.name
            target.parent.mkdir(parents=True, exist_ok=True)
            path.replace(target)
        if not any(folder.iterdir()):
            folder.rmdir()


def _key_of(path: Path) -> FaceKey | None:
    facts = read_facts(os.fspath(path))
    return None if facts is None else facts.key
