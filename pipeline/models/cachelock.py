"""The lock of a folder of the cache: one process at a time makes what the others then find there."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import logging
import os
from collections.abc import Iterator
from pathlib import Path

from pipeline.errors import ModelError
from pipeline.host.logs import NOTICE, ONCE_A_RUN
from pipeline.text import printable

_log = logging.getLogger(__name__)


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the lock of a folder of the cache; make the folder if needed. A dead holder's lock is released.

    Raises: ModelError: the folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not os.access(folder, os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        descriptor = _open_lock(folder / ".lock")
    except OSError as error:
        raise ModelError(
            f"{printable(folder)}: compiled networks cannot be kept there ({error.strerror}); "
            "set DEEPVISUALMINER_CACHE to a folder that can be written"
        ) from None
    try:
        _wait_for_lock(descriptor)
        yield
    finally:
        os.close(descriptor)


def _wait_for_lock(descriptor: int) -> None:
    """Take the lock; if another process has it, log that once a run, because compiling takes minutes."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        _log.log(NOTICE, "waiting for another process that compiles a network", extra=ONCE_A_RUN)
        fcntl.flock(descriptor, fcntl.LOCK_EX)


def _open_lock(path: Path) -> int:
    """Open the lock file for reading, which all users of a shared folder may, whichever created it."""
    try:
        return os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return os.open(path, os.O_RDONLY | os.O_CREAT, 0o644)
