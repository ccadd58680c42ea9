"""Encode one segment of a video: ffmpeg gets raw frames with their times through a pipe."""

from __future__ import annotations

import errno
import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np

from annotators.matroska import frame_header, stream_header
from pipeline.errors import FailureCode, SourceError
from pipeline.files.outputerrors import output_errors
from pipeline.frame import RgbArray
from pipeline.videos.ffmpeg import Ffmpeg

_REPEATABLE = ("-fflags", "+bitexact", "-flags:v", "+bitexact")
_INPUT = ("-probesize", "32", "-analyzeduration", "0", "-f", "matroska", "-i", "pipe:0")


class VideoEncoder:
    """Encodes frames one by one into a file; a context manager that leaves no process behind.

    Args:
        path: of the file, a NUT; replaced.
        size_wh: of the frames, even numbers.
        options: ffmpeg's for the encoder, its filters among them.
    """

    def __init__(self, path: Path, size_wh: tuple[int, int], options: Sequence[str]) -> None:
        self._path = path
        read_end, self._feed = os.pipe()
        arguments = (
            *(*_INPUT, "-threads", "1", "-filter_threads", "1", "-fps_mode", "passthrough"),
            *("-enc_time_base", "demux", *options),
            *(*_REPEATABLE, "-f", "nut", "-y", f"file:{os.path.abspath(path)}"),
        )
        try:
            self._ffmpeg = Ffmpeg(arguments, (), "error", stdin=read_end)
        except BaseException:
            os.close(self._feed)
            raise
        finally:
            os.close(read_end)
        self._write(stream_header(size_wh))

    def __enter__(self) -> VideoEncoder:
        return self

    def __exit__(self, *_: object) -> None:
        self._close_feed()
        self._ffmpeg.kill()

    def write(self, rgb: RgbArray, time_us: int) -> None:
        """Encode one frame.

        Args:
            rgb: (height, width, 3) uint8.
            time_us: microseconds from the start of this segment, later than that of the frame before.
        Raises:
            SourceError: the encoder refuses.
            OutputError: the disk is full.
        """
        pixels = np.ascontiguousarray(rgb)
        self._write(frame_header(time_us, pixels.nbytes))
        self._write(pixels.data.cast("B"))

    def finish(self) -> None:
        """Encode the remaining frames and wait until the file is complete.

        Raises: as `write`.
        """
        self._close_feed()
        if self._ffmpeg.end() != 0:
            raise failure_of(self._ffmpeg, self._path)

    def _write(self, content: bytes | memoryview) -> None:
        view = memoryview(content)
        try:
            while len(view):
                view = view[os.write(self._feed, view) :]
        except BrokenPipeError:
            self._close_feed()
            self._ffmpeg.end()
            raise failure_of(self._ffmpeg, self._path) from None

    def _close_feed(self) -> None:
        if self._feed >= 0:
            with suppress(OSError):
                os.close(self._feed)
            self._feed = -1


def failure_of(ffmpeg: Ffmpeg, path: Path) -> SourceError:
    """The reason why ffmpeg, which has ended, did not write a file.

    Raises: OutputError: the disk is full.
    """
    reason = ffmpeg.stderr.first_error or "ffmpeg gives no reason"
    for number in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        if os.strerror(number) in reason:
            with output_errors(path):
                raise OSError(number, os.strerror(number))
    return SourceError(FailureCode.COMPONENT_FAILED, f"the annotated video could not be encoded ({reason})")
