"""The coordinator's requests to the agent of one machine, one after the other, in the link's event loop."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import threading
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from cluster.messages import (
    LEASE_MARGIN_S,
    LEASE_S,
    FromEngine,
    Over,
    Packed,
    Reply,
    Request,
    read,
)
from cluster.within import within
from pipeline import __version__
from pipeline.text import one_line

REACTION_S = 0.2
"""How long a conversation waits for the run to react to what a machine said."""
_BUSY_PERIOD_S = 3.0
_RETRY_S = 1.0
_REQUEST_TIMEOUT_S = 10.0
_LEAST_TIMEOUT_S = 0.1
_FAREWELL_S = 3.0
_MOST_SHIPPED_BYTES = 16 << 20
_numbers = itertools.count(1)

Ask = Callable[[str, Request], Awaitable[Reply]]
"""Sends a request to the machine with this address and returns the reply. Raises whatever prevents it."""


@dataclass(frozen=True, slots=True)
class Heard:
    """A machine has replied.

    Args:
        speaker: the conversation.
        messages: of its engine.
        running: numbers of the tasks that its workers have.
    """

    speaker: Conversation
    messages: list[FromEngine]
    running: frozenset[int]


@dataclass(frozen=True, slots=True)
class Waits:
    """A machine mines for another run; asked again and again until it is free.

    Args:
        speaker: the conversation.
        sentence: what it does.
    """

    speaker: Conversation
    sentence: str


@dataclass(frozen=True, slots=True)
class Lost:
    """A machine has left the run, and its engine has ended.

    Args:
        speaker: the conversation, which is over.
        sentence: why.
        is_refusal: whether asking it again is useless.
    """

    speaker: Conversation
    sentence: str
    is_refusal: bool = False


Event = Heard | Waits | Lost


class Conversation:
    """What the run and one machine say to each other.

    Args:
        address: of the machine's Dask worker.
        run: identifies the run.
        label: the run, for people.
        begin: a framed `Begin`.
        tell: called with each event, from the link's thread.
    Attributes:
        host: the machine's name, once it has replied.
    """

    def __init__(
        self, address: str, run: str, label: str, begin: bytes, tell: Callable[[Event], None]
    ) -> None:
        self.address, self.host = address, ""
        self._run, self._label, self._begin, self._tell = run, label, begin, tell
        self._lock = threading.Lock()
        self._tasks: list[Packed] = []
        self._recalled: list[int] = []
        self._stops, self._is_ending, self._pace_s = 0, False, 0.0
        self._received, self._is_lost = 0, False
        self._reaction, self._urgent = asyncio.Event(), asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    def give(self, tasks: list[Packed], recalled: list[int], *, pace_s: float) -> None:
        """Send tasks with the next request. From the run's thread, as all public methods but `hold`.

        Args:
            tasks: may be empty.
            recalled: numbers of tasks to be returned unless a worker has them; may be empty.
            pace_s: the least time between two requests, while nothing is urgent.
        """
        with self._lock:
            self._tasks += tasks
            self._recalled += recalled
            self._pace_s = pace_s
        self._wake(self._reaction)

    def stop(self, times: int) -> None:
        """Tell the machine how often `Executor.stop` was called."""
        if self._stops != times:
            self._stops = times
            self._wake(self._urgent)

    def end(self) -> None:
        """End the conversation and the machine's engine."""
        self._is_ending = True
        self._wake(self._urgent)

    def _wake(self, event: asyncio.Event) -> None:
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(event.set)

    async def hold(self, ask: Ask) -> bool:
        """Talk until the end, or until the machine is lost.

        Args:
            ask: sends requests.
        Returns: whether the machine's engine has ended for certain.
        """
        self._loop = asyncio.get_running_loop()
        has_begun, heard_at = False, time.monotonic()
        while not self._is_ending:
            request = self._request(is_first=not has_begun)
            sent_at = time.monotonic()
            reply = await self._answer(ask, request, heard_at)
            if reply is None:
                break
            heard_at, self.host = time.monotonic(), reply["host"]
            if reply["state"] == "busy":
                self._tell(Waits(self, reply["sentence"]))
                await _pause(self._urgent, _BUSY_PERIOD_S)
                continue
            if reply["state"] != "mining":
                is_refusal = reply["state"] == "refused"
                self._tell(Lost(self, reply["sentence"] or "its Dask worker was started again", is_refusal))
                return True
            has_begun = True
            self._reaction.clear()
            if not self._pass_on(reply):
                return True
            if reply["messages"]:
                await _pause(self._reaction, REACTION_S)
            await _pause(self._urgent, sent_at + self._pace_s - time.monotonic())
        return self._is_lost or await self._farewell(ask)

    def _request(self, *, is_first: bool) -> Request:
        with self._lock:
            tasks: list[Packed] = []
            total = 0
            while not is_first and self._tasks and total < _MOST_SHIPPED_BYTES:
                tasks.append(self._tasks.pop(0))
                total += len(tasks[-1][1])
            recalled: list[int] = []
            if not is_first and not self._tasks:  # else some of them may not be sent yet
                recalled, self._recalled = self._recalled, []
        return {
            "version": __version__,
            "run": self._run,
            "label": self._label,
            "number": next(_numbers),
            "begin": self._begin if is_first else None,
            "tasks": tasks,
            "recalled": recalled,
            "received": self._received,
            "stop": self._stops,
            "end": False,
        }

    async def _answer(self, ask: Ask, request: Request, heard_at: float) -> Reply | None:
        """The reply to a request, which is sent again until the machine has to be given up; then None."""
        lost_at = heard_at + LEASE_S + LEASE_MARGIN_S
        while not self._is_ending:
            left_s = max(_LEAST_TIMEOUT_S, lost_at - time.monotonic())
            try:
                return await within(min(_REQUEST_TIMEOUT_S, left_s), ask(self.address, request))
            except Exception as error:  # whatever Dask raises: the machine was not reached
                if isinstance(error, ImportError) or "ModuleNotFoundError(" in str(error):
                    sentence = "its Dask worker does not have this program; install it there"
                    self._lose(sentence, is_refusal=True)
                    return None
                now = time.monotonic()
                if now >= lost_at:
                    reason = "no reply" if isinstance(error, TimeoutError) else one_line(error)
                    self._lose(f"it has not answered for {now - heard_at:.0f} s ({reason})")
                    return None
                await _pause(self._urgent, _RETRY_S)
        return None

    def _lose(self, sentence: str, *, is_refusal: bool = False) -> None:
        self._is_lost = True
        self._tell(Lost(self, sentence, is_refusal))

    def _pass_on(self, reply: Reply) -> bool:
        """Pass the engine's messages to the run; return whether the engine continues."""
        messages: list[FromEngine] = [
            read(one) for one in reply["messages"][self._received - reply["first"] :]
        ]
        self._received += len(messages)
        self._tell(Heard(self, messages, frozenset(reply["running"])))
        for message in messages:
            if isinstance(message, Over):
                is_refusal = message.is_final and bool(message.sentence)
                self._tell(Lost(self, message.sentence, is_refusal))
                return False
        return True

    async def _farewell(self, ask: Ask) -> bool:
        request = self._request(is_first=False)
        request["end"], request["tasks"] = True, []
        try:
            await within(_FAREWELL_S, ask(self.address, request))
        except Exception:  # then the engine's lease ends it
            return False
        return True


async def _pause(event: asyncio.Event, seconds: float) -> None:
    """Wait for an event until a timeout."""
    if seconds > 0:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(event.wait(), seconds)
