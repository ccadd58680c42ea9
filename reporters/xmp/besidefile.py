"""Writing a sidecar beside its photo: the only place where the program writes into INPUT.

Other programs write there too, so a file is replaced only if it is still what was read: the new one changes
places with it, and changes back if what comes out is something else. Two runs take turns by a lock on the
folder.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import stat
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from pipeline.files.exchange import exchange
from pipeline.text import printable
from pipeline.xmp.names import MAX_BYTES

_NEW_MODE = 0o666
_PART_SUFFIX = ".deepvisualminer-part"
_MARKS_BUT_ITS_NAME = ("st_ino", "st_dev", "st_size", "st_mtime_ns")
_MARKS = (*_MARKS_BUT_ITS_NAME, "st_ctime_ns")
"""By which a file is known to be the same; a new name changes the last one."""


class LeftAloneError(Exception):
    """The sidecar cannot or must not be written; says why."""


class Version(NamedTuple):
    """A sidecar as it was read.

    Args:
        content: its bytes; None: there was none.
        status: what the file system said of it.
    """

    content: bytes | None
    status: os.stat_result | None


@contextlib.contextmanager
def locked_folder(folder: str) -> Iterator[None]:
    """Keep other runs of this program from writing sidecars into a folder; not other programs."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        with contextlib.suppress(OSError):  # a network file system may have no locks
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def read_version(path: str) -> Version:
    """Read a sidecar.

    Raises: LeftAloneError: it is no regular file, is too large or cannot be read.
    """
    try:
        if not stat.S_ISREG(os.lstat(path).st_mode):
            raise LeftAloneError("it is no regular file")
        with open(path, "rb") as stream:
            status = os.fstat(stream.fileno())
            if status.st_size > MAX_BYTES:
                raise LeftAloneError(f"it has more than {MAX_BYTES >> 20} MB")
            return Version(stream.read(MAX_BYTES + 1), status)
    except FileNotFoundError:
        return Version(None, None)
    except OSError as error:
        raise LeftAloneError(f"it cannot be read ({error.strerror})") from None


def replace_version(path: str, read: Version, content: bytes) -> bool:
    """Replace a sidecar's content atomically; mode and owner stay.

    Args:
        read: what is there according to `read_version`.
    Returns: False if it has been changed since, and nothing was done.
    Raises: LeftAloneError: it cannot be written, or its owner cannot be kept.
    """
    folder, name = os.path.split(path)
    # Of a run that was killed here a part may be left, which the next run for this photo replaces.
    part = os.path.join(folder, f".{name}{_PART_SUFFIX}")
    try:
        _write_part(part, read, content)
        try:
            if not _put(part, path, read):
                return False
        finally:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(part)
        _sync(folder)
    except OSError as error:
        raise LeftAloneError(f"{printable(folder)} cannot be written ({error.strerror})") from None
    return True


def _write_part(part: str, read: Version, content: bytes) -> None:
    with contextlib.suppress(FileNotFoundError):
        os.unlink(part)
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _NEW_MODE)
    try:
        with open(descriptor, "wb") as stream:
            stream.write(content)
            stream.flush()
            if read.status is not None:
                own = os.fstat(descriptor)
                if (own.st_uid, own.st_gid) != (read.status.st_uid, read.status.st_gid):
                    os.fchown(descriptor, read.status.st_uid, read.status.st_gid)
                os.fchmod(descriptor, stat.S_IMODE(read.status.st_mode))
            os.fsync(descriptor)
    except BaseException:
        os.unlink(part)
        raise


def _put(part: str, path: str, read: Version) -> bool:
    """Give a written part its name unless another file has it by now."""
    if read.status is None:
        try:
            os.link(part, path)
        except FileExistsError:
            return False
        except OSError:  # a file system without hard links
            if os.path.lexists(path):
                return False
            os.replace(part, path)
        return True
    if not _is_still(path, read.status, _MARKS):
        return False
    try:
        if not exchange(part, path):
            os.replace(part, path)
            return True
    except FileNotFoundError:  # it was removed this moment
        return False
    if _is_still(part, read.status, _MARKS_BUT_ITS_NAME):
        return True
    exchange(part, path)
    return False


def _is_still(path: str, status: os.stat_result, marks: Sequence[str]) -> bool:
    try:
        now = os.lstat(path)
    except FileNotFoundError:
        return False
    return all(getattr(now, mark) == getattr(status, mark) for mark in marks)


def _sync(folder: str) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        with contextlib.suppress(OSError):
            os.fsync(descriptor)
    finally:
        os.close(descriptor)
