"""The folder in which a user sorts unknown faces: a folder for each group, and one for single faces."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from pipeline.files.outputerrors import output_errors
from recognizers.faces.facekey import FaceKey
from recognizers.faces.foldername import SINGLES_FOLDER, group_folder, group_number
from recognizers.faces.folderrecord import read_facts
from recognizers.unknown.groups import ELSEWHERE, Groups
from recognizers.unknown.pictures import CutFace, write_picture

_PICTURE_ENDING = ".png"


class PlacedPicture(NamedTuple):
    """A picture of a face in the user's folders.

    Args:
        path: of the picture.
        folder: name of the folder in the top folder in which it lies; empty for the top folder itself.
    """

    path: Path
    folder: str


def pictures_in(top: Path) -> dict[FaceKey, PlacedPicture]:
    """Return the pictures in a folder that say which face they show; of several of one face, the first.

    A face that lies in a person's folder and in that of a group counts as the person's.
    """
    found: dict[FaceKey, PlacedPicture] = {}
    for path, folder in _iter_pictures(top):
        facts = read_facts(str(path))
        key = None if facts is None else facts.key
        if key is not None and (key not in found or _is_of_program(found[key].folder)):
            found[key] = PlacedPicture(path, folder)
    return found


def placed_by_people(pictures: Mapping[FaceKey, PlacedPicture]) -> dict[FaceKey, int]:
    """Return where faces are put: number of a group, or `ELSEWHERE`; nothing for single faces."""
    return {
        key: group_number(picture.folder) or ELSEWHERE
        for key, picture in pictures.items()
        if picture.folder != SINGLES_FOLDER
    }


def write_new_faces(cut: Iterable[CutFace], groups: Groups, top: Path) -> Iterator[tuple[FaceKey, Path]]:
    """Write the pictures of faces into the folders of their groups; yield which they are, and their paths.

    Raises: OutputError: one cannot be written.
    """
    folder_of = {
        track.best.key: group_folder(number) for number, tracks in groups.numbered.items() for track in tracks
    }
    for one in cut:
        yield one.face.key, write_picture(one, top / folder_of.get(one.face.key, SINGLES_FOLDER))


def move_out_of_singles(groups: Groups, pictures: Mapping[FaceKey, PlacedPicture], top: Path) -> int:
    """Move the pictures of faces that were single, and are in a group now; return how many there were.

    Raises: OutputError: one cannot be moved.
    """
    moved = 0
    for number, tracks in groups.numbered.items():
        for track in tracks:
            picture = pictures.get(track.best.key)
            if picture is None or picture.folder != SINGLES_FOLDER:
                continue
            target = top / group_folder(number) / picture.path.name
            with output_errors(target):
                target.parent.mkdir(parents=True, exist_ok=True)
                os.replace(picture.path, target)
            moved += 1
    return moved


def group_folders(top: Path) -> dict[int, list[Path]]:
    """Return number -> pictures of each folder of a group, in the order of numbers."""
    found: dict[int, list[Path]] = {}
    for name in sorted(os.listdir(top)):
        number = group_number(name)
        if number is not None and (top / name).is_dir():
            own = sorted(path for path in (top / name).iterdir() if path.suffix == _PICTURE_ENDING)
            found.setdefault(number, []).extend(own)
    return {number: found[number] for number in sorted(found) if found[number]}


def _is_of_program(folder: str) -> bool:
    return folder == SINGLES_FOLDER or group_number(folder) is not None


def _iter_pictures(top: Path) -> Iterator[tuple[Path, str]]:
    for folder, subfolders, names in os.walk(top):
        subfolders.sort()
        first = os.path.relpath(folder, top).split(os.sep)[0]
        for name in sorted(names):
            if name.endswith(_PICTURE_ENDING):
                yield Path(folder, name), "" if first == "." else first
