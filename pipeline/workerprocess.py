"""The inside of one worker process: a pipeline of its own, one source in hand at a time."""

from __future__ import annotations

import contextlib
import faulthandler
import logging
import os
import signal
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

from pipeline.config import PipelineConfig
from pipeline.errors import ExitCode, FailureCode, MinerError, SourceError
from pipeline.outcome import Outcome, Status
from pipeline.pipeline import Pipeline
from pipeline.processes import die_with_parent
from pipeline.source import Limits, Source

MAX_NOISE_BYTES = 1 << 20
"""What libraries print is kept to explain a crash, and thrown away beyond this."""


@dataclass(frozen=True, slots=True)
class Assignment:
    """What every worker of a run is told: the same pipeline, the same place, the same limits."""

    config: PipelineConfig
    output_root: Path
    limits: Limits
    log_level: int = logging.WARNING


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


Message = Ready | Fatal | LogLine | Outcome


def run_worker(connection: Connection, parent_pid: int, noise_fd: int, assignment: Assignment) -> None:
    """Mine what comes over the connection until None comes, or nobody is there any more.

    Args:
        connection: Sources come in, Messages go out.
        parent_pid: the worker dies with it.
        noise_fd: an open file that takes standard output, standard error and a crash's traceback.
        assignment: as for all workers of the run.
    """
    die_with_parent(parent_pid)
    # Ctrl-C goes to the whole group of processes; the parent alone decides what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, (signal.SIGINT, signal.SIGTERM))
    os.dup2(noise_fd, 1)
    os.dup2(noise_fd, 2)
    faulthandler.enable(2)
    logging.basicConfig(level=assignment.log_level, handlers=[_ConnectionHandler(connection)], force=True)
    with contextlib.suppress(EOFError, BrokenPipeError):  # the parent is gone: nothing left to do
        _serve(connection, noise_fd, assignment)
    os._exit(0)  # everything is written; a library's own farewell could only hang


def _serve(connection: Connection, noise_fd: int, assignment: Assignment) -> None:
    try:
        pipeline = Pipeline(assignment.config, assignment.output_root, assignment.limits)
        pipeline.load()
    except MinerError as error:
        connection.send(Fatal(str(error), error.exit_code))
        return
    connection.send(Ready())
    while (source := connection.recv()) is not None:
        try:
            connection.send(mine_one(pipeline, source))
        except MinerError as error:
            connection.send(Fatal(str(error), error.exit_code))
            return
        if os.fstat(noise_fd).st_size > MAX_NOISE_BYTES:
            os.ftruncate(noise_fd, 0)
            os.lseek(noise_fd, 0, os.SEEK_SET)


def mine_one(pipeline: Pipeline, source: Source) -> Outcome:
    """One source's outcome; a source that cannot be mined is an outcome too.

    Raises: MinerError: the run cannot go on.
    """
    try:
        frames = pipeline.mine(source)
    except SourceError as error:
        status = Status.IGNORED if error.code is FailureCode.VANISHED else Status.FAILED
        return Outcome(source.path, status, error.code, error.sentence)
    return Outcome(source.path, Status.MINED, frames=frames)


class _ConnectionHandler(logging.Handler):
    """Sends log records to the parent, which knows where they belong."""

    def __init__(self, connection: Connection) -> None:
        super().__init__()
        self._connection = connection
        self.setFormatter(logging.Formatter("%(message)s"))

    def emit(self, record: logging.LogRecord) -> None:
        """Send one record; a parent that is gone reads none."""
        with contextlib.suppress(OSError):
            self._connection.send(LogLine(record.levelno, record.name, self.format(record)))
