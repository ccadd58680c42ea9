"""What a C library prints while it is called: some say there, and nowhere else, that something is wrong.

C's own stream is turned aside, not the file descriptor below it: what Python's threads print meanwhile (a
progress bar), and what is printed of a crash, goes its usual way, and no system call is made.

Source: glibc manual, 12.2 (its `stderr` is a variable that may be set), and open_memstream(3).
"""

from __future__ import annotations

import ctypes
import functools
import os
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def overhear(call: Callable[[], T]) -> tuple[T, bytes]:
    """Call a function that calls into C.

    Returns: what it returns, and what was printed to C's `stderr` meanwhile, by whomever; nothing of that
        where the C library is none whose stream can be turned aside: there it is printed as ever.
    """
    aside = _aside()
    if aside is None:
        return call(), b""
    aside.stream.value = aside.memory
    try:
        result = call()
    finally:
        aside.stream.value = aside.usual
        heard = aside.take()
    return result, heard


class _Aside:
    """A stream that ends in memory. It is never closed: who holds it in another thread may write yet."""

    def __init__(self) -> None:
        c = ctypes.PyDLL(None)
        c.open_memstream.restype = ctypes.c_void_p
        c.fflush.argtypes = [ctypes.c_void_p]
        c.fseeko.argtypes = [ctypes.c_void_p, ctypes.c_long, ctypes.c_int]
        self._c = c
        self._text, self._length = ctypes.c_void_p(), ctypes.c_size_t()
        self.memory: int = c.open_memstream(ctypes.byref(self._text), ctypes.byref(self._length))
        self.stream = ctypes.c_void_p.in_dll(c, "stderr")
        self.usual = self.stream.value

    def take(self) -> bytes:
        """What has been written; the next begins anew."""
        self._c.fflush(self.memory)
        if not self._length.value:
            return b""
        text = ctypes.string_at(self._text.value or 0, self._length.value)
        self._c.fseeko(self.memory, 0, os.SEEK_SET)
        return text


@functools.cache
def _aside() -> _Aside | None:
    try:
        os.confstr("CS_GNU_LIBC_VERSION")
    except (ValueError, OSError):  # elsewhere `stderr` may be a constant
        return None
    aside = _Aside()
    return aside if aside.memory else None
