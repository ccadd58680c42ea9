"""The worker processes of a run: start them up to a number, wait for their messages, end them."""

from __future__ import annotations

import contextlib
import logging
import multiprocessing.connection
import time
import warnings
from collections.abc import Iterator

from pipeline.errors import MinerError
from pipeline.workers.handle import WorkerHandle
from pipeline.workers.messages import WorkerSettings
from pipeline.workers.template import WorkerTemplate

_log = logging.getLogger(__name__)

# multiprocessing's helper process holds nothing of ours; its death must not reach cron's mail.
warnings.filterwarnings("ignore", "resource_tracker: process died unexpectedly", UserWarning)


class WorkerProcesses:
    """At most `count` worker processes, and the template that they are forked from.

    Args:
        settings: what each worker is started with.
        count: at most, 1 or more; lowered when the system allows fewer.
    Attributes:
        workers: all there are, without the template.
        template: starts them.
    """

    def __init__(self, settings: WorkerSettings, count: int) -> None:
        self.workers: list[WorkerHandle] = []
        self.template = WorkerTemplate(settings)
        self._count = count

    @contextlib.contextmanager
    def opened(self) -> Iterator[None]:
        """Allow processes to be started while the context is open, and end them all at its end."""
        with self.template.enabled():
            try:
                yield
            finally:
                self.template.end()
                while self.workers:
                    self.workers.pop().end()

    @property
    def has_room(self) -> bool:
        """Whether one more worker may be started."""
        return len(self.workers) < self._count

    def without_task(self) -> WorkerHandle | None:
        """A worker that has no task, if there is one."""
        return next((worker for worker in self.workers if worker.task is None), None)

    def with_task(self) -> list[WorkerHandle]:
        """The workers that have a task."""
        return [worker for worker in self.workers if worker.task is not None]

    def start_worker(self) -> WorkerHandle | None:
        """Start one more worker.

        Returns: None if the one that is loading may become the template, or the system allows no more.

        Raises: MinerError: the system allows no worker at all.
        """
        if self.template.is_missing and any(not worker.is_loaded for worker in self.workers):
            return None
        try:
            worker = self.template.new_worker()
        except OSError as error:
            if not self.workers and self.template.process is None:
                raise MinerError(f"no worker process can be started ({error.strerror})") from None
            self.do_with_fewer(str(error.strerror))
            return None if self.workers else self.start_worker()
        self.workers.append(worker)
        return worker

    def do_with_fewer(self, reason: str) -> None:
        """Have as many workers as there are now; if there are none, the first one takes the template's place.

        Args:
            reason: the system's message.
        """
        if self.workers:
            self._count = len(self.workers)
            _log.warning("no more than %d workers can be started (%s)", self._count, reason)
        else:
            self.template.give_up()

    def make_template(self, worker: WorkerHandle) -> None:
        """Turn a worker that has loaded the pipeline, and mined nothing, into the template."""
        self.workers.remove(worker)
        self.template.process = worker

    def dismiss(self, worker: WorkerHandle) -> None:
        """End a worker."""
        self.workers.remove(worker)
        worker.end()

    def wait(self, until: float) -> list[WorkerHandle]:
        """Wait for messages, and read what workers print.

        Args:
            until: when to stop waiting, on the monotonic clock.
        Returns: the processes, the template among them, that sent a message or have ended.
        """
        processes = self.template.with_template(self.workers)
        connections = [process.connection for process in processes]
        connections += [process.output_pipe for process in processes if not process.output_pipe.closed]
        timeout_s = max(0.0, until - time.monotonic())
        readable = multiprocessing.connection.wait(connections, timeout=timeout_s)
        self._extend_deadlines(time.monotonic() - until)
        for process in processes:
            if process.output_pipe in readable:
                process.read_output()
        return [process for process in processes if process.connection in readable]

    def _extend_deadlines(self, overslept_s: float) -> None:
        """If the whole program was stopped (Ctrl-Z) and goes on, its workers were stopped with it."""
        if overslept_s > 1.0:
            for worker in self.workers:
                worker.deadline += overslept_s

    def reap_unknown_children(self) -> None:
        """Reap children that are no workers."""
        self.template.reap_unknown_children(self.workers)
