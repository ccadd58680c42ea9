"""Reading the photos and video frames that show mined faces."""

from __future__ import annotations

from array import array
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from itertools import groupby
from typing import TypeVar

from pipeline.errors import FailureCode, SourceError, UsageError
from pipeline.files.hashing import sha256_of
from pipeline.formats import ANIMATED_FORMATS
from pipeline.frame import Frame
from pipeline.host.cores import usable_cores
from pipeline.photos.photo import open_photo
from pipeline.source import Limits, Source, SourceKind
from recognizers.faces.pictures import source_of
from recognizers.unknown.minedfaces import MinedFace

T = TypeVar("T")
R = TypeVar("R")

_CHANGED = "its content has changed since it was mined; mine it again"


def by_file(faces: Iterable[MinedFace]) -> list[list[MinedFace]]:
    """Group faces by their file, in the order of first occurrence, and sort each group by frame."""
    of_path: dict[str, list[MinedFace]] = {}
    for face in faces:
        of_path.setdefault(face.path, []).append(face)
    return [sorted(own, key=lambda face: face.frame) for own in of_path.values()]


def in_parallel(act: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
    """Yield `act` of each item in order, on all cores; only a few results wait for the one before them."""
    cores = usable_cores()
    with ThreadPoolExecutor(cores) as threads:
        waiting: deque[Future[R]] = deque()
        for item in items:
            waiting.append(threads.submit(act, item))
            if len(waiting) > 2 * cores:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def iter_frames_with(faces: Sequence[MinedFace]) -> Iterator[tuple[Frame, list[MinedFace]]]:
    """Yield the frames that show faces, and the faces in each.

    Args:
        faces: at least one, all of one file, in the order of its frames.
    Raises: SourceError: the file is missing, unreadable, or has changed since it was mined.
    """
    path, kind = faces[0].path, faces[0].kind
    try:
        source = source_of(path, kind)
    except UsageError:
        source = _animation_of(path)
    if kind is SourceKind.PHOTO:
        facts, frame = open_photo(source, Limits())
        if facts.sha256 != faces[0].sha256:
            raise SourceError(FailureCode.CHANGED_WHILE_READING, _CHANGED)
        yield frame, list(faces)
        return
    _check_content(source, faces[0])
    wanted = {number: list(own) for number, own in groupby(faces, key=lambda face: face.frame)}
    frames = _animated(source, wanted) if source.format in ANIMATED_FORMATS else _of_video(source, wanted)
    for frame in frames:
        yield frame, wanted[frame.index]


def _animation_of(path: str) -> Source:
    """Return an animated picture, which a walk takes for a photo.

    Raises: SourceError: there is no such file, or it is neither.
    """
    try:
        return source_of(path, SourceKind.PHOTO)
    except UsageError as error:
        sentence = str(error).partition(": ")[2] or str(error)
        raise SourceError(FailureCode.UNREADABLE, sentence) from None


def _check_content(source: Source, face: MinedFace) -> None:
    try:
        is_same = source.size_bytes == face.size_bytes and sha256_of(source.path) == face.sha256
    except OSError as error:
        raise SourceError(FailureCode.UNREADABLE, f"cannot be read ({error.strerror})") from None
    if not is_same:
        raise SourceError(FailureCode.CHANGED_WHILE_READING, _CHANGED)


def _of_video(source: Source, wanted: dict[int, list[MinedFace]]) -> Iterator[Frame]:
    from pipeline.videos.probe import probe_file
    from pipeline.videos.reader import ReadStats, iter_frames
    from pipeline.videos.segments import plan_segments

    video = probe_file(source, Limits())
    indices = array("q", (number for number in sorted(wanted) if number < len(video.times)))
    for segment in plan_segments(video, indices, split=False):
        with closing(iter_frames(source, video.facts, segment, ReadStats())) as frames:
            yield from frames


def _animated(source: Source, wanted: dict[int, list[MinedFace]]) -> Iterator[Frame]:
    from pipeline.photos.animation import iter_animation, probe_animation
    from pipeline.videos.ffmpeg import MAX_FRAME_PIXELS

    animation = probe_animation(source, Limits(), MAX_FRAME_PIXELS, lambda: None)
    if animation is None:
        raise SourceError(FailureCode.CHANGED_WHILE_READING, _CHANGED)
    for index, rgb in enumerate(iter_animation(animation)):
        if index in wanted:
            yield Frame.from_rgb(rgb, index=index)
