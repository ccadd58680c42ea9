"""Waiting for something that may not even react to being cancelled."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

T = TypeVar("T")


async def within(seconds: float, awaitable: Awaitable[T]) -> T:
    """Wait for a result at most so long.

    `asyncio.wait_for` waits until what it has cancelled has ended, and a connection of Dask may suppress the
    cancellation. This goes on at once.

    Raises: TimeoutError: there is no result yet; nothing waits for it any more.
    """
    task = asyncio.ensure_future(awaitable)
    try:
        done, _ = await asyncio.wait({task}, timeout=seconds)
    except asyncio.CancelledError:
        task.cancel()
        raise
    if not done:
        task.cancel()
        task.add_done_callback(_ignore)
        raise TimeoutError
    return task.result()


def _ignore(task: asyncio.Future[T]) -> None:
    """Look at a result that is not wanted, or asyncio complains that an exception was not retrieved."""
    if not task.cancelled():
        task.exception()
