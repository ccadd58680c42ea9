"""The agent of a machine, with real engines: for which run it works, how long, and engines that are stuck."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace

from cluster import agent
from cluster.claims import claims_of
from cluster.messages import LEASE_S, Begin, Over, Ready, Reply, Request, Setup, framed, read
from cluster.roots import Roots, pack
from cluster.storage import MARKER_NAME
from pipeline import __version__
from tests.minedphotos import ALL, REPORT, photos, settings_for

WORKER = SimpleNamespace(state=SimpleNamespace(nthreads=1))


class Coordinator:
    """Plays the coordinator of a run."""

    def __init__(self, folder: Path, run: str = "one") -> None:
        settings = settings_for(folder, ALL, REPORT)
        (folder / "out" / MARKER_NAME).write_text("0123")
        roots = Roots.of(str(folder), str(folder / "out"), str(folder))
        setup = Setup(settings, claims_of(settings.config), "0123", photos(folder, 1)[0], 1, 60.0)
        self._begin = framed(Begin(roots, pack(setup, roots)))
        self._run, self._number, self._received = run, 0, 0

    def request(self, *, begins: bool = False, **changes: object) -> Request:
        """The next request."""
        self._number += 1
        request: Request = {
            "version": __version__,
            "run": self._run,
            "label": "process 7 on host1",
            "number": self._number,
            "begin": self._begin if begins else None,
            "tasks": [],
            "recalled": [],
            "received": self._received,
            "stop": 0,
            "end": False,
        }
        return request | changes

    async def says(self, *, begins: bool = False, **changes: object) -> Reply:
        """Send it."""
        reply = await agent.exchange(self.request(begins=begins, **changes), WORKER)
        self._received = reply["first"] + len(reply["messages"])
        return reply

    async def is_ready(self) -> int:
        """Begin, and wait for the engine; the engine's process."""
        reply = await self.says(begins=True)
        while not any(isinstance(read(one), Ready) for one in reply["messages"]):
            reply = await self.says()
        return agent._session._process.pid


@asynccontextmanager
async def no_session() -> AsyncIterator[None]:
    """Begin and end without a session."""
    agent._session = None
    try:
        yield
    finally:
        if agent._session is not None:
            await agent._session.end()
            await agent._session._process.wait()
            agent._session = None


def test_a_machine_works_for_one_run_at_a_time(tmp_path: Path) -> None:
    async def talk() -> None:
        async with no_session():
            first, second = Coordinator(tmp_path), Coordinator(tmp_path, "two")
            assert (await first.says())["state"] == "gone"
            pid = await first.is_ready()
            reply = await second.says(begins=True)
            assert reply["state"] == "busy"
            assert reply["sentence"] == "it mines for another run (process 7 on host1)"
            await first.says(end=True)
            assert await second.is_ready() != pid

    asyncio.run(talk())


def test_a_run_that_is_silent_for_long_loses_the_machine(tmp_path: Path, monkeypatch) -> None:
    async def talk() -> None:
        async with no_session():
            first, second = Coordinator(tmp_path), Coordinator(tmp_path, "two")
            await first.is_ready()
            later = agent.boot_clock() + LEASE_S
            monkeypatch.setattr(agent, "boot_clock", lambda: later)
            assert (await second.says(begins=True))["state"] == "mining"

    asyncio.run(talk())


def test_a_request_that_was_long_under_way_does_not_prolong_the_lease(tmp_path: Path, monkeypatch) -> None:
    async def talk() -> None:
        async with no_session():
            coordinator = Coordinator(tmp_path)
            await coordinator.is_ready()
            await coordinator.says()
            replied_at = agent._session._replied_at
            later = agent.boot_clock() + LEASE_S - 1
            monkeypatch.setattr(agent, "boot_clock", lambda: later)
            await coordinator.says()
            assert agent._session._lease_ends == replied_at + LEASE_S < later + 2

    asyncio.run(talk())


def test_another_version_is_refused(tmp_path: Path) -> None:
    async def talk() -> None:
        async with no_session():
            reply = await Coordinator(tmp_path).says(begins=True, version="0.9")
            assert reply["state"] == "refused"
            assert (
                "of this program and the run has 0.9; install the same version on both" in reply["sentence"]
            )

    asyncio.run(talk())


def test_an_engine_that_is_stuck_is_ended(tmp_path: Path, monkeypatch) -> None:
    async def talk() -> None:
        async with no_session():
            coordinator = Coordinator(tmp_path)
            pid = await coordinator.is_ready()
            os.kill(pid, signal.SIGSTOP)
            later = agent.boot_clock() + agent.SILENT_S + 1
            monkeypatch.setattr(agent, "boot_clock", lambda: later)
            reply = await coordinator.says()
            (over,) = [message for one in reply["messages"] if isinstance(message := read(one), Over)]
            assert over.sentence == "its engine has not answered for 60 s; its storage may hang"
            await agent._session._process.wait()

    asyncio.run(talk())


def test_an_engine_that_was_killed_is_noticed(tmp_path: Path) -> None:
    async def talk() -> None:
        async with no_session():
            coordinator = Coordinator(tmp_path)
            os.kill(await coordinator.is_ready(), signal.SIGKILL)
            until = time.monotonic() + 20
            said: list[object] = []
            while not any(isinstance(message, Over) for message in said):
                assert time.monotonic() < until
                said += map(read, (await coordinator.says())["messages"])
            assert said[-1] == Over("its engine has ended with exit status -9", is_final=False)

    asyncio.run(talk())


def test_a_repeated_request_counts_once(tmp_path: Path) -> None:
    async def talk() -> None:
        async with no_session():
            coordinator = Coordinator(tmp_path)
            pid = await coordinator.is_ready()
            request = coordinator.request(tasks=[(1, b"no task: the engine would end")])
            agent._session.number = request["number"]
            reply = await agent.exchange(request, WORKER)
            assert reply["state"] == "mining"
            assert agent._session._process.pid == pid
            assert (await coordinator.says())["messages"] == []

    asyncio.run(talk())


def test_a_request_that_comes_after_later_ones_has_no_effect(tmp_path: Path) -> None:
    """Such as one that was delayed by a pulled cable, and that the coordinator has sent again meanwhile."""

    async def talk() -> None:
        async with no_session():
            coordinator = Coordinator(tmp_path)
            begin = coordinator.request(begins=True)
            await agent.exchange(begin, WORKER)
            pid = await coordinator.is_ready()
            late = coordinator.request(tasks=[(1, b"no task: the engine would end")], received=99, end=True)
            await coordinator.says()
            lease_ends = agent._session._lease_ends
            for request in (late, begin):
                assert (await agent.exchange(request, WORKER))["state"] == "gone"
            assert agent._session._lease_ends == lease_ends
            reply = await coordinator.says()
            assert (reply["state"], reply["messages"]) == ("mining", [])
            assert agent._session._process.pid == pid

    asyncio.run(talk())


def test_a_request_that_is_repeated_does_not_prolong_the_lease(tmp_path: Path, monkeypatch) -> None:
    """That it is repeated shows that the coordinator has not got the reply."""

    async def talk() -> None:
        async with no_session():
            coordinator = Coordinator(tmp_path)
            await coordinator.is_ready()
            request = coordinator.request()
            await agent.exchange(request, WORKER)
            replied_at, lease_ends = agent._session._replied_at, agent._session._lease_ends
            for passed_s in (LEASE_S / 2, LEASE_S - 1):
                monkeypatch.setattr(agent, "boot_clock", lambda s=passed_s: replied_at + s)
                await agent.exchange(request, WORKER)
                assert agent._session._lease_ends == lease_ends
            await coordinator.says()
            assert agent._session._lease_ends == replied_at + LEASE_S

    asyncio.run(talk())
