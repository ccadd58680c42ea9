"""The parent's side of one worker process: start it, send it tasks, hear its last words, see its end."""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import time
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any

from pipeline.files.outputs import output_path, sweep_parts
from pipeline.host.processes import start_method
from pipeline.tasks import Task
from pipeline.workers.forking import ask_for_fork
from pipeline.workers.process import Ready, WorkerSettings, run_worker
from pipeline.workers.reaping import AdoptedProcess

LOAD_TIMEOUT_S = 1800.0
"""Loading may include compiling a network, which is minutes on a small machine."""
FORK_TIMEOUT_S = 60.0
"""What a template is asked for is there in milliseconds; one that takes longer than this hangs."""
LATE_FORK_TIMEOUT_S = 5.0
"""So long may a worker that is no longer wanted take to say who it is, once its template has ended."""
STDERR_TAIL_BYTES = 4096
"""How much of a worker's last words is kept."""

_POLL_S = 0.005
_log = logging.getLogger(__name__)


class WorkerHandle:
    """The parent's side of one worker process, which begins to load at once, or has loaded by its birth.

    Args:
        settings: what it is told.
        template: a worker that is ready, to fork this one off; None: a process of its own.
    Attributes:
        pid: its process; None for one that was asked of a template and has not spoken yet.
        task: what it has in hand, or will have as soon as it is ready.
        handed: whether it was sent that.
        loading, ready: what it has said of itself.
        was_killed: whether it ended by SIGKILL; known after `end`.
        deadline: on the monotonic clock; who has not spoken by then hangs.
        connection, output_pipe: where its messages, and whatever it printed, come in.
    Raises: OSError: no process, or no pipe, is to be had.
    """

    def __init__(self, settings: WorkerSettings, template: WorkerHandle | None = None) -> None:
        self.pid: int | None = None
        self.task: Task | None = None
        self.loading = self.ready = self.handed = self.was_killed = False
        self.deadline = time.monotonic() + (LOAD_TIMEOUT_S if template is None else FORK_TIMEOUT_S)
        self._output_root = settings.output_root
        self._stderr_tail = b""
        self._process: BaseProcess | AdoptedProcess | None = None
        self.connection, theirs = multiprocessing.Pipe()
        self.output_pipe, their_output = multiprocessing.Pipe(duplex=False)
        with theirs, their_output:
            if template is not None:
                ask_for_fork(template.connection, theirs, their_output)
                return
            self._process = _started(theirs, their_output)
        self.pid = self._process.pid
        self._send(settings)

    def note_ready(self, pid: int) -> None:
        """It has said that it is ready, and who it is."""
        self.ready, self.pid = True, pid
        self._process = self._process or AdoptedProcess(pid)

    def _send(self, message: WorkerSettings | Task | None) -> bool:
        try:
            self.connection.send(message)
        except ConnectionError:  # it just died: reading from it says so
            return False
        return True

    def hand(self, timeout_s: float) -> None:
        """Send the task in hand; its deadline begins."""
        self.handed = self._send(self.task)
        self.deadline = time.monotonic() + timeout_s

    def read_output(self) -> None:
        """Take what it printed out of its way, and keep the last of it to explain a crash."""
        printed = os.read(self.output_pipe.fileno(), 1 << 16)
        self._stderr_tail = (self._stderr_tail + printed)[-STDERR_TAIL_BYTES:]
        if not printed:
            self.output_pipe.close()

    def end(self, patience_s: float = 0.0) -> str:
        """See the process end, kill it if it does not, and clean up behind it; how it ended, in words."""
        how = "was lost before it spoke"
        if process := self._process or self._late_fork():
            _await_end(process, patience_s)
            process.kill()
            process.join()
            if self.task is not None:
                folder = output_path(self._output_root, self.task.source.relative, "").parent
                sweep_parts(folder, process.pid)
            if not self.output_pipe.closed and self.output_pipe.poll():
                self.read_output()
            self.was_killed = process.exitcode == -signal.SIGKILL
            how = _how_it_ended(process.exitcode or 0, self._stderr_tail.decode("utf-8", "replace").strip())
            process.close()
        self.connection.close()
        self.output_pipe.close()
        return how

    def _late_fork(self) -> AdoptedProcess | None:
        """Who was asked of a template and has said nothing yet, if it does now; the template has ended."""
        try:
            message = self.connection.recv() if self.connection.poll(LATE_FORK_TIMEOUT_S) else None
        except (EOFError, ConnectionError):
            return None
        return AdoptedProcess(message.pid) if isinstance(message, Ready) else None


def _await_end(process: BaseProcess | AdoptedProcess, patience_s: float) -> None:
    """See a process end within so many seconds, or not.

    `BaseProcess.join` also waits for a pipe to close, and workers forked from a template hold an end of it.
    """
    until = time.monotonic() + patience_s
    while process.exitcode is None and time.monotonic() < until:
        time.sleep(_POLL_S)


def _started(theirs: Connection, output_pipe: Connection) -> BaseProcess:
    """A process with these ends of its pipes.

    Our signals are blocked meanwhile, so that a Ctrl-C cannot hit it before it is ready for that.
    """
    context: Any = multiprocessing.get_context(start_method())
    process: BaseProcess = context.Process(
        target=run_worker, args=(theirs, output_pipe, os.getpid()), daemon=True
    )
    before = signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGINT, signal.SIGTERM))
    try:
        process.start()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    return process


def _how_it_ended(code: int, stderr_tail: str) -> str:
    """A process's exit code (negative: a signal's number) as the rest of a sentence."""
    if code >= 0:
        return f"ended with exit status {code}" + (
            f" ({stderr_tail.splitlines()[-1]})" if stderr_tail else ""
        )
    if stderr_tail:
        _log.debug("what a worker that was ended had printed last:\n%s", stderr_tail)
    if code == -signal.SIGKILL:
        return "was killed by SIGKILL, as happens when memory runs out"
    known = {number.value: number.name for number in signal.Signals}
    return f"was killed by {known.get(-code, f'signal {-code}')}"
