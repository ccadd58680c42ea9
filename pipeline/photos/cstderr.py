"""Captures what a C library prints to `stderr` while it is called; some report problems nowhere else.

C's stream is replaced, not the file descriptor below it. So the output of Python's threads (a progress bar)
and of a crash is not captured, and no system call is made.

Source: glibc manual, 12.2 (its `stderr` is a variable that may be set), and open_memstream(3).
"""

from __future__ import annotations

import ctypes
import functools
import os
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def capture_c_stderr(call: Callable[[], T]) -> tuple[T, bytes]:
    """Call a function and capture what C code prints to `stderr` meanwhile.

    Returns: the function's result, and what any thread printed to C's `stderr` meanwhile. If the C library's
        stream cannot be replaced, the output is printed as usual, and the second value is empty.
    """
    stream = _memory_stream()
    if stream is None:
        return call(), b""
    stream.stderr.value = stream.memory
    try:
        result = call()
    finally:
        stream.stderr.value = stream.usual
        printed = stream.take()
    return result, printed


class _MemoryStream:
    """A C stream into memory. It is never closed, because another thread may still write to it."""

    def __init__(self) -> None:
        c = ctypes.PyDLL(None)
        c.open_memstream.restype = ctypes.c_void_p
        c.fflush.argtypes = [ctypes.c_void_p]
        c.fseeko.argtypes = [ctypes.c_void_p, ctypes.c_long, ctypes.c_int]
        self._c = c
        self._text, self._length = ctypes.c_void_p(), ctypes.c_size_t()
        self.memory: int = c.open_memstream(ctypes.byref(self._text), ctypes.byref(self._length))
        self.stderr = ctypes.c_void_p.in_dll(c, "stderr")
        self.usual = self.stderr.value

    def take(self) -> bytes:
        """Return what has been written, and rewind the stream."""
        self._c.fflush(self.memory)
        if not self._length.value:
            return b""
        text = ctypes.string_at(self._text.value or 0, self._length.value)
        self._c.fseeko(self.memory, 0, os.SEEK_SET)
        return text


@functools.cache
def _memory_stream() -> _MemoryStream | None:
    try:
        os.confstr("CS_GNU_LIBC_VERSION")
    except (ValueError, OSError):  # not glibc: `stderr` may be a constant
        return None
    stream = _MemoryStream()
    return stream if stream.memory else None
