"""Adopt and reap orphaned workers, through the kernel's child subreaper.

A worker forked from the template has to outlive the template, and the parent has to see how it ended. So the
worker is orphaned, and the kernel makes it a child of the parent.
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
    """Make this process the parent of its descendants' orphans while the context is open.

    Yields: whether it is. It is not on systems other than Linux, and if this process was started with SIGCHLD
        ignored, because then the kernel reaps children without telling how they ended.

    Source: prctl(2), PR_SET_CHILD_SUBREAPER.
    """
    if not sys.platform.startswith("linux") or signal.getsignal(signal.SIGCHLD) is signal.SIG_IGN:
        yield False
        return
    prctl = ctypes.CDLL(None).prctl
    is_subreaper = prctl(_PR_SET_CHILD_SUBREAPER, ctypes.c_ulong(1), 0, 0, 0) == 0
    try:
        yield is_subreaper
    finally:
        prctl(_PR_SET_CHILD_SUBREAPER, ctypes.c_ulong(0), 0, 0, 0)


def reap_children(known: Container[int | None]) -> None:
    """Reap adopted children that have ended; each would stay a zombie until this process ends.

    Args:
        known: processes that are reaped elsewhere. If one of them has ended, this stops at it and leaves the
            rest to a later call.
    """
    with contextlib.suppress(ChildProcessError):  # there are no children
        while ended := os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT):
            if ended.si_pid in known:
                return
            os.waitpid(ended.si_pid, 0)


class AdoptedProcess:
    """An adopted child, with those parts of `multiprocessing.Process`'s interface that are used here.

    Args:
        pid: of a child of this process.
    """

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._exitcode: int | None = None

    @property
    def exitcode(self) -> int | None:
        """The exit status, or a signal's number with a minus; None while the process runs."""
        self._wait(os.WNOHANG)
        return self._exitcode

    def join(self) -> None:
        """Wait until the process has ended."""
        self._wait(0)

    def _wait(self, options: int) -> None:
        if self._exitcode is None:
            pid, status = os.waitpid(self.pid, options)
            if pid:
                self._exitcode = os.waitstatus_to_exitcode(status)

    def kill(self) -> None:
        """Send SIGKILL, unless the process was reaped: until then its number cannot be reused."""
        if self._exitcode is None:
            os.kill(self.pid, signal.SIGKILL)

    def close(self) -> None:
        """Do nothing: there are no resources to free."""
