"""The engine of a machine: this program's worker pool in a process of its own, for the tasks of one run.

The agent in the Dask worker starts it and passes messages through. The engine ends if the agent ends, or if
the coordinator does not renew its lease.
"""

from __future__ import annotations

import argparse
import logging
import os
import secrets
import signal
import sys
from dataclasses import replace
from pathlib import Path

from cluster.claims import Claims, claims_of, difference, other_packages
from cluster.enginetasks import EngineTasks, OrphanedError, Pipes
from cluster.messages import Begin, Over, Ready, Setup
from cluster.roots import Roots, unpack
from cluster.storage import LATE_S, storage_trouble
from pipeline.errors import MinerError, ModelError
from pipeline.files.parts import own_parts_as
from pipeline.host.cores import usable_cores
from pipeline.host.libraries import configure
from pipeline.host.logs import set_levels
from pipeline.host.memory import free_bytes
from pipeline.host.parentdeath import die_with_parent
from pipeline.host.tuning import collection_paused, limit_numpy_threads
from pipeline.text import one_line
from pipeline.workers.capacity import capacity, worker_bytes
from pipeline.workers.messages import LogLine
from pipeline.workers.pool import WorkerPool


class _Logs(logging.Handler):
    """Sends log records to the coordinator."""

    def __init__(self, pipes: Pipes) -> None:
        super().__init__()
        self.setFormatter(logging.Formatter("%(message)s"))
        self._pipes = pipes

    def emit(self, record: logging.LogRecord) -> None:
        """Send one record."""
        try:
            once = hasattr(record, "once_a_run")
            self._pipes.send(LogLine(record.levelno, record.name, self.format(record), once))
        except Exception:  # logging's own convention: a log line never stops the program
            self.handleError(record)


def main(arguments: list[str] | None = None) -> None:
    """Mine the tasks that come through standard input until the run ends, stops or is lost."""
    given = _parse(arguments)
    die_with_parent(given.parent)
    configure()
    limit_numpy_threads()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # it reaches all processes of a terminal; the agent decides
    pipes = Pipes(os.dup(0), os.fdopen(os.dup(1), "wb"))
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)  # what a library prints goes to the log of the Dask worker
    machine = ""
    try:
        begin = pipes.wait()
        assert isinstance(begin, Begin)
        machine = f"m{secrets.token_hex(4)}"
        _mine(pipes, begin, given, machine)
        over = Over(machine=machine)
    except OrphanedError:
        os._exit(0)
    except MinerError as error:
        over = Over(str(error), machine)
    except Exception as error:  # values that this code cannot read, or a plug-in that is missing here
        over = Over(
            f"its program cannot read what the run sends ({one_line(error)}); install the same version"
        )
    try:
        pipes.send(over)
    except OrphanedError:
        os._exit(0)


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("parent", type=int)
    parser.add_argument("cores", type=int)
    for name in ("input", "output", "pipeline"):
        parser.add_argument(f"--{name}-root", default="")
    return parser.parse_args(arguments)


def _mine(pipes: Pipes, begin: Begin, given: argparse.Namespace, machine: str) -> None:
    """Check this machine and mine tasks.

    Raises:
        MinerError: this machine cannot mine for the run, or cannot continue.
        OrphanedError: the run no longer wants this machine.
    """
    theirs = begin.roots
    roots = Roots(
        given.input_root or theirs.input,
        given.output_root or theirs.output,
        given.pipeline_root or theirs.pipeline,
    )
    setup: Setup = unpack(begin.packed, roots)
    logging.basicConfig(handlers=[_Logs(pipes)], force=True)
    set_levels(setup.settings.log_level)
    own_parts_as(machine, Path(roots.output))
    here = _claims(setup)
    trouble = difference(here, setup.claims)
    trouble = trouble or storage_trouble(roots.output, setup.marker, setup.sample, _say_late)
    if trouble:
        raise MinerError(trouble)
    cores = min(given.cores, usable_cores()) if given.cores else usable_cores()
    carried = capacity(setup.workers, cores, free_bytes(), worker_bytes(setup.settings.config))
    settings = replace(
        setup.settings,
        output_root=Path(roots.output),
        memory_bytes=carried.memory_bytes,
        machine=machine,
    )
    pool = WorkerPool(settings, carried.workers, setup.timeout_s)
    recorded = theirs.input if theirs.input != roots.input else None
    tasks = EngineTasks(pipes, roots, recorded, setup.marker, pool.stop)
    others = other_packages(here, setup.claims)
    pipes.send(Ready(machine, carried.workers, carried.sentence, others))
    for _ in pool.run(tasks):
        pass


def _claims(setup: Setup) -> Claims:
    """What decides the results on this machine.

    Raises: MinerError: a model is missing here.
    """
    try:
        return claims_of(setup.settings.config)
    except ModelError as error:
        advice = "put it there, or name the place of the pipeline file's folder with --pipeline-root"
        raise MinerError(str(error) if ";" in str(error) else f"{error}; {advice}") from None


def _say_late(trouble: str) -> None:
    sentence = "%s; this is tried for %.0f s, because network file systems may show new files late"
    logging.getLogger("cluster").warning(sentence, trouble, LATE_S)


if __name__ == "__main__":
    with collection_paused():
        pass
    main()
    sys.exit(0)
