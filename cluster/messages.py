"""The messages between the parts of a cluster.

The coordinator (the run) talks to an agent in the Dask worker of each machine, by `Request` and `Reply`. The
agent talks to its engine, a subprocess with the worker pool, by the dataclasses below. Tasks and results pass
through the agent as packed bytes, see `roots.pack`.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pickle import dumps, loads
from typing import Any, TypedDict

from cluster.claims import Claims
from cluster.roots import Roots
from pipeline.source import Source
from pipeline.workers.messages import LogLine, WorkerSettings

LEASE_S = 20.0
"""How long a machine mines after the last sign of life of the coordinator that it knows of."""
LEASE_MARGIN_S = 3.0
"""How much longer the coordinator waits before it gives the tasks of a silent machine to others."""
POLL_S = 1.0
"""How long an agent waits for results before it answers a request."""

_LENGTH_BYTES = 8
_MOST_FRAME_BYTES = 1 << 31


def boot_clock() -> float:
    """Seconds since this machine was started, including the time for which it was suspended."""
    clock = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
    return time.clock_gettime(clock)


Packed = tuple[int, bytes]
"""The number of a task in the run, and the packed task or its packed result."""


class Request(TypedDict):
    """From the coordinator to an agent. Basic types only: the agent may be of another version of the program.

    Keys:
        version: of the program.
        run: identifies the run.
        label: the run, for people.
        number: ascending; a request that is sent again has the same number and counts once, and one that
            comes after a later one does not count.
        begin: a pickled `Begin`, in the first request of a session; else None.
        tasks: to be mined.
        recalled: numbers of tasks to be returned unless a worker has them.
        received: how many messages of the session the coordinator has got.
        stop: as often as `Executor.stop` was called.
        end: the session ends.
    """

    version: str
    run: str
    label: str
    number: int
    begin: bytes | None
    tasks: list[Packed]
    recalled: list[int]
    received: int
    stop: int
    end: bool


class Reply(TypedDict):
    """From an agent to the coordinator.

    Keys:
        state: `mining`; `busy` with another run; `refused`; `gone`: there is no such session.
        host: the machine's name.
        sentence: why, if the state is not `mining`.
        first: the number of the first one of `messages` in the session, from 0.
        messages: pickled messages of the engine, see `FromEngine`.
        running: numbers of the tasks that workers have now.
    """

    state: str
    host: str
    sentence: str
    first: int
    messages: list[bytes]
    running: list[int]


@dataclass(frozen=True, slots=True)
class Begin:
    """To the engine, first: the run.

    Args:
        roots: the run's folders where it was started.
        packed: a `Setup`, packed with those.
    """

    roots: Roots
    packed: bytes


@dataclass(frozen=True, slots=True)
class Setup:
    """What a run asks of each machine.

    Args:
        settings: of the workers; niceness, limits and the run's process are those of the run.
        claims: what has to be the same.
        marker: the content of the marker in OUTPUT.
        sample: a file of INPUT that the machine must have.
        workers: most worker processes; None: as many as cores and memory allow.
        timeout_s: how long one photo may take.
    """

    settings: WorkerSettings
    claims: Claims
    marker: str
    sample: Source
    workers: int | None
    timeout_s: float


@dataclass(frozen=True, slots=True)
class NewTasks:
    """To the engine: tasks to be mined."""

    tasks: list[Packed]


@dataclass(frozen=True, slots=True)
class Recall:
    """To the engine: return these tasks, by their numbers, unless a worker has them or has done them."""

    numbers: list[int]


@dataclass(frozen=True, slots=True)
class Renewed:
    """To the engine: the lease is renewed until this time of `boot_clock`."""

    until: float


@dataclass(frozen=True, slots=True)
class Stop:
    """To the engine: see `Executor.stop`."""


@dataclass(frozen=True, slots=True)
class Ready:
    """From the engine: it takes tasks.

    Args:
        machine: the owner of this machine's unfinished outputs, see `own_parts_as`.
        workers: most worker processes.
        sentence: how that number came about.
        other_packages: packages of other versions than the run has, for a warning; None if there are none.
    """

    machine: str
    workers: int
    sentence: str
    other_packages: str | None


@dataclass(frozen=True, slots=True)
class Begun:
    """From the engine: a worker has this task, or no longer has it and was not done with it."""

    number: int
    is_running: bool = True


@dataclass(frozen=True, slots=True)
class Done:
    """From the engine: the packed result of a task."""

    number: int
    result: bytes


@dataclass(frozen=True, slots=True)
class FramesRead:
    """From the engine: the number of frames of a segment that were read so far."""

    number: int
    frames: int


@dataclass(frozen=True, slots=True)
class Returned:
    """From the engine: it will not do this task."""

    number: int


@dataclass(frozen=True, slots=True)
class Alive:
    """From the engine, every few seconds: it is not stuck."""


@dataclass(frozen=True, slots=True)
class Over:
    """From the engine, last: it has stopped mining.

    Args:
        sentence: why; empty after `Stop`.
        machine: as in `Ready`; empty if it never was.
        is_final: whether starting it again would end in the same way.
    """

    sentence: str = ""
    machine: str = ""
    is_final: bool = True


ToEngine = Begin | NewTasks | Recall | Renewed | Stop
FromEngine = Ready | Begun | FramesRead | Done | Returned | Alive | Over | LogLine


def framed(message: ToEngine | FromEngine) -> bytes:
    """A message as it goes through a pipe: its length, then its pickle."""
    content = dumps(message, protocol=5)
    return len(content).to_bytes(_LENGTH_BYTES, "big") + content


@dataclass(slots=True)
class Frames:
    """Cuts what comes out of a pipe into messages."""

    _rest: bytearray = field(default_factory=bytearray)

    def add(self, some: bytes) -> Iterator[bytes]:
        """Take some bytes and yield the pickles of the messages that are complete.

        Raises: ValueError: a message is too long to be one.
        """
        self._rest += some
        at = 0
        try:
            while len(self._rest) - at >= _LENGTH_BYTES:
                begin = at + _LENGTH_BYTES
                length = int.from_bytes(self._rest[at:begin], "big")
                if length > _MOST_FRAME_BYTES:
                    raise ValueError(f"a message of {length} bytes")
                if len(self._rest) < begin + length:
                    return
                at = begin + length
                yield bytes(self._rest[begin:at])
        finally:
            del self._rest[:at]


def read(pickled: bytes) -> Any:
    """A message from its pickle."""
    return loads(pickled)  # noqa: S301 - between processes of one cluster, which trust each other
