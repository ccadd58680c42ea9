"""Children that others began and left to us: how they come to be ours, and how their end is seen.

A worker is forked off a process that has the pipeline loaded, and must outlive that one's death; so it is
this process's child, through the kernel's rule for orphans.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys
from collections.abc import Container, Iterator

_PR_SET_CHILD_SUBREAPER = 36


@contextlib.contextmanager
def child_subreaper() -> Iterator[bool]:
    """As long as this is open, what a child of ours leaves behind when it ends becomes our child.

    Yields False where that cannot be had: elsewhere than on Linux, or where this process was started with
    SIGCHLD ignored, so that no child's end can be awaited.

    Source: prctl(2), PR_SET_CHILD_SUBREAPER.
    """
    if not sys.platform.startswith("linux") or signal.getsignal(signal.SIGCHLD) is signal.SIG_IGN:
        yield False
        return
    prctl = ctypes.CDLL(None).prctl
    adopts = prctl(_PR_SET_CHILD_SUBREAPER, ctypes.c_ulong(1), 0, 0, 0) == 0
    try:
        yield adopts
    finally:
        prctl(_PR_SET_CHILD_SUBREAPER, ctypes.c_ulong(0), 0, 0, 0)


def reap_children(known: Container[int | None]) -> None:
    """See off adopted children that have ended: each would stay a zombie for as long as we run.

    Args:
        known: children that somebody waits for; where one of them has ended, the others are left for later.
    """
    with contextlib.suppress(ChildProcessError):  # there are no children
        while ended := os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT):
            if ended.si_pid in known:
                return
            os.waitpid(ended.si_pid, 0)


class AdoptedProcess:
    """An adopted child, with what `multiprocessing.Process` offers of its own ones as far as it is used here.

    Args:
        pid: its number.
    """

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._exitcode: int | None = None

    @property
    def exitcode(self) -> int | None:
        """Negative for a signal's number; None as long as it runs."""
        self._look(os.WNOHANG)
        return self._exitcode

    def join(self) -> None:
        """Wait for its end."""
        self._look(0)

    def _look(self, options: int) -> None:
        if self._exitcode is None:
            pid, status = os.waitpid(self.pid, options)
            if pid:
                self._exitcode = os.waitstatus_to_exitcode(status)

    def kill(self) -> None:
        """Send SIGKILL. Nobody else can have its number before its end is seen."""
        if self._exitcode is None:
            os.kill(self.pid, signal.SIGKILL)

    def close(self) -> None:
        """There is nothing to give back."""
