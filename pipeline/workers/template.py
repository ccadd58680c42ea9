"""The template process that workers are forked from, if there is one.

If more than one worker is wanted, the first one that has loaded the pipeline becomes the template: it mines
nothing, and other workers are forked from it in milliseconds and share its models' memory. If that is not
safe, each worker loads the pipeline itself.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator, Sequence

from pipeline.catalog import load_class
from pipeline.workers.handle import WorkerHandle, WorkerState
from pipeline.workers.messages import WorkerSettings
from pipeline.workers.reaping import child_subreaper, reap_children

MAX_FAILED_FORKS = 3
"""After so many failures in a row, each worker loads the pipeline itself."""
_DYING_S = 0.5
"""How long a process may take from closing its pipes to its end."""

_WITHOUT = "each worker loads the pipeline itself now"
_log = logging.getLogger(__name__)


class WorkerTemplate:
    """Starts workers: forked from the template if there is one, else as processes that load the pipeline.

    Args:
        settings: what each worker is started with.
    Attributes:
        process: the template; None if there is none.
    """

    def __init__(self, settings: WorkerSettings) -> None:
        self.process: WorkerHandle | None = None
        self._settings = settings
        self._is_subreaper = self._is_wanted = False
        self._failed_forks = 0

    @contextlib.contextmanager
    def enabled(self) -> Iterator[None]:
        """Allow workers to be forked while the context is open, if all components and the system allow it."""
        with child_subreaper() as self._is_subreaper:
            components = self._settings.config.components
            forkable = all(load_class(component.target).forkable for component in components)
            self._is_wanted = self._is_subreaper and forkable
            try:
                yield
            finally:
                self.reap_unknown_children(())

    @property
    def is_missing(self) -> bool:
        """True if the next loaded, idle worker should become the template."""
        return self._is_wanted and self.process is None

    def new_worker(self) -> WorkerHandle:
        """Fork a worker, or start one that loads the pipeline.

        Raises: OSError: the system allows no more processes or descriptors.
        """
        return WorkerHandle(self._settings, self.process)

    def on_ready(self, worker: WorkerHandle, *, may_fork: bool) -> None:
        """A worker has loaded the pipeline; call this before its own `on_ready`.

        Args:
            may_fork: whether workers can be forked from it; ignored if it was forked itself.
        """
        if worker.state is WorkerState.FORKING:
            self._failed_forks = 0
        elif not may_fork:
            self.give_up()

    def on_exit(self, how: str) -> None:
        """The template has ended.

        Args:
            how: the rest of a sentence.
        """
        self.process = None
        self._count_failure()
        then = "another takes its place" if self._is_wanted else _WITHOUT
        _log.warning("the template of the workers %s; %s", how, then)

    def on_fork_failed(self, worker: WorkerHandle) -> None:
        """A worker has ended before it reported.

        If its template has ended too, that is the one failure to count, whatever it still had to fork.
        """
        if worker.template is None or worker.template is not self.process:
            return
        if not self.process.has_ended(_DYING_S):
            _log.warning("a worker ended while it was forked")
            self._count_failure()
            if not self._is_wanted:
                self.end()

    def on_fork_timeout(self, worker: WorkerHandle) -> None:
        """A worker has not reported in time: the template hangs."""
        if worker.template is self.process:
            _log.warning("the template of the workers hangs; %s", _WITHOUT)
            self.give_up()

    def _count_failure(self) -> None:
        self._failed_forks += 1
        self._is_wanted = self._is_wanted and self._failed_forks < MAX_FAILED_FORKS

    def give_up(self) -> None:
        """Have each worker load the pipeline itself from now on."""
        self._is_wanted = False
        self.end()

    def end(self) -> None:
        """End the template, if there is one; workers forked from it go on."""
        if self.process is not None:
            self.process.end()
            self.process = None

    def with_template(self, workers: Sequence[WorkerHandle]) -> list[WorkerHandle]:
        """The workers, and the template if there is one."""
        return [*workers, *filter(None, [self.process])]

    def reap_unknown_children(self, workers: Sequence[WorkerHandle]) -> None:
        """Reap children that are no workers, such as an adopted ffmpeg of a killed worker.

        Args:
            workers: all there are.
        """
        pids = {worker.pid for worker in self.with_template(workers)}
        if self._is_subreaper and None not in pids:  # else a child may be a worker that has not reported
            reap_children(pids)
