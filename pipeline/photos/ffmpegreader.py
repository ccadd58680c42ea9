"""Photos decoded by ffmpeg, in a process of its own."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
from collections.abc import Iterator
from typing import Any

from pipeline.host.ffmpeg import ffmpeg_command

_BOXES = "mov"
"""The demuxer of HEIF and AVIF, which puts tiles together and crops by `clap`. It has to seek."""
DEMUXERS = {
    "jpeg": "jpeg_pipe",
    "png": "png_pipe",
    "webp": "webp_pipe",
    "gif": "gif",
    "bmp": "bmp_pipe",
    "tiff": "tiff_pipe",
    "jxl": "jpegxl_pipe",
    "heif": _BOXES,
    "avif": _BOXES,
}
"""ffmpeg's demuxer for each format."""
_TOO_LARGE = re.compile(rb"Picture size (\d+)x(\d+) exceeds")
_TIMEOUT_S = 300.0


class FfmpegLimitError(Exception):
    """A picture has more pixels than the limit.

    Args:
        size_wh: its width and height, pixels.
    """

    def __init__(self, size_wh: tuple[int, int]) -> None:
        super().__init__(size_wh)
        self.size_wh = size_wh


def decode_as_png(content: bytes, format_: str, max_pixels: int, filter_: str | None = None) -> bytes | None:
    """Decode the first picture of a file to PNG, with its colour tags and its EXIF, not turned.

    Args:
        content: the whole file.
        format_: a key of `DEMUXERS`.
        max_pixels: width times height of a picture, or of a tile.
        filter_: an ffmpeg filter for the pixels.
    Returns: None if ffmpeg does not read it, or only a part of it.
    Raises:
        FfmpegLimitError: it is too large.
        SourceError: there is no ffmpeg.
    """
    demuxer = DEMUXERS[format_]
    with _input_of(content, demuxer) as (given, more):
        protocol = "fd" if demuxer == _BOXES else "pipe"
        arguments = [
            *("-nostdin", "-nostats", "-loglevel", "error", "-xerror", "-threads", "1", "-noautorotate"),
            *("-err_detect", "explode+crccheck", "-max_pixels", str(max_pixels)),
            *("-protocol_whitelist", protocol, "-format_whitelist", demuxer, "-f", demuxer, *given),
            *(("-vf", filter_) if filter_ else ()),
            *("-frames:v", "1", "-c:v", "png", "-compression_level", "1", "-f", "image2pipe", "pipe:1"),
        ]
        try:
            done = subprocess.run(
                ffmpeg_command(arguments),
                capture_output=True,
                timeout=_TIMEOUT_S,
                check=False,
                env={name: value for name, value in os.environ.items() if name != "FFREPORT"},
                **more,
            )
        except (OSError, subprocess.TimeoutExpired):
            return None
    if size := _TOO_LARGE.search(done.stderr):
        raise FfmpegLimitError((int(size[1]), int(size[2])))
    return None if done.returncode else done.stdout or None


@contextlib.contextmanager
def _input_of(content: bytes, demuxer: str) -> Iterator[tuple[tuple[str, ...], dict[str, Any]]]:
    """Yield ffmpeg's input options and what `subprocess.run` needs for them."""
    if demuxer != _BOXES:
        yield ("-i", "pipe:0"), {"input": content}
        return
    with open(os.memfd_create("photo"), "w+b") as file:
        file.write(content)
        file.seek(0)
        yield ("-fd", str(file.fileno()), "-i", "fd:"), {"pass_fds": (file.fileno(),)}
