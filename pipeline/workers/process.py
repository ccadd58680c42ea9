"""The inside of one worker process: a pipeline of its own, one source in hand at a time.

The first that has loaded the pipeline may be told to be the template that the others are forked off.
"""

from __future__ import annotations

import contextlib
import faulthandler
import gc
import logging
import os
import signal
import threading
import time
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path

from pipeline.config.values import PipelineConfig
from pipeline.errors import ExitCode, MinerError
from pipeline.host.libraries import configure, configure_imaging
from pipeline.host.logs import set_levels
from pipeline.host.processes import (
    bound_memory,
    die_with_parent,
    raise_oom_score,
    set_niceness,
    start_method,
)
from pipeline.host.tuning import keep_freed_memory, limit_numpy_threads
from pipeline.pipeline import Pipeline
from pipeline.source import Limits
from pipeline.tasks import Result, Task, run_task
from pipeline.workers.forking import Fork, NotForked, fork_worker

HEARTBEAT_S = 2.0
"""How often a worker with a segment in hand says that frames come."""


@dataclass(frozen=True, slots=True)
class WorkerSettings:
    """What every worker of a run is told: the same pipeline, the same place, the same limits.

    Args:
        config: the pipeline.
        output_root: the folder that outputs go to.
        limits: what a source may cost.
        log_level: the least that the parent wants to hear.
        nice: how far to give way to other programs, see nice(2).
        memory_bytes: what a worker may allocate to mine with; None for no bound.
        run_pid: the process that gives out the work and answers for parts of outputs.
    """

    config: PipelineConfig
    output_root: Path
    limits: Limits
    log_level: int = logging.INFO
    nice: int = 0
    memory_bytes: int | None = None
    run_pid: int = field(default_factory=os.getpid)


@dataclass(frozen=True, slots=True)
class Loading:
    """The process is up; what it does next is the pipeline's own doing."""


@dataclass(frozen=True, slots=True)
class Ready:
    """The pipeline is loaded.

    Args:
        pid: of the process that says so.
        may_fork: whether it is safe to fork others off it: a model's threads would be missing there, and an
            accelerator does not know them.
    """

    pid: int
    may_fork: bool = False


@dataclass(frozen=True, slots=True)
class Fatal:
    """No source can be mined; the run ends with this sentence and exit code."""

    sentence: str
    exit_code: ExitCode


@dataclass(frozen=True, slots=True)
class LogLine:
    """Something for the log; see `notices.ONCE_A_RUN` for `once`."""

    level: int
    logger: str
    text: str
    once: bool = False


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """A frame more of the segment in hand is done."""


Message = Loading | Ready | NotForked | Fatal | LogLine | Heartbeat | Result


def run_worker(connection: Connection, output_pipe: Connection, parent_pid: int) -> None:
    """Mine what comes over the connection, until the parent ends this process.

    Args:
        connection: `WorkerSettings` comes in, then Tasks, or nothing but Forks; Messages go out.
        output_pipe: takes standard output, standard error and a crash's traceback.
        parent_pid: the worker dies with it.
    """
    die_with_parent(parent_pid)
    raise_oom_score()
    keep_freed_memory()
    configure()
    limit_numpy_threads()
    # Both may go to a whole group of processes; the parent alone decides what they mean.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, (signal.SIGINT, signal.SIGTERM))
    _print_to(output_pipe)
    with contextlib.suppress(EOFError, ConnectionError):  # the parent is gone: nothing left to do
        _work(connection, parent_pid)
    os._exit(0)  # everything is written; a library's own farewell could only hang


def _work(connection: Connection, parent_pid: int) -> None:
    settings: WorkerSettings = connection.recv()
    set_niceness(settings.nice)
    set_levels(settings.log_level)
    gc.freeze()  # what a forked child shares with its parent stays shared: no collection goes through it
    sender = _sender_to(connection)
    sender.send(Loading())
    try:
        with contextlib.suppress(Exception):  # a missing library fails each photo, with its name
            configure_imaging()
            import pipeline.photos.photo  # noqa: F401 - once here, so that forked workers share it
        loaded = Pipeline(settings.config, settings.output_root, settings.limits)
        loaded.load()  # may compile a network, in a process that takes what it needs
        gc.freeze()
        sender.send(Ready(os.getpid(), loaded.forkable and start_method() == "fork"))
        connection, sender, task = _wait_for_task(connection, sender, parent_pid)
        if settings.memory_bytes is not None:
            bound_memory(settings.memory_bytes)
        while True:
            sender.send(run_task(loaded, task, settings.run_pid, _Heartbeats(sender)))
            task = connection.recv()
    except MinerError as error:
        sender.send(Fatal(str(error), error.exit_code))
        connection.recv()  # for ever: the parent reads the sentence and ends us


def _wait_for_task(
    connection: Connection, sender: _Sender, parent_pid: int
) -> tuple[Connection, _Sender, Task]:
    """The first task, and what is then talked over with the parent: each process forked off has its own."""
    while isinstance(message := connection.recv(), Fork):
        if (own := fork_worker(connection, parent_pid)) is not None:
            connection.close()
            connection, output_pipe = own
            _print_to(output_pipe)
            sender = _sender_to(connection)
            sender.send(Ready(os.getpid()))
    return connection, sender, message


def _print_to(output_pipe: Connection) -> None:
    """Let what this process prints, its crash's traceback too, go there."""
    os.dup2(output_pipe.fileno(), 1)
    os.dup2(output_pipe.fileno(), 2)
    output_pipe.close()
    faulthandler.enable(2)


def _sender_to(connection: Connection) -> _Sender:
    """What messages and log lines go out with."""
    sender = _Sender(connection)
    logging.basicConfig(handlers=[_SendingHandler(sender)], force=True)
    return sender


class _Sender:
    """Sends messages whole, one after the other, also when a component's own threads write to the log."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._lock = threading.Lock()

    def send(self, message: Message) -> None:
        """Send one message; blocks while the parent has no ear for it."""
        with self._lock:
            self._connection.send(message)


class _Heartbeats:
    """Called after each frame, tells the parent now and then that work goes on."""

    def __init__(self, sender: _Sender) -> None:
        self._sender = sender
        self._next = time.monotonic() + HEARTBEAT_S

    def __call__(self) -> None:
        if time.monotonic() >= self._next:
            self._sender.send(Heartbeat())
            self._next = time.monotonic() + HEARTBEAT_S


class _SendingHandler(logging.Handler):
    """Sends log records to the parent, which knows where they belong."""

    def __init__(self, sender: _Sender) -> None:
        super().__init__()
        self.setFormatter(logging.Formatter("%(message)s"))  # or basicConfig would choose one
        self._sender = sender

    def emit(self, record: logging.LogRecord) -> None:
        """Send one record, its traceback below it."""
        try:
            once = hasattr(record, "once_a_run")
            self._sender.send(LogLine(record.levelno, record.name, self.format(record), once))
        except Exception:  # logging's own convention: a log line never stops the program
            self.handleError(record)
