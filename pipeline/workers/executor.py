"""What a run needs of whoever mines its sources, and the one who does it without other processes."""

from __future__ import annotations

import contextlib
from collections.abc import Generator, Iterable
from typing import Protocol

from pipeline.host.processes import give_way
from pipeline.outcome import Outcome
from pipeline.pipeline import Pipeline
from pipeline.source import Source
from pipeline.tasks import run_errand
from pipeline.workers.process import Assignment
from pipeline.workers.queue import Agenda


class Workforce(Protocol):
    """Whatever mines sources: worker processes, or this process itself."""

    def mine(self, sources: Iterable[Source]) -> Generator[Outcome, None, None]:
        """Mine all sources; outcomes come in any order, one a source. Closed early, it drops the rest.

        Raises: MinerError: the run cannot go on.
        """

    def stop(self) -> None:
        """Hand out nothing more; called twice, drop what is in hand as well. Safe in a signal handler."""


class SerialWorkers:
    """The twin without processes, for `--workers 0` and a debugger: no deadline, a crash is a crash."""

    def __init__(self, assignment: Assignment) -> None:
        self._assignment = assignment
        self._stopping = False

    def mine(self, sources: Iterable[Source]) -> Generator[Outcome, None, None]:
        """As `Workforce.mine`, in order."""
        assignment, pipeline = self._assignment, None
        with contextlib.closing(Agenda(sources)) as agenda:
            while not self._stopping and (errand := agenda.next()) is not None:
                if pipeline is None:
                    give_way(assignment.nice)
                    pipeline = Pipeline(assignment.config, assignment.output_root, assignment.limits)
                    pipeline.load()
                result = run_errand(pipeline, errand, assignment.run_pid, self._on_frame)
                if (outcome := agenda.note(errand, result)) is not None:
                    yield outcome

    def stop(self) -> None:
        """As `Workforce.stop`.

        Raises: KeyboardInterrupt: called twice, to get out of whatever is running; its files are dropped.
        """
        if self._stopping:
            raise KeyboardInterrupt
        self._stopping = True

    def _on_frame(self) -> None:
        """A video that is not done to the end is done anew in the next run: there is no use in going on."""
        if self._stopping:
            raise KeyboardInterrupt
