"""A bound on the time of a library's call that has none of its own, but can be told to stop."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator


@contextlib.contextmanager
def time_limit(seconds: float, stop: Callable[[], object]) -> Iterator[None]:
    """Call `stop`, in a thread that ends with the block, if the block takes longer than this.

    Args:
        seconds: more than 0.
        stop: makes what runs in the block end.
    """
    timer = threading.Timer(seconds, stop)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()  # who is forked now has no thread that would be missing
