"""Cutting out the faces that people have named in photo programs, into folders by name."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from pipeline.detections import Box, Region
from pipeline.errors import SourceError
from pipeline.files.outputs import write_file
from pipeline.frame import Frame
from pipeline.photos.photo import open_photo
from pipeline.source import Limits, Source
from pipeline.text import printable
from pipeline.xmp.embedded import read_embedded
from pipeline.xmp.namedfaces import NamedFace, named_faces, read_sidecars
from recognizers.faces.foldername import folder_name
from recognizers.faces.folderrecord import FaceFacts
from recognizers.faces.pictures import encode_as
from recognizers.teaching.cropping import cut_face, path_of

FIND_NONE = "no face is found there"
TOO_SMALL = "smaller than 20 pixels"
NO_FOLDER_NAME = "its name cannot be that of a folder"
_LEAST_SIDE_PX = 20
_SEARCHED_MARGIN = 0.5
"""How far beyond a region a face is looked for, as a part of its sides; programs draw them narrow or wide."""
_LEAST_OVERLAP = 0.2
"""IoU of a region and the face found in it."""

Find = Callable[[Frame], Sequence[Region]]


@dataclass(frozen=True)
class ImportedPhoto:
    """The result for one photo.

    Args:
        written: the names of the faces that were cut out, one for each.
        left_out: a name and a reason for each face that was not.
        failure: a sentence on why the photo gave none, or None.
    """

    written: tuple[str, ...] = ()
    left_out: tuple[tuple[str, str], ...] = ()
    failure: str | None = None


@dataclass
class _Result:
    written: list[str] = field(default_factory=list)
    left_out: list[tuple[str, str]] = field(default_factory=list)


def import_faces(
    photos: Sequence[Source],
    out: str,
    make_finder: Callable[[], Find] | None,
    *,
    facts: FaceFacts,
    threads: int,
) -> Iterator[ImportedPhoto]:
    """Cut named faces out of photos, several photos in parallel.

    Args:
        photos: to read; their sidecars lie beside them.
        out: the folder for the folders of people.
        make_finder: makes what finds the faces of a frame with landmarks, once for each thread; None: faces
            are cut as the regions are.
        facts: how the pictures are prepared.
        threads: number of photos in parallel.
    Returns: the result for each photo, in order.
    Raises: OutputError: a picture cannot be written.
    """
    own = threading.local()

    def one(source: Source) -> ImportedPhoto:
        if make_finder is not None and not hasattr(own, "find"):
            own.find = make_finder()
        try:
            return _import_photo(source, out, getattr(own, "find", None), facts)
        except SourceError as error:
            return ImportedPhoto(failure=f"{printable(source.path)}: {error.sentence}")

    with ThreadPoolExecutor(threads) as pool:
        yield from pool.map(one, photos)


def _import_photo(source: Source, out: str, find: Find | None, facts: FaceFacts) -> ImportedPhoto:
    """Write the named faces of one photo. Raises: SourceError: it cannot be read."""
    media, frame = open_photo(source, Limits())
    packets = list(read_sidecars(source.path))
    if (embedded := read_embedded(source.path, source.format, Limits()).packet) is not None:
        packets.append(embedded)
    faces, trouble = named_faces(packets, media.size_wh, media.turn)
    if trouble:
        return ImportedPhoto(failure=f"{printable(source.path)}: {trouble}")
    result = _Result()
    shown = os.fsencode(source.path).decode("utf-8", "replace")
    of_photo = {"photo": shown, "sha256": media.sha256, "size_bytes": source.size_bytes}
    facts = facts.model_copy(update=of_photo)
    for face in faces:
        _import_face(source, frame, face, out, find, facts, result)
    return ImportedPhoto(tuple(result.written), tuple(result.left_out))


def _import_face(
    source: Source,
    frame: Frame,
    face: NamedFace,
    out: str,
    find: Find | None,
    facts: FaceFacts,
    result: _Result,
) -> None:
    folder = folder_name(face.name)
    region: Region | None = Region(*face.box.xyxy)
    if min(face.box.width, face.box.height) < _LEAST_SIDE_PX:
        result.left_out.append((face.name, TOO_SMALL))
        return
    if not folder:
        result.left_out.append((face.name, NO_FOLDER_NAME))
        return
    if find is not None:
        region = _found_in(frame, face.box, find)
    pixels = None if region is None else cut_face(frame, region, facts)
    if region is None or pixels is None:
        result.left_out.append((face.name, FIND_NONE))
        return
    path = path_of(source, len(result.written), os.fspath(Path(out, folder)), True)
    own = facts.model_copy(update={"box": region.xyxy})
    write_file(path, own.written_into(encode_as(path.name, np.ascontiguousarray(pixels))))
    result.written.append(folder)


def _found_in(frame: Frame, box: Box, find: Find) -> Region | None:
    """The face that is found in a named region and around it, with its landmarks; None if there is none."""
    dx, dy = round(box.width * _SEARCHED_MARGIN), round(box.height * _SEARCHED_MARGIN)
    searched = Box(box.x1 - dx, box.y1 - dy, box.x2 + dx, box.y2 + dy).clipped(frame.size_wh)
    x, y = searched.x1, searched.y1
    best, overlap = None, _LEAST_OVERLAP
    for found in find(Frame.from_rgb(np.ascontiguousarray(frame.rgb(searched)))):
        shifted = found.shifted(x, y)
        if found.landmarks is not None and shifted.iou(box) > overlap:
            points = tuple((px + x, py + y) for px, py in found.landmarks)
            best, overlap = Region(*shifted.xyxy, landmarks=points), shifted.iou(box)
    return best
