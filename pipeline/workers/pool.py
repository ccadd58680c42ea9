"""Worker processes: hand out photos and segments of videos, watch deadlines, replace what dies.

One process, one pipe and one task in hand for each worker. No library's pool serves: on a
killed worker multiprocessing.Pool hangs and ProcessPoolExecutor fails every pending file. Here a worker
that dies loses only the task in its hands, which is tried once more in a fresh worker.
"""

from __future__ import annotations

import logging
import multiprocessing
import multiprocessing.connection
import time
import warnings
from collections.abc import Generator, Iterable, Iterator

from pipeline.errors import FailureCode, MinerError
from pipeline.outcome import Outcome, Status
from pipeline.source import Source
from pipeline.tasks import MinePhoto, MineSegment, ProbeVideo, Task, key_of
from pipeline.videos.messages import SegmentResult, VideoPlan
from pipeline.videos.pipereader import TIMEOUT_S
from pipeline.workers.forking import NotForked
from pipeline.workers.handle import LOAD_TIMEOUT_S, WorkerHandle
from pipeline.workers.process import (
    Fatal,
    Heartbeat,
    Loading,
    LogLine,
    Message,
    Ready,
    WorkerSettings,
)
from pipeline.workers.queue import TaskQueue
from pipeline.workers.template import WorkerTemplate

MAX_FAILED_STARTS = 5
"""So many workers in a row may crash while they load, where none has ever loaded."""
MAX_FAILED_RESTARTS = 25
"""Where one has, the models are good: somebody is killing workers, and may stop. So too where they are killed
and do not crash, and before they load."""
STALL_TIMEOUT_S = TIMEOUT_S + 10.0
"""For a segment of a video: the reader, who has a minute's patience with ffmpeg, is to speak first."""
WHOLE_FILE_TIMEOUT_S = 3600.0
"""For the look at a video and the join of its parts, which read or write whole files; each wait for ffmpeg in
there has bounds of its own."""
GRACE_S = 8.0
"""After a signal, what is in hand may take this long; `docker stop` kills after 10 s."""
POLL_S = 0.2
"""How often the parent looks up when nothing happens: a signal handler has no other way to wake it."""

_log = logging.getLogger(__name__)

# multiprocessing's own helper process keeps nothing of ours: that somebody killed it is no news for cron.
warnings.filterwarnings("ignore", "resource_tracker: process died unexpectedly", UserWarning)


def _as_tuple(outcome: Outcome | None) -> tuple[Outcome, ...]:
    return () if outcome is None else (outcome,)


class WorkerPool:
    """Up to `count` worker processes, started as sources come: one photo alone starts one.

    Args:
        settings: what each worker is told.
        count: how many at most, 1 or more.
        timeout_s: how long a photo may be in hand before its worker is killed.
        stall_s: how long a segment of a video may be in hand without a frame's coming.
    """

    def __init__(
        self, settings: WorkerSettings, count: int, timeout_s: float, *, stall_s: float = STALL_TIMEOUT_S
    ) -> None:
        self._count = count
        self._timeout_s = timeout_s
        self._stall_s = stall_s
        self._workers: list[WorkerHandle] = []
        self._template = WorkerTemplate(settings)
        self._queue = TaskQueue(())
        self._tried: set[tuple[str, str, int]] = set()
        self._logged_once: set[LogLine] = set()
        self._failed_starts = self._failed_loads = 0
        self._has_loaded = False
        self._stops = 0
        self._stopping = False
        self._grace_ends = float("inf")

    def stop(self) -> None:
        """As `Executor.stop`: once, what is in hand gets `GRACE_S`; twice, nothing."""
        self._stops += 1
        self._grace_ends = time.monotonic() + GRACE_S if self._stops == 1 else 0.0

    def mine(self, sources: Iterable[Source]) -> Generator[Outcome, None, None]:
        """As `Executor.mine`."""
        self._queue = TaskQueue(sources)
        with self._template.adopting():
            try:
                yield from self._mine()
            finally:
                self._template.break_up()
                while self._workers:  # what they had in hand leaves no trace under a final name
                    self._workers.pop().end()
                self._queue.close()

    def _mine(self) -> Iterator[Outcome]:
        while True:
            self._hand_out()
            if self._stops and not self._stopping:
                self._begin_to_stop()
            if time.monotonic() >= self._grace_ends or not self._busy():
                return
            yield from self._wait()
            self._template.reap_unknown_children(self._workers)

    def _busy(self) -> list[WorkerHandle]:
        return [worker for worker in self._workers if worker.task is not None]

    def _hand_out(self) -> None:
        """Give every idle worker a task, and start workers while there are tasks for them."""
        while not self._stops:
            worker = next((worker for worker in self._workers if worker.task is None), None)
            if worker is None and len(self._workers) >= self._count:
                return
            task = self._queue.next()
            if task is None:
                return
            worker = worker or self._start_worker()
            if worker is None:
                self._queue.put_back(task)
                return
            worker.task = task
            if worker.ready:
                worker.hand(self._allowed_s(task))

    def _allowed_s(self, task: Task) -> float:
        """How long a task may take, or until the next sign of life."""
        match task:
            case MinePhoto():
                return self._timeout_s
            case MineSegment():
                return self._stall_s
        return WHOLE_FILE_TIMEOUT_S

    def _start_worker(self) -> WorkerHandle | None:
        """One worker more; None where there can be none, now or ever.

        Raises: MinerError: there is none at all.
        """
        if self._template.is_missing and any(not worker.ready for worker in self._workers):
            return None  # that one may become the template
        try:
            worker = self._template.new_worker()
        except OSError as error:  # too many processes or open files
            if not self._workers and self._template.process is None:
                raise MinerError(f"no worker process can be started ({error.strerror})") from None
            self._do_with_fewer(str(error.strerror))
            return None if self._workers else self._start_worker()
        self._workers.append(worker)
        return worker

    def _do_with_fewer(self, reason: str) -> None:
        """The machine allows no worker more."""
        if self._workers:
            self._count = len(self._workers)
            _log.warning("no more than %d workers can be started (%s)", self._count, reason)
        else:
            self._template.give_up()  # it has the place that a worker could have

    def _wait(self) -> Iterator[Outcome]:
        """Sleep until something happens, and not for long; yield what came to an end."""
        deadline = min(self._grace_ends, *(worker.deadline for worker in self._busy()))
        until = min(deadline, time.monotonic() + POLL_S)
        processes = self._template.beside(self._workers)
        connections = [worker.connection for worker in processes]
        connections += [worker.output_pipe for worker in processes if not worker.output_pipe.closed]
        heard = multiprocessing.connection.wait(connections, timeout=max(0.0, until - time.monotonic()))
        self._extend_deadlines(time.monotonic() - until)
        for worker in processes:
            if worker.connection.closed:
                continue  # what another said has ended it
            if worker.output_pipe in heard:
                worker.read_output()
            if worker.connection in heard:
                yield from self._receive(worker)
        for worker in self._busy():
            if time.monotonic() >= worker.deadline:
                yield from self._on_timeout(worker)

    def _extend_deadlines(self, overslept_s: float) -> None:
        """Where the whole program was stopped (Ctrl-Z) and goes on, deadlines were stopped with it."""
        if overslept_s > 1.0:
            for worker in self._workers:
                worker.deadline += overslept_s

    def _receive(self, worker: WorkerHandle) -> Iterator[Outcome]:
        """One message of a worker, or the news of its death."""
        try:
            message: Message = worker.connection.recv()
        except Exception:  # its end, or something that no worker of ours says
            yield from self._on_exit(worker)
            return
        match message:
            case LogLine():
                if message not in self._logged_once:
                    logging.getLogger(message.logger).log(message.level, "%s", message.text)
                if message.once:
                    self._logged_once.add(message)
            case Loading():
                worker.loading = True
            case NotForked(reason):
                yield from self._do_without(worker, reason)
            case Ready():
                self._failed_starts = self._failed_loads = 0
                self._has_loaded = True
                if worker.pid is None:
                    self._template.on_forked()
                elif not message.may_fork:  # it has loaded the pipeline itself
                    self._template.give_up()
                worker.note_ready(message.pid)
                if self._template.is_missing and self._needs_more():
                    yield from self._make_template(worker)
                elif worker.task is not None and not self._stops:
                    worker.hand(self._allowed_s(worker.task))
            case Fatal():
                error = MinerError(message.sentence)
                error.exit_code = message.exit_code
                raise error
            case Heartbeat():
                worker.deadline = time.monotonic() + self._stall_s
            case Outcome() | VideoPlan() | SegmentResult():
                task, worker.task = worker.task, None
                if isinstance(message, Outcome) and message.code is FailureCode.OUT_OF_MEMORY:
                    self._dismiss(worker)  # what it did not give back goes with it
                if task is not None:
                    yield from _as_tuple(self._queue.note(task, message))

    def _needs_more(self) -> bool:
        """Whether there is work for more workers than there are."""
        if self._stops or len(self._workers) >= self._count or (task := self._queue.next()) is None:
            return False
        self._queue.put_back(task)
        return True

    def _make_template(self, worker: WorkerHandle) -> Iterator[Outcome]:
        """Have a worker that is ready, and has mined nothing, be what others are forked off."""
        self._workers.remove(worker)
        self._template.process = worker
        yield from self._take_back(worker)

    def _do_without(self, worker: WorkerHandle, reason: str) -> Iterator[Outcome]:
        """The machine allows no process for a worker that was asked of the template."""
        self._dismiss(worker)
        self._do_with_fewer(reason)
        yield from self._take_back(worker)

    def _take_back(self, worker: WorkerHandle) -> Iterator[Outcome]:
        """What it has, or had, in hand comes next; or, of a video that has failed meanwhile, its outcome."""
        task, worker.task = worker.task, None
        if task is not None:
            yield from _as_tuple(self._queue.put_back(task))

    def _on_exit(self, worker: WorkerHandle) -> Iterator[Outcome]:
        task, how = worker.task, worker.end(patience_s=5.0)
        if worker is self._template.process:
            self._template.on_template_exit()
            then = (
                "another takes its place" if self._template.is_missing else "workers load by themselves now"
            )
            _log.warning("the process that workers are forked off %s; %s", how, then)
            return
        self._workers.remove(worker)
        if not worker.ready:
            self._note_failed_start(worker, how)
        if task is None or not worker.handed:
            if worker.ready:
                _log.warning("an idle worker %s; another takes its place", how)
            yield from self._take_back(worker)
        elif key_of(task) not in self._tried:
            self._tried.add(key_of(task))
            _log.warning("a worker %s; what it had in hand is tried once more", how)
            yield from self._take_back(worker)
        else:
            sentence = f"the worker that had it in hand {how}; so did the one before"
            yield from self._failed(task, FailureCode.WORKER_CRASHED, sentence)

    def _note_failed_start(self, worker: WorkerHandle, how: str) -> None:
        doing = "loading" if worker.loading else "starting"
        _log.warning("while it was %s, a worker %s", doing, how)
        self._failed_starts += 1
        if worker.pid is None and self._failed_starts >= MAX_FAILED_STARTS:  # no way to have them here
            self._template.give_up()
        self._failed_loads += worker.loading and not worker.was_killed
        never_loads = self._failed_loads >= MAX_FAILED_STARTS and not self._has_loaded
        if never_loads or self._failed_starts >= MAX_FAILED_RESTARTS:
            count = self._failed_loads if never_loads else self._failed_starts
            raise MinerError(f"{count} workers in a row died while {doing}; the last {how}")

    def _on_timeout(self, worker: WorkerHandle) -> Iterator[Outcome]:
        if worker.pid is None:
            yield from self._fork_timed_out(worker)
            return
        task = worker.task
        self._dismiss(worker)
        if not worker.ready:
            raise MinerError(f"a worker was still loading after {LOAD_TIMEOUT_S:.0f} s")
        match task:
            case None:
                return
            case MinePhoto():
                sentence = f"not done after {self._timeout_s:g} s; --timeout SECONDS allows more"
            case MineSegment():
                sentence = f"no frame was done for {self._stall_s:g} s"
            case _:
                sentence = f"reading it, or joining its parts, was not done after {WHOLE_FILE_TIMEOUT_S:g} s"
        yield from self._failed(task, FailureCode.TIMEOUT, sentence)

    def _fork_timed_out(self, worker: WorkerHandle) -> Iterator[Outcome]:
        """The template does not bring forth what it was asked for."""
        _log.warning("the process that workers are forked off hangs; now each loads the pipeline itself")
        self._template.give_up()
        self._dismiss(worker)
        yield from self._take_back(worker)

    def _failed(self, task: Task, code: FailureCode, sentence: str) -> Iterator[Outcome]:
        outcome = Outcome(task.source.path, Status.FAILED, code, sentence)
        yield from _as_tuple(self._queue.note(task, outcome))

    def _begin_to_stop(self) -> None:
        """After the first signal: nobody is waited for who has begun nothing, or cannot finish a source."""
        self._stopping = True
        self._template.break_up()
        _log.warning("stopping; what is in hand gets %.0f s, a second signal stops at once", GRACE_S)
        for worker in list(self._workers):
            if not worker.handed or isinstance(worker.task, ProbeVideo | MineSegment):
                self._dismiss(worker)

    def _dismiss(self, worker: WorkerHandle) -> None:
        self._workers.remove(worker)
        worker.end()
