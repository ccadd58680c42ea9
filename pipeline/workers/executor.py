"""What a run needs of whoever mines its sources, and the one who does it without other processes."""

from __future__ import annotations

import contextlib
from collections.abc import Generator, Iterable
from typing import Protocol

from pipeline.host.libraries import configure_imaging
from pipeline.host.processes import set_niceness
from pipeline.outcome import Outcome
from pipeline.pipeline import Pipeline
from pipeline.source import Source
from pipeline.tasks import run_task
from pipeline.workers.process import WorkerSettings
from pipeline.workers.queue import TaskQueue


class Executor(Protocol):
    """Whatever mines sources: worker processes, or this process itself."""

    def mine(self, sources: Iterable[Source]) -> Generator[Outcome, None, None]:
        """Mine all sources; outcomes come in any order, one a source. Closed early, it drops the rest.

        Raises: MinerError: the run cannot go on.
        """

    def stop(self) -> None:
        """Hand out nothing more; called twice, drop what is in hand as well. Safe in a signal handler."""


class SerialExecutor:
    """The twin without processes, for `--workers 0` and a debugger: no deadline, a crash is a crash."""

    def __init__(self, settings: WorkerSettings) -> None:
        self._settings = settings
        self._stopping = False

    def mine(self, sources: Iterable[Source]) -> Generator[Outcome, None, None]:
        """As `Executor.mine`, in order."""
        settings, pipeline = self._settings, None
        with contextlib.closing(TaskQueue(sources)) as queue:
            while not self._stopping and (task := queue.next()) is not None:
                if pipeline is None:
                    set_niceness(settings.nice)
                    configure_imaging()
                    pipeline = Pipeline(settings.config, settings.output_root, settings.limits)
                    pipeline.load()
                result = run_task(pipeline, task, settings.run_pid, self._on_frame)
                if (outcome := queue.note(task, result)) is not None:
                    yield outcome

    def stop(self) -> None:
        """As `Executor.stop`.

        Raises: KeyboardInterrupt: called twice, to get out of whatever is running; its files are dropped.
        """
        if self._stopping:
            raise KeyboardInterrupt
        self._stopping = True

    def _on_frame(self) -> None:
        """A video that is not done to the end is done anew in the next run: there is no use in going on."""
        if self._stopping:
            raise KeyboardInterrupt
