"""How processes begin: the programs, and their children, who see to it that they die with their parent."""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import signal
import sys
from pathlib import Path
from typing import Literal

_PR_SET_PDEATHSIG = 1


def start_method() -> Literal["fork", "spawn"]:
    """How a worker process is best started now, for `multiprocessing.get_context`.

    A fork has for nothing what this process has imported, which is half of what starting costs. It is safe
    while this process has a single thread: another's locks would stay locked in the child for ever. A thread
    of a library's is one too, so the kernel is asked, not Python. Elsewhere than on Linux libraries that
    start with the system may not be forked at all.
    """
    try:
        return "fork" if len(os.listdir("/proc/self/task")) == 1 else "spawn"
    except OSError:
        return "spawn"


def open_standard_streams() -> None:
    """Give a program that was started with closed standard streams (`>&-`) ones that lead nowhere.

    Else the first file that it opens becomes its standard output, and Python has no `sys.stdout` at all.
    """
    for descriptor, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # gets the lowest number that is free, which is this one
        if getattr(sys, name) is None:
            stream = open(descriptor, mode, encoding="utf-8", closefd=False)  # noqa: SIM115 - as long as we run
            setattr(sys, name, stream)


def die_with_parent(parent_pid: int) -> None:
    """Have the kernel kill this process when its parent dies; on Linux, else nothing.

    Args:
        parent_pid: who started us; if somebody else is our parent by now, we are late and exit at once.

    Source: prctl(2), PR_SET_PDEATHSIG.
    """
    if not sys.platform.startswith("linux"):
        return
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent_pid:
        os._exit(1)


def raise_oom_score() -> None:
    """Have the kernel, where memory runs out, kill this process rather than its parent or somebody else's.

    Source: proc(5), oom_score_adj; what a process starts has the same.
    """
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("500")


def bound_memory(limit_bytes: int) -> None:
    """Have requests for memory beyond this fail, for this process and for each that it starts.

    Args:
        limit_bytes: of data: what it allocated, its threads' stacks, but not files that it maps.

    Source: getrlimit(2), RLIMIT_DATA; where the system does not know it so, nothing is bounded.
    """
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    soft = limit_bytes if hard == resource.RLIM_INFINITY else min(limit_bytes, hard)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))


def set_niceness(nice: int) -> None:
    """Let other programs go first, by at least this much; what this process starts does the same.

    Args:
        nice: 0 to 19, see nice(2).
    """
    if os.getpriority(os.PRIO_PROCESS, 0) < nice:
        os.setpriority(os.PRIO_PROCESS, 0, nice)


if __name__ == "__main__":  # PARENT_PID PROGRAM ARGUMENT...: become a program that dies with its parent
    die_with_parent(int(sys.argv[1]))
    os.execv(sys.argv[2], sys.argv[2:])  # noqa: S606 - no shell is what is wanted
