"""A timeout for library calls that have none of their own but can be stopped from another thread."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator


@contextlib.contextmanager
def time_limit(seconds: float, stop: Callable[[], object]) -> Iterator[None]:
    """Call `stop` from another thread if the block takes longer than this; the thread ends with the block.

    Args:
        seconds: more than 0.
        stop: makes the call that runs in the block return or raise.
    """
    timer = threading.Timer(seconds, stop)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()  # so that the process can be forked again
