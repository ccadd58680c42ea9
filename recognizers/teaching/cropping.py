"""Cutting faces out of photos into picture files that are named after their photo."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pipeline.detections import Region
from pipeline.errors import SourceError, UsageError
from pipeline.files.outputs import output_path, write_file
from pipeline.files.walk import iter_sources
from pipeline.frame import Frame, GrayArray, RgbArray
from pipeline.photos.photo import open_photo
from pipeline.source import Limits, Source, SourceKind
from pipeline.text import printable
from recognizers.faces.faceimage import scaled, with_margin
from recognizers.faces.folderrecord import FaceFacts
from recognizers.faces.pictures import encode_as
from recognizers.networks.alignment import ALIGNED_SIDE_PX, aligned, points_of

_KEPT_SIDE_PX = 128
"""Longest side of the gray copy of each face that is kept for grouping."""


@dataclass(frozen=True)
class Crop:
    """One face that was cut out.

    Args:
        path: of the picture file.
        photo: number of its photo, from 0.
        gray: a small copy of the face, (height, width) uint8.
    """

    path: str
    photo: int
    gray: GrayArray


@dataclass(frozen=True)
class CroppedPhoto:
    """The result for one photo.

    Args:
        crops: its faces.
        failure: a sentence on why it could not be searched, or None.
    """

    crops: tuple[Crop, ...]
    failure: str | None = None


def list_photos(top: str, out: str) -> tuple[list[Source], list[str]]:
    """List the photos in a folder, or a single photo, and a sentence for each unreadable one.

    Args:
        top: a photo or a folder.
        out: the folder for the crops, which is not searched.
    Raises: UsageError: the folder does not exist or holds no photos, or `out` is `top` itself.
    """
    if not os.path.lexists(top):
        raise UsageError(f"{printable(top)}: there is no such file or folder; give one with photos")
    if os.path.isdir(out) and os.path.samefile(top, out):
        raise UsageError(f"{printable(out)}: is the folder of the photos; choose another for the faces")
    photos: list[Source] = []
    unreadable: list[str] = []
    for found in iter_sources(top, output_root=Path(out).absolute()):
        if isinstance(found, Source):
            if found.kind is SourceKind.PHOTO:
                photos.append(found)
        elif found.failed:
            unreadable.append(f"{printable(found.path)}: {found.sentence}")
    if not photos:
        reason = f" ({unreadable[0]})" if unreadable else ""
        raise UsageError(f"{printable(top)}: holds no photos{reason}")
    return photos, unreadable


def crop_photos(
    photos: Sequence[Source],
    out: str,
    make_finder: Callable[[], Callable[[Frame], Sequence[Region]]],
    *,
    facts: FaceFacts,
    flat: bool,
    threads: int,
) -> Iterator[CroppedPhoto]:
    """Find faces and cut them out, several photos in parallel.

    Args:
        photos: to search.
        out: the folder for the pictures of faces.
        make_finder: returns a function that finds the faces of a frame; each thread calls it once.
        facts: what is written into each picture, but for its photo and box. Its margin says how far to cut
            beyond the finder's box, or the aligned square; if it is `aligned`, faces are aligned by their
            landmarks, and those without landmarks are left out.
        flat: whether all pictures lie in `out` itself, instead of in subfolders as the photos do.
        threads: number of photos in parallel.
    Returns: the result for each photo, in order.
    Raises: OutputError: a picture cannot be written.
    """
    own = threading.local()

    def one(number: int) -> CroppedPhoto:
        """Write the faces of one photo."""
        if not hasattr(own, "find"):
            own.find = make_finder()
        source = photos[number]
        try:
            media, frame = open_photo(source, Limits())
            found = [(region, cut_face(frame, region, facts)) for region in own.find(frame)]
        except SourceError as error:
            return CroppedPhoto((), f"{printable(source.path)}: {error.sentence}")
        crops: list[Crop] = []
        shown = os.fsencode(source.path).decode("utf-8", "replace")
        of_photo = {"photo": shown, "sha256": media.sha256, "size_bytes": source.size_bytes}
        for region, pixels in found:
            if pixels is None:
                continue
            path = path_of(source, len(crops), out, flat)
            own_facts = facts.model_copy(update={**of_photo, "box": region.xyxy})
            write_file(path, own_facts.written_into(encode_as(path.name, np.ascontiguousarray(pixels))))
            crops.append(Crop(os.fspath(path), number, _small(Frame.from_rgb(pixels).gray())))
        return CroppedPhoto(tuple(crops))

    with ThreadPoolExecutor(threads) as pool:
        yield from pool.map(one, range(len(photos)))


def cut_face(frame: Frame, region: Region, facts: FaceFacts) -> RgbArray | None:
    """Return a face's pixels, (height, width, 3); None if it is to be aligned and has no landmarks."""
    if not facts.aligned:
        return frame.rgb(with_margin(region, facts.margin).clipped(frame.size_wh))
    points = points_of(region.landmarks)
    return None if points is None else aligned(frame.rgb(), points, ALIGNED_SIDE_PX, facts.margin)


def path_of(source: Source, index: int, out: str, flat: bool) -> Path:
    """Return `OUT/DIR/IMG.jpg-face-1.png`, or `OUT/DIR--IMG.jpg-face-1.png` if `flat`."""
    relative = source.relative.replace("--", "-_-").replace(os.sep, "--") if flat else source.relative
    return output_path(Path(out), relative, f"-face-{index + 1}.png")


def _small(gray: GrayArray) -> GrayArray:
    height, width = gray.shape
    scale = min(1.0, _KEPT_SIDE_PX / max(height, width))
    return scaled(gray, (max(1, round(width * scale)), max(1, round(height * scale))))
