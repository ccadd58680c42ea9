"""Where worker processes come from: forked off one that has the pipeline loaded, or begun anew.

If more than one worker is wanted, the first one that has loaded the pipeline becomes the template: it mines
nothing, and the others are forked from it in milliseconds and share its models' memory. If that is not safe,
each worker loads the pipeline itself.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence

from pipeline.catalog import load_class
from pipeline.workers.handle import WorkerHandle
from pipeline.workers.process import WorkerSettings
from pipeline.workers.reaping import child_subreaper, reap_children

MAX_FAILED_FORKS = 3


class WorkerTemplate:
    """Makes workers, with the process to fork them off, if there is one.

    Args:
        settings: what each worker is told.
    Attributes:
        process: that one; None: there is none.
    """

    def __init__(self, settings: WorkerSettings) -> None:
        self.process: WorkerHandle | None = None
        self._settings = settings
        self._adopts = self._is_wanted = False
        self._failed_forks = 0

    @contextlib.contextmanager
    def adopting(self) -> Iterator[None]:
        """As long as this is open, workers may be forked, if components and the system allow it."""
        with child_subreaper() as self._adopts:
            components = self._settings.config.components
            forkable = all(load_class(component.target).forkable for component in components)
            self._is_wanted = self._adopts and forkable
            try:
                yield
            finally:
                self.reap_unknown_children(())

    @property
    def is_missing(self) -> bool:
        """Whether a worker that has loaded the pipeline, and mined nothing, had better become the process."""
        return self._is_wanted and self.process is None

    def new_worker(self) -> WorkerHandle:
        """A worker that is about to be forked off, or has begun to load.

        Raises: OSError: no process, or no pipe, is to be had.
        """
        return WorkerHandle(self._settings, self.process)

    def on_forked(self) -> None:
        """A worker that was forked off the process has spoken."""
        self._failed_forks = 0

    def on_template_exit(self) -> None:
        """The process is gone; after so many in a row that bore no worker there is to be no other."""
        self.process = None
        self._failed_forks += 1
        self._is_wanted = self._is_wanted and self._failed_forks < MAX_FAILED_FORKS

    def give_up(self) -> None:
        """From now on, each worker loads the pipeline itself."""
        self._is_wanted = False
        self.break_up()

    def break_up(self) -> None:
        """End the process, if there is one; who was forked off it goes on."""
        if self.process is not None:
            self.process.end()
            self.process = None

    def beside(self, workers: Sequence[WorkerHandle]) -> list[WorkerHandle]:
        """The workers, and the process if there is one."""
        return [*workers, *filter(None, [self.process])]

    def reap_unknown_children(self, workers: Sequence[WorkerHandle]) -> None:
        """See off whatever else has become a child of ours and ended, such as an ffmpeg of a killed worker.

        Args:
            workers: all that there are.
        """
        pids = {worker.pid for worker in self.beside(workers)}
        if self._adopts and None not in pids:  # else it might be that worker
            reap_children(pids)
