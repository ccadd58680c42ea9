"""The ffmpeg program: where it is, and how to start it so that it dies with this process."""

from __future__ import annotations

import functools
import os
import shutil
import sys
from collections.abc import Sequence

from pipeline.errors import FailureCode, SourceError
from pipeline.host import parentdeath


def ffmpeg_path() -> str:
    """The ffmpeg to run: $IMAGEIO_FFMPEG_EXE, else the one that imageio-ffmpeg ships, else the system's.

    Raises: SourceError: there is none.
    """
    path = _found_ffmpeg()
    if path is None or not os.access(path, os.X_OK):
        where = path or "ffmpeg"
        raise SourceError(
            FailureCode.DECODER_FAILED,
            f'"{where}" cannot be run; install the package imageio-ffmpeg, or set IMAGEIO_FFMPEG_EXE',
        )
    return path


def _found_ffmpeg() -> str | None:
    if given := os.environ.get("IMAGEIO_FFMPEG_EXE"):
        return shutil.which(given) or given
    return _shipped_ffmpeg()


@functools.cache
def _shipped_ffmpeg() -> str | None:
    try:
        import imageio_ffmpeg  # here: 60 ms that a run without videos need not spend
    except ImportError:
        return shutil.which("ffmpeg")
    try:
        return shutil.which(str(imageio_ffmpeg.get_ffmpeg_exe()))
    except RuntimeError:
        return None


def ffmpeg_command(arguments: Sequence[str]) -> list[str]:
    """The command that runs ffmpeg; on Linux the kernel kills it when this process dies.

    Args:
        arguments: all but the program's name.
    Raises: SourceError: there is no ffmpeg.
    """
    path = ffmpeg_path()
    if not sys.platform.startswith("linux"):
        return [path, *arguments]
    binder = (sys.executable, "-I", "-S", parentdeath.__file__, str(os.getpid()))
    return [*binder, path, *arguments]
