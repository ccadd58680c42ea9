"""Have the kernel kill this process when its parent dies; as a program, become another one that is killed so.

    python -I -S pipeline/host/parentdeath.py PARENT_PID PROGRAM ARGUMENT...

Each ffmpeg is started so. Therefore this file imports little: `signal` and `contextlib` alone would take
longer than everything else that it does.
"""

from __future__ import annotations

import ctypes
import os
import sys

_PR_SET_PDEATHSIG = 1
_SIGKILL = 9


def die_with_parent(parent_pid: int) -> None:
    """Have the kernel kill this process when its parent dies; does nothing on systems other than Linux.

    Args:
        parent_pid: the parent. If it has died already, this process exits at once.

    Source: prctl(2), PR_SET_PDEATHSIG.
    """
    if not sys.platform.startswith("linux"):
        return
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, _SIGKILL)
    if os.getppid() != parent_pid:
        os._exit(1)


if __name__ == "__main__":
    die_with_parent(int(sys.argv[1]))
    os.execv(sys.argv[2], sys.argv[2:])  # noqa: S606 - there is no shell, on purpose
