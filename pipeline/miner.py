"""One run: from a command's options to a summary of the results of all inputs."""

from __future__ import annotations

import contextlib
import logging
import signal
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from types import FrameType

from pipeline.errors import ExitCode, MinerError
from pipeline.files.ownfiles import OWN_SENTENCES
from pipeline.files.parts import sweep_parts
from pipeline.files.walk import Skipped
from pipeline.host.cores import usable_cores
from pipeline.host.logs import own_level
from pipeline.host.memory import free_bytes
from pipeline.outcome import Outcome, Status, Summary
from pipeline.runs.bookkeeping import Bookkeeping
from pipeline.runs.known import KnownComponents, tally_of_other_pipelines
from pipeline.runs.opening import OpenRun, open_run
from pipeline.runs.options import Options, limits_of
from pipeline.runs.prune import OnPruning, count_missing, prune
from pipeline.runs.refill import Refill
from pipeline.runs.selection import Reason
from pipeline.source import Source
from pipeline.text import printable
from pipeline.videos.progress import OnVideo, ignore
from pipeline.workers.capacity import capacity, worker_bytes
from pipeline.workers.executor import Executor, SerialExecutor
from pipeline.workers.messages import WorkerSettings
from pipeline.workers.pool import WorkerPool

_log = logging.getLogger(__name__)

NICE = 10
"""The workers' niceness unless the user chooses one: enough to watch a video on a home server meanwhile."""
_SIGNALS = {signal.SIGINT: ExitCode.INTERRUPTED, signal.SIGTERM: ExitCode.TERMINATED}


def mine(
    options: Options,
    on_outcome: Callable[[Outcome], None],
    summary: Summary | None = None,
    on_pruning: OnPruning = lambda *_: None,
    on_video: OnVideo = ignore,
) -> Summary:
    """Mine INPUT into OUTPUT.

    Args:
        options: what to do.
        on_outcome: called with each input's outcome as it comes.
        summary: an empty one to count in, for a caller that needs the counts even after an error.
        on_pruning: called for each input that `--prune` checks.
        on_video: called as videos are mined.
    Raises: MinerError: the command line, the pipeline file or the machine does not allow the run.
    """
    began = time.monotonic()
    summary = Summary() if summary is None else summary
    try:
        with open_run(options) as run, _Interruption(summary) as interruption:
            mining = _Mining(run, summary, on_outcome)
            mining.mine(interruption, on_video)
            if summary.interrupted_by is None:
                _check_mounted(run, summary)
                if options.prune:
                    _prune(run, summary, on_pruning)
                else:
                    summary.missing = count_missing(run.ledger, mining.devices_not_seen())
                mining.books.mark_reported()  # also if pruning was interrupted: they are listed all the same
    finally:
        summary.elapsed_s = time.monotonic() - began
    return summary


class _Mining:
    """One walk through INPUT, with workers for the inputs that have to be mined."""

    def __init__(self, run: OpenRun, summary: Summary, on_outcome: Callable[[Outcome], None]) -> None:
        self.books = Bookkeeping(
            *(run.ledger, run.output_root, run.context, run.writers, run.store),
            Refill(run.config, run.output_root, run.ledger, run.store),
            without=run.options.without,
        )
        self._run = run
        self._summary = summary
        self._on_outcome = on_outcome
        self._devices: set[int] = set()
        self._own = 0

    def devices_not_seen(self) -> frozenset[int]:
        """The disks on which earlier runs found inputs under this INPUT, and this run none."""
        return self._run.ledger.devices(self._run.context.root) - self._devices

    def mine(self, interruption: _Interruption, on_video: OnVideo) -> None:
        """Mine what has to be mined, until the end or a signal."""
        self._say_what_is_known()
        executor = _executor(self._run, on_video)
        with (
            interruption.stopping(executor),
            contextlib.closing(executor.mine(self._sources())) as outcomes,
            contextlib.suppress(KeyboardInterrupt),  # how the serial executor is stopped at once
        ):
            for outcome in outcomes:
                self.books.note(outcome)
                self._count(outcome)

    def _say_what_is_known(self) -> None:
        """Log how much of the work is done already where the pipeline has changed."""
        run = self._run
        components = KnownComponents(run.config, run.options.without)
        tally = tally_of_other_pipelines(components, run.store, run.context)
        if tally.known:
            inputs = "1 input" if tally.inputs == 1 else f"{tally.inputs:,} inputs"
            _log.info("%s mined by another pipeline; %s", inputs, tally.sentence)

    def _sources(self) -> Iterator[Source]:
        """Yield the inputs to mine until a signal comes, and count the outcomes of the others."""
        try:
            for result in self._triaged():
                if isinstance(result, Source):
                    yield result
                else:
                    self._count(result)
        finally:
            self.books.discard()

    def _triaged(self) -> Iterator[Outcome | Source]:
        """Walk through INPUT and remove unfinished files of a killed run from each output folder passed."""
        swept, proxies, device = None, 0, None
        for found, decision in self._run.iter_decisions():
            if self._summary.interrupted_by is not None:
                return
            folder = found.relative.rpartition("/")[0]
            if folder != swept:
                sweep_parts(self._run.output_root / folder)
                swept = folder
            if isinstance(found, Skipped):
                proxies += found.is_proxy
            elif found.stamp.device != device:
                device = found.stamp.device
                self._devices.add(found.stamp.in_64_bits().device)
            if decision.reason is Reason.SIDECAR:
                self._summary.unchanged -= 1  # as which it was counted when the walk passed it
            yield from self.books.triage(decision)
        if proxies:
            sentence = "cameras' small copies of videos that are ignored: %d; proxies: mine takes them"
            _log.info(sentence, proxies)
        yield from self.books.finish()
        if self._own:
            sentence = "reports and annotated copies of this program in INPUT that are not mined: %d"
            _log.info(sentence, self._own)

    def _count(self, outcome: Outcome) -> None:
        self._own += outcome.status is Status.IGNORED and outcome.sentence in OWN_SENTENCES
        self._summary.add(outcome)
        self._on_outcome(outcome)


def _prune(run: OpenRun, summary: Summary, on_pruning: OnPruning) -> None:
    """Remove the outputs of inputs that no longer exist.

    Raises: MinerError: those are too many, or the output folder cannot be written.
    """
    pruned = prune(
        run.ledger,
        run.store,
        run.output_root,
        run.writers,
        lambda: summary.interrupted_by is not None,
        on_pruning,
        missing=summary.missing,
        even_most=run.options.prune_even_most,
    )
    for _ in pruned:
        summary.pruned += 1


def _check_mounted(run: OpenRun, summary: Summary) -> None:
    """Refuse to call an INPUT without files a success if it had files on a disk that is missing now.

    Raises: MinerError: the disk is not there.
    """
    if not summary.found and (missing := count_missing(run.ledger).total()):
        raise MinerError(
            f"{printable(run.options.input)}: there is no file, and {missing:,} that were mined from it are "
            "on a disk that is not there; mount it"
        )


def _executor(run: OpenRun, on_video: OnVideo) -> Executor:
    options = run.options
    settings = WorkerSettings(run.config, run.output_root, limits_of(options), own_level())
    places = f"{printable(options.input)} into {printable(run.output_root)}"
    nice = NICE if options.nice is None else options.nice
    if options.cluster is not None:
        settings = replace(settings, nice=nice)
        from cluster.executor import cluster_executor  # Dask is imported once there is something to mine

        _log.info("mining %s with the machines of %s", places, printable(options.cluster))
        return cluster_executor(settings, options, run.context.root, on_video)
    if options.workers == 0:
        _log.info("mining %s in this process", places)
        return SerialExecutor(replace(settings, nice=options.nice or 0), on_video)
    carried = capacity(options.workers, usable_cores(), free_bytes(), worker_bytes(run.config))
    _log.info("mining %s with %s", places, carried.sentence)
    settings = replace(settings, nice=nice, memory_bytes=carried.memory_bytes)
    return WorkerPool(settings, carried.workers, options.timeout_s, on_video=on_video)


class _Interruption:
    """Ctrl-C and SIGTERM end a run in order: the summary notes the signal, the executor is stopped.

    While nothing is mined, a second signal raises KeyboardInterrupt.
    """

    def __init__(self, summary: Summary) -> None:
        self._summary = summary
        self._executor: Executor | None = None
        self._before: dict[signal.Signals, object] = {}

    def __enter__(self) -> _Interruption:
        if threading.current_thread() is threading.main_thread():
            self._before = {number: signal.signal(number, self._on_signal) for number in _SIGNALS}
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)  # type: ignore[arg-type]

    @contextlib.contextmanager
    def stopping(self, executor: Executor) -> Iterator[None]:
        """Let signals inside the block stop this executor."""
        self._executor = executor
        try:
            yield
        finally:
            self._executor = None

    def _on_signal(self, number: int, _: FrameType | None) -> None:
        is_second = self._summary.interrupted_by is not None
        self._summary.interrupted_by = _SIGNALS[signal.Signals(number)]
        if self._executor is not None:
            self._executor.stop()
        elif is_second:
            raise KeyboardInterrupt
