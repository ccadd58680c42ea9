"""Settings of Python's and libc's memory management and of numpy's threads, each measured to save time."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import os
from collections.abc import Iterator

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3


@contextlib.contextmanager
def collection_paused() -> Iterator[None]:
    """Run imports without garbage collection, and exempt what they made from later collections.

    Imports make no garbage; to search for some takes a tenth of their time. Exempt objects are not written
    to by the collector either, so a forked worker goes on sharing their memory with its parent.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if was_enabled:
            gc.enable()


def limit_numpy_threads() -> None:
    """Have numpy start no threads of its own when it is imported, unless the environment says how many.

    The workers fill the cores, so a worker has no use for more threads; and a parent into which a plug-in
    imports numpy can go on forking.
    """
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


def keep_freed_memory() -> None:
    """Have malloc keep freed blocks of up to 32 MB, at most 64 MB in all, for the next photo or frame.

    Memory that was given back to the kernel comes again page by page, each page cleared: 450 page faults for
    a photo on a network's 416x416 input, 1.3 ms of 31. The bounds are those that glibc itself arrives at
    after it has freed one block of 32 MB.

    Source: mallopt(3); other C libraries have no such function and are left as they are.
    """
    with contextlib.suppress(AttributeError):
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(_M_MMAP_THRESHOLD, 32 << 20)
        mallopt(_M_TRIM_THRESHOLD, 64 << 20)
