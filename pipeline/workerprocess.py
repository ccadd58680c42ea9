"""The inside of one worker process: a pipeline of its own, one source in hand at a time."""

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

from pipeline.config import PipelineConfig
from pipeline.errands import Result, run_errand
from pipeline.errors import ExitCode, MinerError
from pipeline.logs import set_levels
from pipeline.pipeline import Pipeline
from pipeline.processes import (
    be_killed_first,
    bound_memory,
    die_with_parent,
    give_way,
    keep_numpy_to_one_thread,
)
from pipeline.source import Limits

LIFE_SIGN_S = 2.0
"""How often a worker with a segment in hand says that frames come."""


@dataclass(frozen=True, slots=True)
class Assignment:
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
    """The pipeline is loaded."""


@dataclass(frozen=True, slots=True)
class Fatal:
    """No source can be mined; the run ends with this sentence and exit code."""

    sentence: str
    exit_code: ExitCode


@dataclass(frozen=True, slots=True)
class LogLine:
    """Something for the log."""

    level: int
    logger: str
    text: str


@dataclass(frozen=True, slots=True)
class LifeSign:
    """A frame more of the segment in hand is done."""


Message = Loading | Ready | Fatal | LogLine | LifeSign | Result


def run_worker(connection: Connection, noise: Connection, parent_pid: int) -> None:
    """Mine what comes over the connection, until the parent ends this process.

    Args:
        connection: an `Assignment` comes in, then Errands; Messages go out.
        noise: takes standard output, standard error and a crash's traceback.
        parent_pid: the worker dies with it.
    """
    die_with_parent(parent_pid)
    be_killed_first()
    gc.freeze()  # what a forked child shares with its parent stays shared: no collection goes through it
    keep_numpy_to_one_thread()
    # Both may go to a whole group of processes; the parent alone decides what they mean.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, (signal.SIGINT, signal.SIGTERM))
    os.dup2(noise.fileno(), 1)
    os.dup2(noise.fileno(), 2)
    noise.close()
    faulthandler.enable(2)
    with contextlib.suppress(EOFError, ConnectionError):  # the parent is gone: nothing left to do
        _serve(connection, connection.recv())
    os._exit(0)  # everything is written; a library's own farewell could only hang


def _serve(connection: Connection, assignment: Assignment) -> None:
    sender = _Sender(connection)
    give_way(assignment.nice)
    set_levels(assignment.log_level)
    logging.basicConfig(handlers=[_SendingHandler(sender)], force=True)
    sender.send(Loading())
    try:
        pipeline = Pipeline(assignment.config, assignment.output_root, assignment.limits)
        pipeline.load()  # may compile a network, in a process that takes what it needs
        if assignment.memory_bytes is not None:
            bound_memory(assignment.memory_bytes)
        sender.send(Ready())
        while True:
            errand = connection.recv()
            sender.send(run_errand(pipeline, errand, assignment.run_pid, _LifeSigns(sender)))
    except MinerError as error:
        sender.send(Fatal(str(error), error.exit_code))
        connection.recv()  # for ever: the parent reads the sentence and ends us


class _Sender:
    """Sends messages whole, one after the other, also when a component's own threads write to the log."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._lock = threading.Lock()

    def send(self, message: Message) -> None:
        """Send one message; blocks while the parent has no ear for it."""
        with self._lock:
            self._connection.send(message)


class _LifeSigns:
    """Called after each frame, tells the parent now and then that work goes on."""

    def __init__(self, sender: _Sender) -> None:
        self._sender = sender
        self._next = time.monotonic() + LIFE_SIGN_S

    def __call__(self) -> None:
        if time.monotonic() >= self._next:
            self._sender.send(LifeSign())
            self._next = time.monotonic() + LIFE_SIGN_S


class _SendingHandler(logging.Handler):
    """Sends log records to the parent, which knows where they belong."""

    def __init__(self, sender: _Sender) -> None:
        super().__init__()
        self.setFormatter(logging.Formatter("%(message)s"))  # or basicConfig would choose one
        self._sender = sender

    def emit(self, record: logging.LogRecord) -> None:
        """Send one record, its traceback below it."""
        try:
            self._sender.send(LogLine(record.levelno, record.name, self.format(record)))
        except Exception:  # logging's own convention: a log line never stops the program
            self.handleError(record)
