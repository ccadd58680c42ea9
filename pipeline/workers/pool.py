"""The pool of worker processes: hand out tasks, receive results, enforce deadlines, replace dead workers.

Each worker has one process, one pipe and one task. No library's pool would do: when a worker is killed,
multiprocessing.Pool hangs and ProcessPoolExecutor fails every pending file. Here a dead worker loses only its
own task, which another worker tries once more.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Generator, Iterable, Iterator

from pipeline.errors import FailureCode, MinerError
from pipeline.outcome import Outcome, Status
from pipeline.source import Source
from pipeline.tasks import MineSegment, ProbeVideo, Result, Task, key_of
from pipeline.videos.messages import SegmentResult, VideoPlan
from pipeline.videos.progress import OnVideo, ignore
from pipeline.workers.handle import LOAD_TIMEOUT_S, WorkerHandle, WorkerState
from pipeline.workers.messages import (
    Fatal,
    Heartbeat,
    Loading,
    LogLine,
    Message,
    NotForked,
    Ready,
    WorkerSettings,
)
from pipeline.workers.processes import WorkerProcesses
from pipeline.workers.queue import TaskQueue, Tasks
from pipeline.workers.startfailures import StartFailures
from pipeline.workers.timeouts import SEGMENT_TIMEOUT_S, TaskTimeouts

GRACE_S = 8.0
"""How long tasks may go on after a signal; `docker stop` kills after 10 s."""
POLL_S = 0.2
"""How often the parent wakes up when nothing happens: a signal handler has no other way to wake it."""
EXIT_GRACE_S = 5.0
"""How long a process may take to end after it has closed its pipe; writing a core dump takes time."""

_log = logging.getLogger(__name__)


class WorkerPool:
    """An `Executor` with up to `count` worker processes, started as sources come: one photo starts one.

    Args:
        settings: what each worker is started with.
        count: at most, 1 or more.
        timeout_s: how long a photo may take before its worker is killed.
        stall_s: how long a segment of a video may take from one frame to the next.
        on_video: called as videos are mined.
    """

    def __init__(
        self,
        settings: WorkerSettings,
        count: int,
        timeout_s: float,
        *,
        stall_s: float = SEGMENT_TIMEOUT_S,
        on_video: OnVideo = ignore,
    ) -> None:
        self._on_video = on_video
        self._timeouts = TaskTimeouts(timeout_s, stall_s)
        self._processes = WorkerProcesses(settings, count)
        self._failures = StartFailures()
        self._queue: Tasks = TaskQueue(())
        self._crashed: set[tuple[str, str, int]] = set()
        self._logged_once: set[LogLine] = set()
        self._stops = 0
        self._stopping = False
        self._grace_ends = float("inf")

    def stop(self) -> None:
        """As `Executor.stop`; after the first call, tasks may go on for `GRACE_S`."""
        self._stops += 1
        self._grace_ends = time.monotonic() + GRACE_S if self._stops == 1 else 0.0

    def mine(self, sources: Iterable[Source]) -> Generator[Outcome, None, None]:
        """As `Executor.mine`."""
        return self.run(TaskQueue(sources, self._on_video))

    def run(self, queue: Tasks) -> Generator[Outcome, None, None]:
        """Run tasks until there are no more; yield the outcomes that `queue.note` gives, and close the queue.

        Raises: MinerError: the run cannot go on.
        """
        self._queue = queue
        try:
            with self._processes.opened():
                yield from self._run()
        finally:
            self._queue.close()

    def _run(self) -> Iterator[Outcome]:
        while True:
            self._hand_out()
            if self._stops and not self._stopping:
                self._begin_to_stop()
            is_open = self._queue.is_open
            busy = self._processes.with_task()
            if time.monotonic() >= self._grace_ends or not (busy or (is_open and not self._stops)):
                return
            deadline = min([self._grace_ends, *(worker.deadline for worker in busy)])
            for worker in self._processes.wait(min(deadline, time.monotonic() + POLL_S)):
                # A message of another worker may have ended this one.
                if not worker.connection.closed and (outcome := self._receive(worker)) is not None:
                    yield outcome
            for worker in self._processes.with_task():
                timed_out = time.monotonic() >= worker.deadline
                if timed_out and (outcome := self._on_timeout(worker)) is not None:
                    yield outcome
            self._processes.reap_unknown_children()

    def _hand_out(self) -> None:
        """Give each worker without a task one, and start workers while there are tasks for them."""
        while not self._stops:
            worker = self._processes.without_task()
            if worker is None and not self._processes.has_room:
                return
            task = self._queue.next()
            if task is None:
                return
            worker = worker or self._processes.start_worker()
            if worker is None:
                self._queue.put_back(task)
                return
            worker.task = task
            if worker.is_loaded:
                worker.send_task(self._timeouts.seconds(task))

    def _receive(self, worker: WorkerHandle) -> Outcome | None:
        """Handle one message, or the end, of a worker or the template.

        Returns: a source's outcome, if the message settles one.
        Raises: MinerError: the run cannot go on.
        """
        try:
            message: Message = worker.connection.recv()
        except Exception:  # EOF, or bytes that no worker of ours sends
            return self._on_exit(worker)
        match message:
            case LogLine():
                self._log_line(message)
            case Loading():
                worker.on_loading()
            case NotForked(reason):
                self._processes.dismiss(worker)
                self._processes.do_with_fewer(reason)
                return self._requeue(worker)
            case Ready():
                return self._on_ready(worker, message)
            case Fatal():
                error = MinerError(message.sentence)
                error.exit_code = message.exit_code
                raise error
            case Heartbeat(frames):
                worker.deadline = time.monotonic() + self._timeouts.segment_s
                if worker.task is not None:
                    self._queue.note_frames(worker.task, frames)
            case Outcome() | VideoPlan() | SegmentResult():
                return self._on_result(worker, message)
        return None

    def _log_line(self, line: LogLine) -> None:
        if line not in self._logged_once:
            logging.getLogger(line.logger).log(line.level, "%s", line.text)
        if line.once:
            self._logged_once.add(line)

    def _on_ready(self, worker: WorkerHandle, message: Ready) -> Outcome | None:
        self._failures.on_ready()
        self._processes.template.on_ready(worker, may_fork=message.may_fork)
        worker.on_ready(message.pid)
        if self._processes.template.is_missing and self._needs_more_workers():
            self._processes.make_template(worker)
            return self._requeue(worker)
        if worker.task is not None and not self._stops:
            worker.send_task(self._timeouts.seconds(worker.task))
        return None

    def _needs_more_workers(self) -> bool:
        """Whether there is a task for one more worker."""
        if self._stops or not self._processes.has_room or (task := self._queue.next()) is None:
            return False
        self._queue.put_back(task)
        return True

    def _on_result(self, worker: WorkerHandle, result: Result) -> Outcome | None:
        task = worker.take_task()
        if isinstance(result, Outcome) and result.code is FailureCode.OUT_OF_MEMORY:
            self._processes.dismiss(worker)  # killing it releases the memory that it leaked
        return None if task is None else self._queue.note(task, result)

    def _on_exit(self, worker: WorkerHandle) -> Outcome | None:
        """A worker or the template has ended by itself."""
        state, task, ending = worker.state, worker.task, worker.end(EXIT_GRACE_S)
        if worker is self._processes.template.process:
            self._processes.template.on_exit(ending.how)
            return None
        self._processes.workers.remove(worker)
        match state:
            case WorkerState.FORKING:
                self._processes.template.on_fork_failed(worker)
            case WorkerState.STARTING | WorkerState.LOADING:
                self._failures.on_exit(state, ending)
            case WorkerState.READY:
                _log.warning("an idle worker %s; another takes its place", ending.how)
            case WorkerState.BUSY if task is not None:
                return self._on_crash(worker, task, ending.how)
        return self._requeue(worker)

    def _on_crash(self, worker: WorkerHandle, task: Task, how: str) -> Outcome | None:
        """Have a task whose worker died tried once more; the second time it has failed."""
        if key_of(task) in self._crashed:
            sentence = f"two workers died while they mined it; the last one {how}"
            return self._fail(task, FailureCode.WORKER_CRASHED, sentence)
        self._crashed.add(key_of(task))
        _log.warning("a worker %s; its task is tried once more", how)
        return self._requeue(worker)

    def _on_timeout(self, worker: WorkerHandle) -> Outcome | None:
        """A worker hangs: kill it.

        Raises: MinerError: it was loading the pipeline.
        """
        if worker.state is WorkerState.FORKING:
            self._processes.template.on_fork_timeout(worker)
            self._processes.dismiss(worker)
            return self._requeue(worker)
        self._processes.dismiss(worker)
        if not worker.is_loaded:
            raise MinerError(f"a worker was still loading after {LOAD_TIMEOUT_S:.0f} s")
        task = worker.take_task()
        return None if task is None else self._fail(task, FailureCode.TIMEOUT, self._timeouts.sentence(task))

    def _requeue(self, worker: WorkerHandle) -> Outcome | None:
        """Put a worker's task back; its source's outcome if that has failed meanwhile."""
        task = worker.take_task()
        return None if task is None else self._queue.put_back(task)

    def _fail(self, task: Task, code: FailureCode, sentence: str) -> Outcome | None:
        return self._queue.note(task, Outcome(task.source.path, Status.FAILED, code, sentence))

    def _begin_to_stop(self) -> None:
        """After the first signal, end the workers that have no task or cannot finish a source with it."""
        self._stopping = True
        self._processes.template.end()
        _log.warning("stopping; photos have %.0f s to finish, a second signal stops at once", GRACE_S)
        for worker in list(self._processes.workers):
            if worker.state is not WorkerState.BUSY or isinstance(worker.task, ProbeVideo | MineSegment):
                self._processes.dismiss(worker)
