"""How processes start, and what the kernel does with them: memory limits, niceness."""

from __future__ import annotations

import contextlib
import os
import resource
import sys
from pathlib import Path
from typing import Literal


def start_method() -> Literal["fork", "spawn"]:
    """How to start a worker process now, for `multiprocessing.get_context`.

    A forked child shares what this process has imported, which is half the cost of starting. A fork is safe
    while this process has a single thread: locks that other threads hold would stay locked in the child. The
    kernel is asked, because Python does not know libraries' threads. On systems other than Linux, system
    libraries may not survive a fork at all.
    """
    try:
        return "fork" if len(os.listdir("/proc/self/task")) == 1 else "spawn"
    except OSError:
        return "spawn"


def open_standard_streams() -> None:
    """Open the standard streams that were closed when the program was started (`>&-`), on the null device.

    Otherwise the first file that it opens would become its standard output, and `sys.stdout` would be None.
    """
    for descriptor, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # gets the lowest free number, which is this one
        if getattr(sys, name) is None:
            stream = open(descriptor, mode, encoding="utf-8", closefd=False)  # noqa: SIM115 - as long as we run
            setattr(sys, name, stream)


def raise_oom_score() -> None:
    """Have the kernel's OOM killer prefer this process, and its children, to its parent and other programs.

    Source: proc(5), oom_score_adj.
    """
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("500")


def bound_memory(limit_bytes: int) -> None:
    """Limit the memory of this process and of each of its children; larger requests fail.

    Args:
        limit_bytes: of data: the heap and private mappings, but not mapped files.

    Source: getrlimit(2), RLIMIT_DATA. Systems that refuse the limit go without.
    """
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    soft = limit_bytes if hard == resource.RLIM_INFINITY else min(limit_bytes, hard)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))


def set_niceness(nice: int) -> None:
    """Raise the niceness of this process and its future children to at least this.

    Args:
        nice: 0 to 19, see nice(2).
    """
    if os.getpriority(os.PRIO_PROCESS, 0) < nice:
        os.setpriority(os.PRIO_PROCESS, 0, nice)
