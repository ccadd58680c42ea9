"""A run's connection to its scheduler comes back whatever part of it hangs."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Generator
from types import SimpleNamespace
from typing import Any

import pytest

from cluster import link
from cluster.link import Link
from tests.running import PATIENCE_S


async def never(released: threading.Event) -> None:
    """Hang like a connection that waits for its last bytes to leave: it suppresses being cancelled."""
    while not released.is_set():
        try:
            await asyncio.sleep(0.01)
        except asyncio.CancelledError:
            continue


class Client:
    """Stands for Dask's client.

    Args:
        hangs: what never ends: `connect`, `ncores` or `close`; empty for nothing.
        released: ends it after all.
    """

    def __init__(self, hangs: str, released: threading.Event) -> None:
        self._hangs, self._released = hangs, released
        self.scheduler = self

    async def _do(self, what: str) -> None:
        if what == self._hangs:
            await never(self._released)

    def __await__(self) -> Generator[Any, None, Client]:
        yield from self._do("connect").__await__()
        return self

    async def ncores(self) -> dict[str, int]:
        """The machines, of which there are none."""
        await self._do("ncores")
        if self._hangs == "close":
            raise OSError("the connection was lost")
        return {}

    async def close(self) -> None:
        """End it."""
        await self._do("close")


@pytest.mark.parametrize("hangs", ["connect", "ncores", "close"])
def test_a_client_that_hangs_is_replaced(hangs: str, monkeypatch: pytest.MonkeyPatch) -> None:
    released, clients = threading.Event(), [hangs, ""]
    new = lambda *_, **__: Client(clients.pop(0), released)  # noqa: E731
    monkeypatch.setattr(link, "import_distributed", lambda: SimpleNamespace(Client=new))
    monkeypatch.setattr(link, "security_of", lambda _: None)
    monkeypatch.setattr(link, "CONNECT_TIMEOUT_S", 0.1)
    monkeypatch.setattr(link, "_MEMBERS_TIMEOUT_S", 0.1)
    monkeypatch.setattr(link, "MEMBERS_PERIOD_S", 0.1)
    with Link("tcp://127.0.0.1:1", None, "run", "label", b"") as connection:
        until = time.monotonic() + PATIENCE_S
        try:
            while connection.reached_at is None or clients:
                assert time.monotonic() < until, "the scheduler was not asked again"
                time.sleep(0.01)
        finally:
            released.set()
    assert connection.all_ended
