"""Errors of writing into the output folder, as sentences that say what to do."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterator
from pathlib import Path

from pipeline.errors import OutputError, OutputNameError
from pipeline.text import printable

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_FORBIDDEN = {errno.EROFS, errno.EACCES, errno.EPERM}


@contextlib.contextmanager
def output_errors(path: Path) -> Iterator[None]:
    """Turn an OSError of writing an output into a sentence with a remedy.

    Raises:
        OutputNameError: another path would work.
        OutputError: names the path and, if a disk is full, its mount point.
    """
    try:
        yield
    except (FileExistsError, NotADirectoryError):
        raise OutputNameError(
            f"{printable(path)}: a file stands where a folder is needed; choose another OUTPUT folder"
        ) from None
    except IsADirectoryError:
        raise OutputNameError(
            f"{printable(path)}: a folder stands where a file is to be written; choose another OUTPUT folder"
        ) from None
    except OSError as error:
        shown = printable(path)
        if error.errno in _FULL:
            mount = printable(_mount_point(path))
            raise OutputError(
                f"{shown}: the disk mounted at {mount} is full ({error.strerror}); "
                "make room there and start again"
            ) from None
        if error.errno in _FORBIDDEN:
            raise OutputError(
                f"{shown}: cannot be written ({error.strerror}); "
                "choose another OUTPUT folder or change its permissions"
            ) from None
        if error.errno == errno.ENAMETOOLONG:
            raise OutputNameError(
                f"{shown}: the path is too long; choose an OUTPUT folder with a shorter one"
            ) from None
        raise OutputError(f"{shown}: cannot be written ({error.strerror})") from None


def _mount_point(path: Path) -> Path:
    """The mount point of the file system of `path`, which need not exist."""
    place = path.absolute()
    if not place.is_dir():  # in an overlay, a file may seem to be on another device than its folder
        place = place.parent
    while not os.path.ismount(place) and place != place.parent:
        place = place.parent
    return place
