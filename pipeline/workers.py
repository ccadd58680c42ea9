"""Worker processes: hand out sources, watch deadlines, replace what dies.

One spawned process, one pipe and one source in hand for each worker. No library's pool serves: on a
killed worker multiprocessing.Pool hangs and ProcessPoolExecutor fails every pending file. Here a worker
that dies loses only the source in its hands, which is tried once more in a fresh worker.
"""

from __future__ import annotations

import contextlib
import logging
import multiprocessing
import multiprocessing.connection
import os
import signal
import tempfile
import time
from collections import deque
from collections.abc import Iterable, Iterator
from multiprocessing.connection import Connection
from multiprocessing.reduction import DupFd
from typing import Any, Protocol

from pipeline.errors import FailureCode, MinerError
from pipeline.outcome import Outcome, Status
from pipeline.outputs import output_path, sweep_parts
from pipeline.pipeline import Pipeline
from pipeline.source import Source
from pipeline.workerprocess import Assignment, Fatal, LogLine, Message, Ready, mine_one, run_worker

STARTS_BEFORE_GIVING_UP = 5
LOAD_TIMEOUT_S = 1800.0
"""Loading may include compiling a network, which is minutes on a small machine."""
GRACE_S = 8.0
"""After a signal, what is in hand may take this long; `docker stop` kills after 10 s."""

_log = logging.getLogger(__name__)


class Workforce(Protocol):
    """Whatever mines sources: worker processes, or this process itself."""

    def mine(self, sources: Iterable[Source]) -> Iterator[Outcome]:
        """Mine all sources; outcomes come in any order, one a source.

        Raises: MinerError: the run cannot go on.
        """

    def stop(self) -> None:
        """Hand out nothing more; called twice, drop what is in hand as well. Safe in a signal handler."""


class SerialWorkers:
    """The twin without processes, for `--workers 0` and a debugger: no deadline, a crash is a crash."""

    def __init__(self, assignment: Assignment) -> None:
        self._assignment = assignment
        self._stopping = False

    def mine(self, sources: Iterable[Source]) -> Iterator[Outcome]:
        """As `Workforce.mine`, in order."""
        pipeline = Pipeline(self._assignment.config, self._assignment.output_root, self._assignment.limits)
        pipeline.load()
        for source in sources:
            if self._stopping:
                return
            yield mine_one(pipeline, source)

    def stop(self) -> None:
        """As `Workforce.stop`; what is in hand is always finished."""
        self._stopping = True


class _Worker:
    """The parent's side of one worker process."""

    def __init__(self, context: Any, number: int, assignment: Assignment) -> None:
        self.source: Source | None = None
        self.ready = False
        self.deadline = time.monotonic() + LOAD_TIMEOUT_S
        self._noise = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the worker; has no name
        self._output_root = assignment.output_root
        self.connection, theirs = multiprocessing.Pipe()
        self._process = context.Process(
            target=_run_worker,
            args=(theirs, os.getpid(), _Descriptor(self._noise.fileno()), assignment),
            name=f"worker-{number}",
            daemon=True,
        )
        self._start(theirs)

    def _start(self, theirs: Connection) -> None:
        """Start with our signals blocked, so that a Ctrl-C cannot hit the child before it is ready for it."""
        before = signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGINT, signal.SIGTERM))
        try:
            self._process.start()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
            theirs.close()

    def hand(self, timeout_s: float) -> None:
        """Send the source in hand; its deadline begins."""
        with contextlib.suppress(OSError):  # it just died: reading from it says so
            self.connection.send(self.source)
        self.deadline = time.monotonic() + timeout_s

    def discharge(self) -> None:
        """Tell an idle worker that it is over."""
        with contextlib.suppress(OSError):
            self.connection.send(None)

    def kill(self) -> None:
        """End the process, whatever it does, and free what it held here."""
        self._process.kill()
        self.join()

    def join(self) -> str:
        """Wait for the end of a process that ends and clean up behind it; how it ended, in words."""
        self._process.join()
        code = self._process.exitcode or 0
        if self.source is not None:
            folder = output_path(self._output_root, self.source.relative, "").parent
            sweep_parts(folder, self._process.pid)
        self.connection.close()
        noise = self._read_noise()
        self._noise.close()
        self._process.close()
        if code < 0:
            if noise:
                _log.info("a dead worker's last words:\n%s", noise)
            return f"killed by {signal.Signals(-code).name}"
        return f"exit status {code}" + (f": {noise.splitlines()[-1]}" if noise else "")

    def _read_noise(self) -> str:
        size = os.fstat(self._noise.fileno()).st_size
        tail = os.pread(self._noise.fileno(), 4096, max(0, size - 4096))
        return tail.decode("utf-8", "replace").strip("\0 \n")


class _Descriptor:
    """An open file that goes along to a spawned process."""

    def __init__(self, number: int) -> None:
        self.number = number

    def __getstate__(self) -> Any:
        return DupFd(self.number)

    def __setstate__(self, inherited: Any) -> None:
        self.number = inherited.detach()


def _run_worker(connection: Connection, parent_pid: int, noise: _Descriptor, assignment: Assignment) -> None:
    run_worker(connection, parent_pid, noise.number, assignment)


class Workers:
    """Up to `count` worker processes, started as sources come: one photo alone starts one.

    Args:
        assignment: what each worker is told.
        count: how many at most, 1 or more.
        timeout_s: how long a source may be in hand before its worker is killed.
    """

    def __init__(self, assignment: Assignment, count: int, timeout_s: float) -> None:
        self._assignment = assignment
        self._count = count
        self._timeout_s = timeout_s
        self._context = multiprocessing.get_context("spawn")
        self._workers: list[_Worker] = []
        self._again: deque[Source] = deque()
        self._tried: set[str] = set()
        self._started = self._failed_starts = 0
        self._stops = 0
        self._grace_ends = float("inf")
        self._wake_out, self._wake_in = os.pipe()
        os.set_blocking(self._wake_in, False)

    def stop(self) -> None:
        """As `Workforce.stop`: once, what is in hand gets `GRACE_S`; twice, nothing."""
        self._stops += 1
        self._grace_ends = min(self._grace_ends, time.monotonic() + GRACE_S) if self._stops == 1 else 0.0
        with contextlib.suppress(BlockingIOError):
            os.write(self._wake_in, b"!")

    def mine(self, sources: Iterable[Source]) -> Iterator[Outcome]:
        """As `Workforce.mine`."""
        waiting = iter(sources)
        try:
            while True:
                self._hand_out(waiting)
                if self._stops:
                    self._dismiss_loading()
                busy = [worker for worker in self._workers if worker.source is not None]
                if not busy or time.monotonic() >= self._grace_ends:
                    return
                yield from self._wait(busy)
        finally:
            self._end()

    def _hand_out(self, waiting: Iterator[Source]) -> None:
        """Give every idle worker a source, and start workers while there are sources for them."""
        while not self._stops:
            idle = next((worker for worker in self._workers if worker.source is None), None)
            if idle is None and len(self._workers) >= self._count:
                return
            source = self._again.popleft() if self._again else next(waiting, None)
            if source is None:
                return
            if idle is None:
                idle = _Worker(self._context, self._started, self._assignment)
                self._started += 1
                self._workers.append(idle)
            idle.source = source
            if idle.ready:
                idle.hand(self._timeout_s)

    def _wait(self, busy: list[_Worker]) -> Iterator[Outcome]:
        """Sleep until something happens; yield what came to an end."""
        nearest = min(self._grace_ends, *(worker.deadline for worker in busy))
        by_connection = {worker.connection: worker for worker in self._workers}
        events = multiprocessing.connection.wait(
            [*by_connection, self._wake_out], timeout=max(0.0, nearest - time.monotonic())
        )
        for event in events:
            if event == self._wake_out:
                os.read(self._wake_out, 1024)
            else:
                yield from self._hear(by_connection[event])  # type: ignore[index]
        now = time.monotonic()
        for worker in [worker for worker in self._workers if worker.source is not None]:
            if now >= worker.deadline:
                yield from self._overdue(worker)

    def _hear(self, worker: _Worker) -> Iterator[Outcome]:
        """One message of a worker, or the news of its death."""
        try:
            message: Message = worker.connection.recv()
        except (EOFError, OSError):
            yield from self._dead(worker)
            return
        match message:
            case LogLine():
                logging.getLogger(message.logger).log(message.level, "%s", message.text)
            case Ready():
                worker.ready = True
                self._failed_starts = 0
                if not self._stops:
                    worker.hand(self._timeout_s)
            case Fatal():
                error = MinerError(message.sentence)
                error.exit_code = message.exit_code
                raise error
            case Outcome():
                worker.source = None
                if message.code is FailureCode.OUT_OF_MEMORY:  # what it did not give back goes with it
                    self._dismiss(worker)
                yield message

    def _dead(self, worker: _Worker) -> Iterator[Outcome]:
        source, how = worker.source, worker.join()
        self._workers.remove(worker)
        if not worker.ready:
            self._failed_starts += 1
            _log.warning("a worker ended while it was loading (%s)", how)
            if self._failed_starts >= STARTS_BEFORE_GIVING_UP:
                raise MinerError(
                    f"{self._failed_starts} workers in a row ended while loading, the last {how}"
                )
            if source is not None:
                self._again.append(source)
        elif source is None:
            _log.warning("an idle worker ended (%s) and is replaced", how)
        elif source.path not in self._tried:
            self._tried.add(source.path)
            _log.warning("a worker ended (%s); what it had in hand is tried once more", how)
            self._again.append(source)
        else:
            sentence = f"the worker that had it in hand was {how}, twice"
            yield Outcome(source.path, Status.FAILED, FailureCode.WORKER_CRASHED, sentence)

    def _overdue(self, worker: _Worker) -> Iterator[Outcome]:
        source = worker.source
        self._dismiss(worker)
        if not worker.ready:
            raise MinerError(f"a worker was still loading after {LOAD_TIMEOUT_S:.0f} s")
        if source is not None:
            sentence = f"not done after {self._timeout_s:g} s; --timeout SECONDS allows more"
            yield Outcome(source.path, Status.FAILED, FailureCode.TIMEOUT, sentence)

    def _dismiss_loading(self) -> None:
        """After a signal, workers that have begun nothing are not waited for."""
        for worker in [worker for worker in self._workers if not worker.ready]:
            self._dismiss(worker)

    def _dismiss(self, worker: _Worker) -> None:
        self._workers.remove(worker)
        worker.kill()

    def _end(self) -> None:
        """Let idle workers go, kill the others; what they had in hand leaves no trace under a final name."""
        for worker in self._workers:
            if worker.source is None and worker.ready:
                worker.discharge()
                worker.join()
            else:
                worker.kill()
        self._workers.clear()
        os.close(self._wake_out)
        os.close(self._wake_in)
