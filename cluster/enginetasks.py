"""The tasks of an engine: they come in through one pipe, and their results go out through another."""

from __future__ import annotations

import os
import select
import time
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from typing import BinaryIO

from cluster.messages import (
    Alive,
    Begun,
    Done,
    Frames,
    FramesRead,
    FromEngine,
    NewTasks,
    Recall,
    Renewed,
    Returned,
    Stop,
    ToEngine,
    boot_clock,
    framed,
    read,
)
from cluster.roots import Roots, pack, unpack
from cluster.storage import output_trouble
from pipeline.errors import MinerError
from pipeline.outcome import Outcome
from pipeline.tasks import Result, Task, key_of

ALIVE_S = 2.0
"""How often an engine says that it is not stuck."""
STORAGE_CHECK_S = 5.0
"""How often it reads the marker in OUTPUT."""
_READ_BYTES = 1 << 20


class OrphanedError(Exception):
    """The coordinator has given no sign of life for as long as the lease lasts, or the agent has ended."""


class Pipes:
    """The two pipes between an engine and its agent.

    Args:
        incoming: a descriptor; it is read without blocking, except by `wait`.
        outgoing: a stream.
    """

    def __init__(self, incoming: int, outgoing: BinaryIO) -> None:
        self._incoming, self._outgoing = incoming, outgoing
        self._frames = Frames()
        self._kept: list[ToEngine] = []
        os.set_blocking(incoming, False)

    def wait(self) -> ToEngine:
        """Wait for the next message.

        Raises: OrphanedError: the agent has ended.
        """
        while not (messages := self.receive()):
            select.select([self._incoming], [], [])
        self._kept = messages[1:]
        return messages[0]

    def receive(self) -> list[ToEngine]:
        """The messages received so far, possibly none.

        Raises: OrphanedError: the agent has ended.
        """
        messages, self._kept = self._kept, []
        while True:
            try:
                some = os.read(self._incoming, _READ_BYTES)
            except BlockingIOError:
                return messages
            if not some:
                raise OrphanedError
            messages += map(read, self._frames.add(some))

    def send(self, message: FromEngine) -> None:
        """Send a message; waits for the agent if it is slow.

        Raises: OrphanedError: the agent has ended.
        """
        try:
            self._outgoing.write(framed(message))
            self._outgoing.flush()
        except BrokenPipeError:
            raise OrphanedError from None


class EngineTasks:
    """The `Tasks` of the engine's worker pool.

    Args:
        pipes: to the agent.
        roots: the run's folders on this machine.
        recorded_root: INPUT as the outputs state it, if it is mounted elsewhere here; None if it is not.
        marker: the content of the marker in OUTPUT.
        on_stop: called for each `Stop`.
    """

    def __init__(
        self,
        pipes: Pipes,
        roots: Roots,
        recorded_root: str | None,
        marker: str,
        on_stop: Callable[[], None],
    ) -> None:
        self._pipes, self._roots, self._recorded_root = pipes, roots, recorded_root
        self._marker = marker
        self._on_stop = on_stop
        self._ready: deque[tuple[int, Task]] = deque()
        self._numbers: dict[tuple[str, str, int], int] = {}
        self._lease_ends = float("inf")
        self._next_alive = self._next_check = 0.0

    @property
    def is_open(self) -> bool:
        """True; reads what has come, and checks that the run still wants this machine and has its storage.

        Raises:
            OrphanedError: it does not want it.
            MinerError: OUTPUT is not that of the run any more.
        """
        for message in self._pipes.receive():
            match message:
                case NewTasks(tasks):
                    self._ready += ((number, unpack(packed, self._roots)) for number, packed in tasks)
                case Recall(numbers):
                    self._return(frozenset(numbers))
                case Renewed(until):
                    self._lease_ends = until
                case Stop():
                    self._on_stop()
        if boot_clock() >= self._lease_ends:
            raise OrphanedError
        now = time.monotonic()
        if now >= self._next_check:
            self._next_check = now + STORAGE_CHECK_S
            if trouble := output_trouble(self._roots.output, self._marker):
                raise MinerError(trouble)
        if now >= self._next_alive:
            self._next_alive = now + ALIVE_S
            self._pipes.send(Alive())
        return True

    def _return(self, numbers: frozenset[int]) -> None:
        """Give those of these tasks back that no worker has."""
        returned = [number for number, _ in self._ready if number in numbers]
        self._ready = deque(one for one in self._ready if one[0] not in numbers)
        for number in returned:
            self._pipes.send(Returned(number))

    def next(self) -> Task | None:
        """The next task; None if there is none now."""
        if not self._ready:
            return None
        number, task = self._ready.popleft()
        if self._recorded_root is not None:
            rest = task.source.path.removeprefix(self._roots.input)
            source = replace(task.source, recorded_path=self._recorded_root + rest)
            task = replace(task, source=source)
        self._numbers[key_of(task)] = number
        self._pipes.send(Begun(number))
        return task

    def put_back(self, task: Task) -> Outcome | None:
        """Take a task back that was not completed; it comes next."""
        number = self._numbers.pop(key_of(task))
        self._ready.appendleft((number, task))
        self._pipes.send(Begun(number, is_running=False))
        return None

    def note(self, task: Task, result: Result) -> Outcome | None:
        """Send the result of a task; the coordinator knows what it settles."""
        self._pipes.send(Done(self._numbers.pop(key_of(task)), pack(result, self._roots)))
        return None

    def note_frames(self, task: Task, frames: int) -> None:
        """Send how many frames of a task were read so far."""
        self._pipes.send(FramesRead(self._numbers[key_of(task)], frames))

    def close(self) -> None:
        """Drop all tasks."""
        self._ready.clear()
