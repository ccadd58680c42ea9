"""Resizing all pictures of a folder tree into another tree with the same folders."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from pipeline.errors import SourceError, UsageError
from pipeline.files.outputs import write_file
from pipeline.files.walk import iter_sources
from pipeline.host.cores import usable_cores
from pipeline.source import Source, SourceKind
from pipeline.text import printable
from recognizers.faces.faceimage import fitted, model_face
from recognizers.faces.fit import Fit
from recognizers.faces.folderrecord import FolderRecord, common_record, read_facts, read_record, write_record
from recognizers.faces.pictures import can_write, encode_as, frame_of

MOST_PIXELS_A_SIDE = 10_000

R = TypeVar("R", bound=FolderRecord)


@dataclass(frozen=True, slots=True)
class Resize:
    """What is done to each picture.

    Args:
        size_wh: new width and height, pixels.
        grayscale: whether it becomes gray.
        equalize: whether its histogram is equalized; only gray pictures can be.
        fit: how its shape is matched.
    """

    size_wh: tuple[int, int]
    grayscale: bool
    equalize: bool
    fit: Fit

    def __post_init__(self) -> None:
        if not all(1 <= side <= MOST_PIXELS_A_SIDE for side in self.size_wh):
            width, height = self.size_wh
            raise UsageError(f"{width}x{height} is no size; give 1 to {MOST_PIXELS_A_SIDE} pixels each way")
        if self.equalize and not self.grayscale:
            raise UsageError("only gray pictures can be equalized; ask for grayscale too")


@dataclass(frozen=True, slots=True)
class Task:
    """One picture, and the path of its resized copy."""

    source: Source
    target: str


def plan(top: str, out: str, resize: Resize) -> tuple[list[Task], list[str]]:
    """List the pictures to resize and the paths of their copies.

    Args:
        top: the folder with the pictures; the copies lie in the same subfolders.
        out: the folder for the copies. It may lie inside `top`; copies in it are not resized again.
        resize: what is done to each picture.
    Returns: the tasks, and a sentence for each picture that cannot be read.
    Raises: UsageError: there are no pictures, or a copy would replace one of them.
    """
    if not os.path.isdir(top):
        raise UsageError(f"{printable(top)}: there is no such folder; give one with pictures")
    if os.path.isdir(out) and os.path.samefile(top, out):
        raise UsageError(f"{printable(out)}: copies would replace their pictures; choose another folder")
    tasks: list[Task] = []
    unreadable: list[str] = []
    for found in iter_sources(top, output_root=Path(out).absolute()):
        if isinstance(found, Source) and found.kind is SourceKind.PHOTO:
            name = found.relative
            ending = "" if can_write(name, gray=resize.grayscale) else ".png"
            tasks.append(Task(found, os.path.join(out, name + ending)))
        elif not isinstance(found, Source) and found.failed:
            unreadable.append(f"{printable(found.path)}: {found.sentence}")
    if not tasks:
        reason = f" ({unreadable[0]})" if unreadable else ""
        raise UsageError(f"{printable(top)}: holds no pictures{reason}")
    _check_targets(tasks)
    return tasks, unreadable


def _check_targets(tasks: Sequence[Task]) -> None:
    """Make sure that no copy would replace a picture, also through links and mounts.

    Raises: UsageError: one would.
    """
    pictures = {_identity(task.source.path) for task in tasks}
    for task in tasks:
        if os.path.lexists(task.target) and _identity(task.target) in pictures:
            raise UsageError(
                f"{printable(task.target)}: is one of the pictures themselves; choose another folder"
            )


def _identity(path: str) -> tuple[int, int]:
    try:
        status = os.stat(path)
    except OSError:  # a link that leads nowhere
        return (0, 0)
    return status.st_dev, status.st_ino


def run(tasks: Sequence[Task], resize: Resize) -> Iterator[str | None]:
    """Resize on all cores; yield, for each task in order, None or a sentence on why its picture was skipped.

    Raises: OutputError: a copy cannot be written.
    """

    def one(task: Task) -> str | None:
        """Resize one picture and write it; return why it was skipped, or None."""
        try:
            frame = frame_of(task.source)
            if resize.grayscale:
                pixels = model_face(frame.gray(), resize.size_wh, equalize=resize.equalize, fit=resize.fit)
            else:
                pixels = fitted(frame.rgb(), resize.size_wh, resize.fit)
        except SourceError as error:
            return f"{printable(task.source.path)}: {error.sentence}"
        content = encode_as(task.target, pixels)
        if task.target.endswith(".png") and (facts := read_facts(task.source.path)) is not None:
            content = _resized(facts, resize).written_into(content)
        write_file(Path(task.target), content)
        return None

    with ThreadPoolExecutor(usable_cores()) as threads:
        yield from threads.map(one, tasks)


def remember(top: str, out: str, tasks: Sequence[Task], resize: Resize) -> None:
    """Write the record of the copies' folder: what was done now and what the pictures' own record says.

    Raises: OutputError: it cannot be written; UsageError: the pictures' own record was edited.
    """
    before = read_record(top)
    if before is None:
        with contextlib.suppress(UsageError):  # pictures that were prepared differently have no common record
            before = common_record(task.source.path for task in tasks)
    write_record(out, _resized(before or FolderRecord(), resize))


def _resized(before: R, resize: Resize) -> R:
    """The record of a picture after a resize."""
    width, height = resize.size_wh
    return before.model_copy(
        update={
            "width": width,
            "height": height,
            "grayscale": resize.grayscale or before.grayscale,
            "equalized": resize.equalize or bool(before.equalized),
            "fit": resize.fit,
        }
    )
