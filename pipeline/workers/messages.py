"""What the parent and its worker processes send each other; all values are small and picklable."""

from __future__ import annotations

import logging
import os
from dataclasses import dataclass, field
from pathlib import Path

from pipeline.config.values import PipelineConfig
from pipeline.errors import ExitCode
from pipeline.source import Limits
from pipeline.tasks import Result


@dataclass(frozen=True, slots=True)
class WorkerSettings:
    """What all workers of a run are started with: the pipeline, the output folder, the limits.

    Args:
        config: the pipeline.
        output_root: the folder that outputs go to.
        limits: on what one source may cost.
        log_level: workers send log records of this level and above.
        nice: the workers' niceness, 0 to 19, see nice(2).
        memory_bytes: how much a worker may allocate while it mines; None for no limit.
        run_pid: the process that hands out the tasks and owns unfinished parts of outputs.
        machine: which machine of a cluster this is, for `own_parts_as`; empty if the run has only one.
    """

    config: PipelineConfig
    output_root: Path
    limits: Limits
    log_level: int = logging.INFO
    nice: int = 0
    memory_bytes: int | None = None
    run_pid: int = field(default_factory=os.getpid)
    machine: str = ""


@dataclass(frozen=True, slots=True)
class Fork:
    """To the template: fork a worker; the worker's ends of its pipes follow."""


@dataclass(frozen=True, slots=True)
class NotForked:
    """In place of a new worker's first message: the system allows no more processes.

    Args:
        reason: the system's message.
    """

    reason: str


@dataclass(frozen=True, slots=True)
class Loading:
    """The process has started and now loads the pipeline."""


@dataclass(frozen=True, slots=True)
class Ready:
    """The pipeline is loaded.

    Args:
        pid: of the sender.
        may_fork: whether workers can be forked from it safely: a model's threads would be missing in them,
            and an accelerator would not know them.
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
    """A log record.

    Args:
        level: as in `logging`.
        logger: the logger's name.
        text: the message, and the traceback below it if there is one.
        once: whether it is logged only once a run, see `pipeline.host.logs.ONCE_A_RUN`.
    """

    level: int
    logger: str
    text: str
    once: bool = False


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """The segment is being mined: at least one more frame is done.

    Args:
        frames: how many were read of it so far.
    """

    frames: int


Message = Loading | Ready | NotForked | Fatal | LogLine | Heartbeat | Result
"""What a worker sends to the parent."""
