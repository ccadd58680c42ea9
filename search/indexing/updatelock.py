"""Allow one update of an index at a time, with a lock of the kernel's that ends with the process."""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator
from pathlib import Path

from pipeline.errors import LockedError
from pipeline.files.outputerrors import output_errors
from pipeline.text import printable

_RETRY_S = 0.1


@contextlib.contextmanager
def lock_updates(index_path: Path, wait_s: float) -> Iterator[None]:
    """Hold the lock on updates of an index.

    Args:
        index_path: the index's file; the lock is a file beside it, which stays.
        wait_s: how long another update may take to end.
    Raises:
        LockedError: another update goes on.
        OutputError: the folder cannot be written.
    """
    path = index_path.with_suffix(".lock")
    with output_errors(path):
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o644)
    until = time.monotonic() + wait_s
    try:
        while not _try_lock(descriptor, path):
            if time.monotonic() >= until:
                raise LockedError(
                    f"{printable(index_path)}: another process is updating the index; wait until it has ended"
                )
            time.sleep(_RETRY_S)
        yield
    finally:
        os.close(descriptor)


def _try_lock(descriptor: int, path: Path) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        with output_errors(path):
            raise error
    return True
