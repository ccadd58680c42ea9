"""Where worker processes come from: forked off one that has the pipeline loaded, or begun anew.

The mould is the first process that has loaded the pipeline, where more than one is wanted: it mines nothing,
and workers are forked off it in milliseconds, its models' memory shared. Where that is not safe, each worker
loads the pipeline itself.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence

from pipeline.config.config import load_class
from pipeline.workers.handle import Worker
from pipeline.workers.process import Assignment
from pipeline.workers.reaping import adopting_orphans, bury_orphans

BARREN_BEFORE_GIVING_UP = 3


class Mould:
    """Makes workers, with the process to fork them off, if there is one.

    Args:
        assignment: what each worker is told.
    Attributes:
        process: that one; None: there is none.
    """

    def __init__(self, assignment: Assignment) -> None:
        self.process: Worker | None = None
        self._assignment = assignment
        self._adopts = self._is_wanted = False
        self._barren = 0

    @contextlib.contextmanager
    def adopting(self) -> Iterator[None]:
        """As long as this is open, workers may be forked, if components and the system allow it."""
        with adopting_orphans() as self._adopts:
            components = self._assignment.config.components
            forkable = all(load_class(component.target).forkable for component in components)
            self._is_wanted = self._adopts and forkable
            try:
                yield
            finally:
                self.bury_strangers(())

    @property
    def is_missing(self) -> bool:
        """Whether a worker that has loaded the pipeline, and mined nothing, had better become the process."""
        return self._is_wanted and self.process is None

    def new_worker(self) -> Worker:
        """A worker that is about to be forked off, or has begun to load.

        Raises: OSError: no process, or no pipe, is to be had.
        """
        return Worker(self._assignment, self.process)

    def note_birth(self) -> None:
        """A worker that was forked off the process has spoken."""
        self._barren = 0

    def note_death(self) -> None:
        """The process is gone; after so many in a row that bore no worker there is to be no other."""
        self.process = None
        self._barren += 1
        self._is_wanted = self._is_wanted and self._barren < BARREN_BEFORE_GIVING_UP

    def give_up(self) -> None:
        """From now on, each worker loads the pipeline itself."""
        self._is_wanted = False
        self.break_up()

    def break_up(self) -> None:
        """End the process, if there is one; who was forked off it goes on."""
        if self.process is not None:
            self.process.end()
            self.process = None

    def beside(self, workers: Sequence[Worker]) -> list[Worker]:
        """The workers, and the process if there is one."""
        return [*workers, *filter(None, [self.process])]

    def bury_strangers(self, workers: Sequence[Worker]) -> None:
        """See off whatever else has become a child of ours and ended, such as an ffmpeg of a killed worker.

        Args:
            workers: all that there are.
        """
        pids = {worker.pid for worker in self.beside(workers)}
        if self._adopts and None not in pids:  # else it might be that worker
            bury_orphans(pids)
