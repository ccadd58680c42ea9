"""Jobs in separate processes: what the server starts, its progress, and how it ended."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import signal
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from pipeline.text import printable

_MOST_LINES = 200
_MOST_LINE_BYTES = 1 << 16
_DONE = re.compile(r"([\d,]+) files? done")
"""A line of visualminer's that says how far it is."""
_END_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Step:
    """One program of a job.

    Args:
        title: what it does, for people.
        command: its arguments.
        total: how many files it works on, for its progress; 0 for unknown.
    """

    title: str
    command: Sequence[str]
    total: int = 0


@dataclass
class JobState:
    """The progress of a job.

    Args:
        name: of the job.
        step, steps: the number of the present step, from 1, and of all.
        title: of the present step.
        done, total: how far the step is; `total` is 0 while it is not known.
        lines: the last lines that its programs printed.
        seconds: how long it has taken.
        is_running: whether it is running.
        failure: why it ended early, or an empty text.
    """

    name: str
    steps: int
    step: int = 0
    title: str = ""
    done: int = 0
    total: int = 0
    lines: deque[str] = field(default_factory=lambda: deque(maxlen=_MOST_LINES))
    seconds: float = 0.0
    is_running: bool = True
    failure: str = ""

    def as_json(self) -> dict[str, Any]:
        """Return what a page shows of it."""
        return {
            "name": self.name,
            "step": self.step,
            "steps": self.steps,
            "title": self.title,
            "done": self.done,
            "total": self.total,
            "line": self.lines[-1] if self.lines else "",
            "seconds": round(self.seconds),
            "running": self.is_running,
            "failure": self.failure,
        }


class Jobs:
    """Runs one job at a time. Belongs to one event loop."""

    def __init__(self) -> None:
        self.state: JobState | None = None
        self._task: asyncio.Task[None] | None = None
        self._process: asyncio.subprocess.Process | None = None
        self._is_stopping = False

    @property
    def is_running(self) -> bool:
        """Whether a job is running."""
        return self.state is not None and self.state.is_running

    def start(self, name: str, steps: Sequence[Step], at_end: Callable[[], None] | None = None) -> bool:
        """Start a job; False if one is running.

        Args:
            name: for people.
            steps: its programs, in order; it ends with the first that fails.
            at_end: called when it ends, however it does.
        """
        if self.is_running:
            return False
        self.state = JobState(name, len(steps))
        self._is_stopping = False
        self._task = asyncio.get_running_loop().create_task(self._run(self.state, steps, at_end))
        return True

    async def stop(self) -> None:
        """Stop the running job, and wait for its end."""
        self._is_stopping = True
        if self._task is None:
            return
        if self._process is not None:
            self._signal(signal.SIGTERM)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(asyncio.shield(self._task), _END_SECONDS)
            self._signal(signal.SIGKILL)
        await asyncio.wait({self._task})

    async def _run(self, state: JobState, steps: Sequence[Step], at_end: Callable[[], None] | None) -> None:
        began = time.monotonic()
        try:
            for number, step in enumerate(steps, start=1):
                state.step, state.title, state.done, state.total = number, step.title, 0, step.total
                status = await self._run_step(state, step, began)
                if self._is_stopping:
                    state.failure = "It was stopped."
                elif status not in (0, 1):  # 1: some files were left out, which the last lines name
                    state.failure = (
                        f"{step.title}: exit code {status}. {state.lines[-1] if state.lines else ''}"
                    )
                if state.failure:
                    break
        except OSError as error:
            state.failure = f"It cannot be started ({error.strerror})."
        finally:
            state.seconds = time.monotonic() - began
            state.is_running = False
            if at_end is not None:
                at_end()

    async def _run_step(self, state: JobState, step: Step, began: float) -> int:
        process = self._process = await asyncio.create_subprocess_exec(
            *step.command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
            limit=_MOST_LINE_BYTES,
        )
        assert process.stdout is not None
        try:
            while line := await _line_of(process.stdout):
                state.seconds = time.monotonic() - began
                _note(state, line)
            return await process.wait()
        finally:
            self._signal(signal.SIGKILL)
            self._process = None

    def _signal(self, number: signal.Signals) -> None:
        """Send a signal to the program and what it has started."""
        if self._process is not None and self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, number)


async def _line_of(stream: asyncio.StreamReader) -> bytes:
    """The next line; an empty one at the end. A longer one than the limit is skipped."""
    while True:
        try:
            return await stream.readline()
        except ValueError:
            continue


def _note(state: JobState, line: bytes) -> None:
    text = line.decode("utf-8", "replace").strip()
    if text.startswith("{"):
        with contextlib.suppress(ValueError, TypeError, KeyError):
            progress = json.loads(text)
            state.done, state.total = int(progress["done"]), int(progress["total"])
            return
    if text:
        state.lines.append(printable(text))
        if (found := _DONE.search(text)) is not None:
            state.done = int(found[1].replace(",", ""))
