"""The agent in the Dask worker of a machine: it starts the engine and passes messages through.

The coordinator calls `exchange` about once a second, through `distributed.Client.run`. The call carries tasks
one way and results the other, and renews the engine's lease.

A request that is delivered late, because the network was cut, must not prolong the lease beyond what the
coordinator expects. A lease therefore begins when the agent has sent the reply that the request acknowledges,
not when the request comes in. A request that the coordinator has sent again may also come after later
ones. Its number is lower than theirs, and it has no effect.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
import sys
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING

from cluster.messages import (
    LEASE_S,
    POLL_S,
    Alive,
    Begun,
    Done,
    Frames,
    NewTasks,
    Over,
    Recall,
    Renewed,
    Reply,
    Request,
    Stop,
    ToEngine,
    boot_clock,
    framed,
    read,
)
from pipeline import __version__

if TYPE_CHECKING:
    from distributed import Worker

ROOT_VARIABLES = {
    "input": "DEEPVISUALMINER_INPUT_ROOT",
    "output": "DEEPVISUALMINER_OUTPUT_ROOT",
    "pipeline": "DEEPVISUALMINER_PIPELINE_ROOT",
}
"""Environment variables of the Dask worker: where the run's folders are on this machine, if elsewhere."""
SILENT_S = 60.0
"""An engine without a message for this long is stuck, for example on a hanging network file system."""
_GATHER_S = 0.05
"""How long results wait for others that come at the same time."""
_READ_BYTES = 1 << 16
_MOST_REPLY_BYTES = 16 << 20
_CHECKOUT = Path(__file__).resolve().parents[1]

_session: _Session | None = None
logging.getLogger("distributed.worker").setLevel(logging.WARNING)  # or it logs each call of `exchange`


async def exchange(request: Request, dask_worker: Worker) -> Reply:
    """Take a request of the coordinator; reply when there are messages, after `POLL_S` at the latest.

    Args:
        request: of the coordinator.
        dask_worker: the Dask worker of this machine; its number of threads is that of the cores to use.
    """
    global _session
    if request["version"] != __version__:
        return _told(
            "refused",
            f"it has version {__version__} of this program and the run has {request['version']}; "
            "install the same version on both",
        )
    if _session is not None and _session.run != request["run"]:
        if _session.is_wanted:
            return _told("busy", f"it mines for another run ({_session.label})")
        await _session.end()
        _session = None
    if request["begin"] is not None and (_session is None or request["number"] > _session.number):
        if _session is not None:
            await _session.end()
        _session = _Session(request)
        await _session.start(dask_worker.state.nthreads)
    elif _session is None or request["number"] < _session.number:
        return _told("gone", "")  # a late request is not waited for any more
    return await _session.reply_to(request)


def _told(state: str, sentence: str) -> Reply:
    host = socket.gethostname()
    return {
        "state": state,
        "host": host,
        "sentence": sentence,
        "first": 0,
        "messages": [],
        "running": [],
    }


class _Session:
    """One run on this machine: its engine, and the engine's messages that the coordinator has not got.

    Args:
        request: the first one of the run.
    """

    def __init__(self, request: Request) -> None:
        self.run, self.label = request["run"], request["label"]
        self.number = request["number"]
        self._begin = request["begin"] or b""
        self._stops = 0
        self._first = 0
        self._messages: deque[bytes] = deque()
        self._running: set[int] = set()
        self._lease_ends = boot_clock() + LEASE_S
        self._replied_at: float | None = None
        self._replied_to = 0
        self._heard_at = boot_clock()
        self._is_over = False
        self._news = asyncio.Event()
        self._process: asyncio.subprocess.Process | None = None
        self._reading: asyncio.Task[None] | None = None

    @property
    def is_wanted(self) -> bool:
        """Whether the run may still come back to this session."""
        return not self._is_over and boot_clock() < self._lease_ends

    async def start(self, cores: int) -> None:
        """Start the engine.

        Args:
            cores: that it may use.
        """
        roots = [
            f"--{name}-root={os.environ[variable].rstrip('/')}"
            for name, variable in ROOT_VARIABLES.items()
            if os.environ.get(variable)
        ]
        path = os.pathsep.join(filter(None, [str(_CHECKOUT), os.environ.get("PYTHONPATH")]))
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "cluster.engine", str(os.getpid()), str(cores), *roots),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": path},
        )
        self._write(self._begin)
        self._write(framed(Renewed(self._lease_ends)))
        self._reading = asyncio.create_task(self._read())

    async def reply_to(self, request: Request) -> Reply:
        """Do what a request says, wait for news, and reply."""
        is_repeated = request["number"] == self.number
        self.number = request["number"]
        while self._first < request["received"]:
            self._messages.popleft()
            self._first += 1
        if self._replied_at is not None and not is_repeated:  # a later number acknowledges the reply
            self._lease_ends = self._replied_at + LEASE_S
            self._tell(Renewed(self._lease_ends))
        if request["tasks"] and not is_repeated:
            self._tell(NewTasks(request["tasks"]))
        if request["recalled"] and not is_repeated:
            self._tell(Recall(request["recalled"]))
        while self._stops < request["stop"]:
            self._stops += 1
            self._tell(Stop())
        if request["end"]:
            await self.end()
        elif not self._messages:
            await self._wait_for_news()
        if not self._is_over and boot_clock() - self._heard_at > SILENT_S:
            sentence = f"its engine has not answered for {SILENT_S:.0f} s; its storage may hang"
            await self.end()
            self._add(framed(Over(sentence))[8:])
        reply = _told("mining", "")
        reply["first"], reply["messages"] = self._first, self._some_messages()
        reply["running"] = sorted(self._running)
        if request["number"] > self._replied_to:  # of several replies to one request, the first one counts
            self._replied_at, self._replied_to = boot_clock(), request["number"]
        return reply

    async def _wait_for_news(self) -> None:
        self._news.clear()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._news.wait(), POLL_S)
            await asyncio.sleep(_GATHER_S)

    def _some_messages(self) -> list[bytes]:
        """Messages from the first one on, up to a number of bytes."""
        some: list[bytes] = []
        total = 0
        for message in self._messages:
            total += len(message)
            if some and total > _MOST_REPLY_BYTES:
                break
            some.append(message)
        return some

    async def end(self) -> None:
        """Kill the engine; the kernel kills its workers with it."""
        self._is_over = True
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
            if self._reading is not None:
                self._reading.cancel()

    def _tell(self, message: ToEngine) -> None:
        self._write(framed(message))

    def _write(self, frame: bytes) -> None:
        if self._process is not None and self._process.stdin is not None and not self._is_over:
            with contextlib.suppress(ConnectionError):  # it has ended; reading from it says so
                self._process.stdin.write(frame)

    async def _read(self) -> None:
        """Take the engine's messages until its end."""
        assert self._process is not None
        assert self._process.stdout is not None
        frames, ended = Frames(), False
        while some := await self._process.stdout.read(_READ_BYTES):
            self._heard_at = boot_clock()
            for pickled in frames.add(some):
                message = read(pickled)
                match message:
                    case Alive():
                        continue
                    case Begun(number, is_running):
                        (self._running.add if is_running else self._running.discard)(number)
                        continue
                    case Done(number):
                        self._running.discard(number)
                    case Over():
                        ended = True
                self._add(pickled)
        code = await self._process.wait()
        self._is_over = True
        if not ended:
            self._add(framed(Over(f"its engine has ended with exit status {code}", is_final=False))[8:])

    def _add(self, pickled: bytes) -> None:
        self._messages.append(pickled)
        self._news.set()
