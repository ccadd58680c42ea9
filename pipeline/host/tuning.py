"""Settings of Python's and libc's memory management and of numpy's threads, each measured to save time."""

from __future__ import annotations

import contextlib
import ctypes
import functools
import gc
import os
from collections.abc import Iterator
from typing import Any

_M_TRIM_THRESHOLD, _M_MMAP_MAX = -1, -4
_MOST_FREE_BYTES = 256 << 20


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
    """Have malloc keep freed memory, at most 128 MB, for the next photo or frame.

    Memory that was given back to the kernel comes again page by page, each page cleared: 450 page faults for
    a photo on a network's 416x416 input, 1.3 ms of 31; 9,000 for the 36 MB of a photo of 12 megapixels, 20 ms
    of 42. glibc keeps no block of more than 32 MB that it has mapped, so it is made to map none.

    Source: mallopt(3); other C libraries have no such function and are left as they are.
    """
    with contextlib.suppress(AttributeError):
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(_M_MMAP_MAX, 0)
        mallopt(_M_TRIM_THRESHOLD, 128 << 20)


def return_freed_memory() -> None:
    """Give freed memory back to the kernel if `keep_freed_memory` has led to more than 256 MB of it.

    Freed blocks below one that is in use are kept whatever their size: after a photo of 200 megapixels that
    can be 1 GB.

    Source: mallinfo(3) and malloc_trim(3); other C libraries and glibc before 2.33 are left as they are.
    """
    with contextlib.suppress(AttributeError):
        c = _c_library()
        if c.mallinfo2().free_bytes > _MOST_FREE_BYTES:
            c.malloc_trim(ctypes.c_size_t(0))


@functools.cache
def _c_library() -> Any:
    """Raises: AttributeError: the C library has no mallinfo2, see `return_freed_memory`."""
    c = ctypes.CDLL(None)
    c.mallinfo2.restype = _MallocInfo
    return c


class _MallocInfo(ctypes.Structure):
    """`struct mallinfo2`; of its ten numbers the ninth is the total of free blocks."""

    _fields_ = (
        ("before", ctypes.c_size_t * 8),
        ("free_bytes", ctypes.c_size_t),
        ("after", ctypes.c_size_t),
    )
