"""Lock of an output folder: one run at a time, and no lock remains after a crash.

The kernel holds the lock (flock(2)) on a file in OUTPUT that is never removed, and releases it when the
process ends, however it ends. The file's content only tells the next run which process holds the lock.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import logging
import os
import socket
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pipeline.errors import LockedError, OutputError
from pipeline.files.outputerrors import output_errors
from pipeline.text import printable

LOCK_NAME = ".deepvisualminer.lock"

_LOOK_S = 0.2
"""How often a waiting run tries again, seconds."""
_BUSY = {errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES}
_MOST_COMMAND = 1000
_MOST_BYTES = 1 << 16
_held: set[int] = set()
_log = logging.getLogger(__name__)


@contextlib.contextmanager
def lock_output(output_root: Path, *, wait_s: float = 0.0) -> Iterator[bool]:
    """Hold the lock of an output folder.

    Yields: whether the previous run was killed: its name is then still in the file.

    Args:
        output_root: an existing folder that can be written.
        wait_s: how long to wait for another run to end.
    Raises:
        LockedError: another run holds it; the message names that run.
        OutputError: this folder cannot have a lock.
    """
    path = output_root / LOCK_NAME
    descriptor = _acquire(path, time.monotonic() + wait_s, create=True)
    _held.add(descriptor)
    try:
        was_killed = os.fstat(descriptor).st_size > 0
        with output_errors(path):
            _write_holder(descriptor)
        yield was_killed
    finally:
        with contextlib.suppress(OSError):  # as on a full disk; the lock is released anyway
            os.ftruncate(descriptor, 0)
        _held.discard(descriptor)
        os.close(descriptor)


@contextlib.contextmanager
def lock_output_for_reading(output_root: Path, *, wait_s: float = 0.0) -> Iterator[None]:
    """Hold the lock, if its file exists, and write nothing: for reading a folder that may be read-only.

    Raises: LockedError: a run holds it; the message names that run.
    """
    path = output_root / LOCK_NAME
    try:
        descriptor = _acquire(path, time.monotonic() + wait_s, create=False)
    except FileNotFoundError:  # no run has used this folder
        yield
        return
    _held.add(descriptor)
    try:
        yield
    finally:
        _held.discard(descriptor)
        os.close(descriptor)


def _acquire(path: Path, until: float, *, create: bool) -> int:
    """Wait for the lock; returns the descriptor that holds it, which is closed on exec."""
    waiting = False
    while True:
        descriptor = _open(path, create=create)
        try:
            while not _try_lock(descriptor, path):
                if time.monotonic() >= until:
                    raise LockedError(_who_holds(descriptor, path))
                if not waiting:
                    _log.info("waiting: %s", _who_holds(descriptor, path))
                    waiting = True
                time.sleep(min(_LOOK_S, max(0.0, until - time.monotonic())))
            if _is_still(path, descriptor):
                return descriptor
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)  # the file was removed meanwhile: the lock is on a new one


def _open(path: Path, *, create: bool) -> int:
    if not create:
        return os.open(path, os.O_RDONLY)
    with output_errors(path):
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o644)


def _try_lock(descriptor: int, path: Path) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in _BUSY:
            return False
        raise OutputError(
            f"{printable(path)}: no lock can be had there ({error.strerror}); "
            "choose an OUTPUT folder on a file system that supports flock"
        ) from None
    return True


def _is_still(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(os.stat(path), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def _write_holder(descriptor: int) -> None:
    holder = {
        "pid": os.getpid(),
        "host": socket.gethostname(),
        "since": time.strftime("%Y-%m-%d %H:%M:%S"),
        "command": " ".join(printable(argument) for argument in sys.argv)[:_MOST_COMMAND],
    }
    content = json.dumps(holder).encode()
    os.pwrite(descriptor, content, 0)
    os.ftruncate(descriptor, len(content))


def _who_holds(descriptor: int, path: Path) -> str:
    """The sentence of a `LockedError`, which names the process that holds the lock."""
    folder = printable(path.parent)
    advice = "wait until it has ended, or let --wait-lock SECONDS wait"
    try:
        holder: Any = json.loads(os.pread(descriptor, _MOST_BYTES, 0))
        who = (
            f"process {int(holder['pid'])} on {printable(str(holder['host']))}, "
            f"since {printable(str(holder['since']))}: {printable(str(holder['command']))}"
        )
    except (ValueError, KeyError, TypeError):  # that process has not written its name yet
        return f"{folder}: another run has this OUTPUT folder; {advice}"
    return f"{folder}: another run has this OUTPUT folder ({who}); {advice}"


def _forget_held() -> None:
    """Close the lock in a forked child, which would otherwise hold it after its parent's death."""
    for descriptor in _held:
        with contextlib.suppress(OSError):
            os.close(descriptor)
    _held.clear()


os.register_at_fork(after_in_child=_forget_held)
