"""A time limit also holds for what does not let itself be cancelled."""

from __future__ import annotations

import asyncio

import pytest

from cluster.within import within


def test_results_and_errors_come_through() -> None:
    async def fails() -> None:
        raise ValueError("as it is")

    assert asyncio.run(within(10, asyncio.sleep(0, "done"))) == "done"
    with pytest.raises(ValueError, match="as it is"):
        asyncio.run(within(10, fails()))


def test_what_suppresses_its_cancellation_is_not_waited_for() -> None:
    async def talk() -> bool:
        released = asyncio.Event()

        async def stubborn() -> None:
            while not released.is_set():
                try:
                    await released.wait()
                except asyncio.CancelledError:
                    continue

        with pytest.raises(TimeoutError):
            await within(0.01, stubborn())
        was_waiting = not released.is_set()
        released.set()
        return was_waiting

    assert asyncio.run(talk())
