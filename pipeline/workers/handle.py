"""The parent's side of one worker process: start it, send it a task, read its output, end it."""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import time
from enum import Enum, auto
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any, NamedTuple

from pipeline.files.outputs import output_path
from pipeline.files.parts import sweep_parts
from pipeline.host.processes import start_method
from pipeline.tasks import Task
from pipeline.workers.forking import request_fork
from pipeline.workers.messages import Ready, WorkerSettings
from pipeline.workers.process import run_worker
from pipeline.workers.reaping import AdoptedProcess

LOAD_TIMEOUT_S = 1800.0
"""Loading may include compiling a network, which takes minutes on a small machine."""
FORK_TIMEOUT_S = 60.0
"""The template forks in milliseconds; a template that takes longer than this hangs."""
LATE_READY_TIMEOUT_S = 5.0
"""How long to wait for the first message of a forked worker that is to be ended, to learn its number."""
OUTPUT_TAIL_BYTES = 4096
"""How much of the end of a worker's output is kept."""

_POLL_S = 0.005
_log = logging.getLogger(__name__)


class WorkerState(Enum):
    """What a worker is doing, as far as its messages tell."""

    FORKING = auto()
    """The template was asked for it; it has sent nothing yet, and its process is unknown."""
    STARTING = auto()
    """Its process was started; it has sent nothing yet."""
    LOADING = auto()
    """It loads the pipeline."""
    READY = auto()
    """It has loaded the pipeline and waits for a task."""
    BUSY = auto()
    """It was sent a task."""


class WorkerExit(NamedTuple):
    """How a worker process ended.

    Args:
        how: the rest of a sentence that begins with the worker.
        was_killed: whether it ended by SIGKILL.
    """

    how: str
    was_killed: bool


class WorkerHandle:
    """The parent's side of one worker process, which is started here.

    Args:
        settings: what the process is started with.
        template: fork the process from this worker, which has to be ready; None: start it and have it load
            the pipeline.
    Attributes:
        template: as given.
        pid: the process; None while the state is `FORKING`.
        state: what it is doing.
        task: what it does, or will be sent as soon as it is ready.
        deadline: on the monotonic clock; a worker that has not finished, or sent a heartbeat, by then hangs.
        connection: its messages, and tasks for it.
        output_pipe: what it prints.
    Raises: OSError: the system allows no more processes or descriptors.
    """

    def __init__(self, settings: WorkerSettings, template: WorkerHandle | None = None) -> None:
        self.template = template
        self.pid: int | None = None
        self.task: Task | None = None
        self._output_root = settings.output_root
        self._output_tail = b""
        self._process: BaseProcess | AdoptedProcess | None = None
        self.connection, worker_end = multiprocessing.Pipe()
        self.output_pipe, worker_output = multiprocessing.Pipe(duplex=False)
        with worker_end, worker_output:
            if template is not None:
                self.state = WorkerState.FORKING
                self.deadline = time.monotonic() + FORK_TIMEOUT_S
                request_fork(template.connection, worker_end, worker_output)
                return
            self._process = _start_process(worker_end, worker_output)
        self.state = WorkerState.STARTING
        self.deadline = time.monotonic() + LOAD_TIMEOUT_S
        self.pid = self._process.pid
        self._send(settings)

    @property
    def is_loaded(self) -> bool:
        """Whether it has loaded the pipeline."""
        return self.state in (WorkerState.READY, WorkerState.BUSY)

    def on_loading(self) -> None:
        """Its process has begun to load the pipeline."""
        self.state = WorkerState.LOADING

    def on_ready(self, pid: int) -> None:
        """Its process has loaded the pipeline.

        Args:
            pid: the process.
        """
        self.state, self.pid = WorkerState.READY, pid
        self._process = self._process or AdoptedProcess(pid)

    def send_task(self, timeout_s: float) -> None:
        """Send the process its task and set the deadline."""
        if self._send(self.task):
            self.state = WorkerState.BUSY
        self.deadline = time.monotonic() + timeout_s

    def take_task(self) -> Task | None:
        """The task, which it has no longer."""
        task, self.task = self.task, None
        if self.state is WorkerState.BUSY:
            self.state = WorkerState.READY
        return task

    def _send(self, message: WorkerSettings | Task | None) -> bool:
        try:
            self.connection.send(message)
        except ConnectionError:  # it has just died; the next read from the connection says so
            return False
        return True

    def read_output(self) -> None:
        """Read what it printed, so that it never blocks on the pipe, and keep the end to explain a crash."""
        printed = os.read(self.output_pipe.fileno(), 1 << 16)
        self._output_tail = (self._output_tail + printed)[-OUTPUT_TAIL_BYTES:]
        if not printed:
            self.output_pipe.close()

    def has_ended(self, within_s: float) -> bool:
        """Whether the process has ended, or ends within this time."""
        return self._process is not None and _wait_for_end(self._process, within_s)

    def end(self, grace_s: float = 0.0) -> WorkerExit:
        """Wait this long for the process to end, then kill it; remove the unfinished outputs of its task."""
        ending = WorkerExit("ended before it reported", was_killed=False)
        if process := self._process or self._late_process():
            _wait_for_end(process, grace_s)
            was_idle = process.exitcode is None and self.task is None
            process.kill()
            process.join()
            if self.task is not None:
                folder = output_path(self._output_root, self.task.source.relative, "").parent
                sweep_parts(folder, process.pid)
            if not self.output_pipe.closed and self.output_pipe.poll():
                self.read_output()
            if was_idle:  # it is no longer needed, and what it printed explains nothing
                self._output_tail = b""
            ending = _exit_of(process.exitcode or 0, self._output_tail.decode("utf-8", "replace").strip())
            process.close()
        self.connection.close()
        self.output_pipe.close()
        return ending

    def _late_process(self) -> AdoptedProcess | None:
        """The process of a forked worker that has not reported yet; None if its fork has failed."""
        try:
            message = self.connection.recv() if self.connection.poll(LATE_READY_TIMEOUT_S) else None
        except (EOFError, ConnectionError):
            return None
        return AdoptedProcess(message.pid) if isinstance(message, Ready) else None


def _wait_for_end(process: BaseProcess | AdoptedProcess, timeout_s: float) -> bool:
    """Wait for a process to end; whether it has.

    `BaseProcess.join` also waits for a pipe to close, and workers forked from the process hold an end of it.
    """
    until = time.monotonic() + timeout_s
    while process.exitcode is None and time.monotonic() < until:
        time.sleep(_POLL_S)
    return process.exitcode is not None


def _start_process(worker_end: Connection, output_pipe: Connection) -> BaseProcess:
    """Start a worker process with these ends of its pipes.

    SIGINT and SIGTERM are blocked meanwhile, so that they cannot end it before it ignores them.
    """
    context: Any = multiprocessing.get_context(start_method())
    process: BaseProcess = context.Process(
        target=run_worker, args=(worker_end, output_pipe, os.getpid()), daemon=True
    )
    before = signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGINT, signal.SIGTERM))
    try:
        process.start()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    return process


def _exit_of(code: int, output_tail: str) -> WorkerExit:
    """An exit code (negative: a signal's number) in words."""
    if code >= 0:
        last_line = f" ({output_tail.splitlines()[-1]})" if output_tail else ""
        return WorkerExit(f"ended with exit status {code}{last_line}", was_killed=False)
    if output_tail:
        _log.debug("the last output of a worker that was killed:\n%s", output_tail)
    if code == -signal.SIGKILL:
        return WorkerExit("was killed by SIGKILL, as happens when memory runs out", was_killed=True)
    known = {number.value: number.name for number in signal.Signals}
    return WorkerExit(f"was killed by {known.get(-code, f'signal {-code}')}", was_killed=False)
