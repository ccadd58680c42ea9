"""Two files that change places in one step."""

from __future__ import annotations

import ctypes
import errno
import functools
import os
from typing import Any

_AT_FDCWD = -100
_RENAME_EXCHANGE = 2
_UNABLE = (errno.ENOSYS, errno.EINVAL, errno.ENOTSUP)


def exchange(one: str, other: str) -> bool:
    """Exchange two files of a folder atomically.

    Args:
        one, other: paths, as `os.fsdecode` gives them; both exist.
    Returns: False if the system or the file system cannot do it, and nothing was done.
    Raises: OSError: it failed.
    """
    call = _renameat2()
    if call is None:
        return False
    if call(_AT_FDCWD, os.fsencode(one), _AT_FDCWD, os.fsencode(other), _RENAME_EXCHANGE) == 0:
        return True
    number = ctypes.get_errno()
    if number in _UNABLE:
        return False
    raise OSError(number, os.strerror(number), one)


@functools.cache
def _renameat2() -> Any | None:
    """Linux' call, if the C library has it (glibc since 2.28)."""
    call = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if call is not None:
        call.argtypes = (ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_uint)
    return call
