"""Processes that are killed at a chosen point."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable


def in_child(action: Callable[[], None]) -> int:
    """Run an action in a process of its own; how that ended."""
    child = os.fork()
    if child == 0:
        try:
            action()
        finally:
            os._exit(0)
    return os.waitpid(child, 0)[1]


def killed_at_call(number: int, action: Callable[[], object]) -> int:
    """Run an action in this process, which is killed at its call number `number` of a Python or C function.

    Returns: how many calls there were; then it was not killed.
    """
    seen = 0

    def on_event(_: object, event: str, __: object) -> None:
        nonlocal seen
        if event in ("call", "c_call"):
            if seen == number:
                os.kill(os.getpid(), signal.SIGKILL)
            seen += 1

    sys.setprofile(on_event)
    try:
        action()
    finally:
        sys.setprofile(None)
    return seen
