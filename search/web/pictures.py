"""JPEG pictures of photos in any format and of video frames, made in processes of their own.

A decoder may crash, hang or need much memory on a damaged file. It then costs one process and one picture.
"""

from __future__ import annotations

import contextlib
import io
import os
import resource
import signal
import warnings
from bisect import bisect_right
from collections.abc import Callable, Iterator
from itertools import islice

from pipeline.errors import FailureCode, SourceError
from pipeline.frame import RgbArray
from pipeline.host.parentdeath import die_with_parent
from pipeline.source import Limits, Source, SourceKind

SECONDS = 30
"""The process is killed if one picture takes longer."""
_MAX_BYTES = 6 << 30
"""Address space of a process: a photo of 200 megapixels needs some 2 GB."""
_MAX_PIXELS = 250_000_000
_QUALITY = 82
_FACE_MARGIN = 0.25
"""Around a face, parts of its longer side."""


def prepare_process(server_pid: int) -> None:
    """Limit the memory of a process that makes pictures, lower its priority, and let it end with the server.

    Args:
        server_pid: the server's process.
    """
    die_with_parent(server_pid)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_AS, (_MAX_BYTES, resource.RLIM_INFINITY))
    os.nice(5)
    from PIL import Image  # here: the server itself reads no pictures

    Image.MAX_IMAGE_PIXELS = None  # sizes are checked against `Limits` before anything is decoded
    warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")  # they name no file


def photo_as_jpeg(path: str, longest_px: int) -> bytes:
    """A photo, upright, scaled down to a longest side.

    Args:
        path: as `os.fsdecode` gives it.
        longest_px: longest side of the result, pixels.
    Raises: SourceError: it cannot be read.
    """
    with time_bound():
        size_wh, decode = _opened(path)
        return _encoded(decode(_fitted(size_wh, longest_px)), longest_px)


def face_as_jpeg(path: str, rect: tuple[int, int, int, int], side_px: int) -> bytes:
    """The square around a box of a photo, with a margin.

    Args:
        path: as `os.fsdecode` gives it.
        rect: the box, pixels of the upright photo.
        side_px: longest side of the result, pixels.
    Raises: SourceError: it cannot be read.
    """
    with time_bound():
        size_wh, decode = _opened(path)
        scale = min(1.0, side_px / (2 * _half_side(rect)))
        rgb = decode((max(1, round(size_wh[0] * scale)), max(1, round(size_wh[1] * scale))))
        return _encoded(_around(rgb, rect, size_wh), side_px)


def frame_face_as_jpeg(
    path: str, time_s: float, size_wh: tuple[int, int], rect: tuple[int, int, int, int], side_px: int
) -> bytes:
    """The square around a box of a video's frame, with a margin.

    Args:
        path, time_s, size_wh: as for `frame_as_jpeg`.
        rect: the box, pixels of the upright frame.
        side_px: longest side of the result, pixels.
    Raises: SourceError: it cannot be read, or has no frame there.
    """
    from pipeline.videos.still import read_still

    with time_bound():
        return _encoded(_around(read_still(_source_of(path), time_s, size_wh), rect, size_wh), side_px)


def frame_as_jpeg(path: str, time_s: float, size_wh: tuple[int, int], longest_px: int) -> bytes:
    """The frame of a video that is shown at a time, scaled down to a longest side.

    Args:
        path: as `os.fsdecode` gives it.
        time_s: seconds from the start of the video.
        size_wh: upright size of the video, pixels.
        longest_px: longest side of the result, pixels.
    Raises: SourceError: it cannot be read, or has no frame there.
    """
    from pipeline.videos.still import read_still

    with time_bound():
        source = _source_of(path)
        if source.kind is SourceKind.PHOTO:
            return _encoded(_animation_frame(source, time_s), longest_px)
        return _encoded(read_still(source, time_s, _fitted(size_wh, longest_px)), longest_px)


@contextlib.contextmanager
def time_bound() -> Iterator[None]:
    """Kill this process if the block takes longer than `SECONDS`: a decoder may hang."""
    signal.alarm(SECONDS)
    try:
        yield
    finally:
        signal.alarm(0)


def _opened(path: str) -> tuple[tuple[int, int], Callable[[tuple[int, int]], RgbArray]]:
    """A photo's upright size, and a function that decodes it; a damaged photo as far as possible."""
    from pipeline.photos.photo import open_photo

    source = _source_of(path)
    limits = Limits(max_pixels=_MAX_PIXELS)

    def decode(size_wh: tuple[int, int]) -> RgbArray:
        try:
            return open_photo(source, limits)[1].rgb_covering(size_wh)
        except SourceError as error:
            if error.code is not FailureCode.TRUNCATED:
                raise
            return open_photo(source, limits, salvage=True)[1].rgb_covering(size_wh)

    try:
        return open_photo(source, limits)[0].size_wh, decode
    except SourceError as error:
        if error.code is not FailureCode.TRUNCATED:
            raise
        return open_photo(source, limits, salvage=True)[0].size_wh, decode


def _source_of(path: str) -> Source:
    """A photo or video by its path.

    Raises: SourceError: there is none.
    """
    from pipeline.files.walk import iter_sources

    source = next((one for one in iter_sources(path) if isinstance(one, Source)), None)
    if source is None:
        raise SourceError(FailureCode.VANISHED, "it is gone, or neither a photo nor a video any more")
    return source


def _animation_frame(source: Source, time_s: float) -> RgbArray:
    """The frame of an animated picture that is shown at a time.

    Raises: SourceError: it cannot be read, or does not move.
    """
    from pipeline.photos.animation import iter_animation, probe_animation

    animation = probe_animation(source, Limits(max_pixels=_MAX_PIXELS), _MAX_PIXELS, lambda: None)
    if animation is None:
        raise SourceError(FailureCode.DECODER_FAILED, "the picture does not move any more")
    number = max(0, bisect_right(animation.begins_us, round(time_s * 1_000_000)) - 1)
    return next(islice(iter_animation(animation), number, None))


def _half_side(rect: tuple[int, int, int, int]) -> float:
    """Half the side of the square around a box with its margin, pixels."""
    return max(rect[2] - rect[0], rect[3] - rect[1], 1) * (0.5 + _FACE_MARGIN)


def _around(rgb: RgbArray, rect: tuple[int, int, int, int], size_wh: tuple[int, int]) -> RgbArray:
    """The square around a box, cut off at the edges.

    Args:
        rgb: the picture, which may be scaled down.
        rect: the box, pixels of the picture at its full size.
        size_wh: the full size.
    """
    scale, half = rgb.shape[1] / size_wh[0], _half_side(rect)
    x, y = (rect[0] + rect[2]) / 2, (rect[1] + rect[3]) / 2
    left, top, right, bottom = (round(edge * scale) for edge in (x - half, y - half, x + half, y + half))
    return rgb[max(top, 0) : max(bottom, 1), max(left, 0) : max(right, 1)]


def _encoded(rgb: RgbArray, longest_px: int) -> bytes:
    from PIL import Image

    picture = Image.fromarray(rgb)
    picture.thumbnail((longest_px, longest_px), Image.Resampling.BICUBIC, reducing_gap=2.0)
    stream = io.BytesIO()
    picture.save(stream, "JPEG", quality=_QUALITY, optimize=True)
    return stream.getvalue()


def _fitted(size_wh: tuple[int, int], longest_px: int) -> tuple[int, int]:
    """The size of a picture that is scaled down to a longest side, keeping its aspect ratio, pixels."""
    scale = min(1.0, longest_px / max(size_wh))
    return max(1, round(size_wh[0] * scale)), max(1, round(size_wh[1] * scale))
