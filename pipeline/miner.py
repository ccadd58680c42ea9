"""One run: from a command's options to a summary of what became of every input."""

from __future__ import annotations

import contextlib
import logging
import signal
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import FrameType

from pipeline.catalog import writer_types
from pipeline.config.config import read_config
from pipeline.config.warnings import iter_doubts
from pipeline.errors import ExitCode, MinerError
from pipeline.files.lock import lock_output
from pipeline.files.outputs import check_writable, sweep_parts, sweep_tree
from pipeline.host.cores import usable_cores
from pipeline.host.logs import own_level
from pipeline.host.memory import free_bytes
from pipeline.ledger.ledger import Ledger
from pipeline.outcome import Outcome, Summary
from pipeline.runs.bookkeeping import Bookkeeping, rebuild_if_empty
from pipeline.runs.options import Options, check_places, context_of, iter_found, limits_of, selection_of
from pipeline.runs.prune import iter_orphans, remove_outputs
from pipeline.runs.selection import Selection
from pipeline.source import Source
from pipeline.text import printable
from pipeline.workers.capacity import capacity, worker_bytes
from pipeline.workers.executor import Executor, SerialExecutor
from pipeline.workers.messages import WorkerSettings
from pipeline.workers.pool import WorkerPool

_log = logging.getLogger(__name__)

NICE = 10
"""How far workers give way unless somebody says otherwise: far enough for a film on a home server."""
_SIGNALS = {signal.SIGINT: ExitCode.INTERRUPTED, signal.SIGTERM: ExitCode.TERMINATED}


def mine(options: Options, on_outcome: Callable[[Outcome], None], summary: Summary | None = None) -> Summary:
    """Mine INPUT into OUTPUT.

    Args:
        options: what to do.
        on_outcome: called with each input's outcome as it comes.
        summary: an empty one to count in, for a caller who wants to know what an error leaves undone.
    Raises: MinerError: the command line, the pipeline file or the machine does not allow the run.
    """
    began = time.monotonic()
    summary = Summary() if summary is None else summary
    config = read_config(options.pipeline, allow_plugins=options.allow_plugins)
    output_root = check_places(options)
    for doubt in iter_doubts(config):
        _log.warning("%s: %s", printable(options.pipeline), doubt)
    check_writable(output_root)
    with lock_output(output_root, wait_s=options.wait_lock_s) as was_killed, Ledger(output_root) as ledger:
        if was_killed:
            sweep_tree(output_root)
        context = context_of(options, config)
        rebuild_if_empty(ledger, output_root, context.limits, config.targets)
        selection = selection_of(options, config, ledger, output_root, context)
        books = Bookkeeping(ledger, selection, output_root, context, writer_types(config.targets))
        run = _Run(options, output_root, selection, books, summary, on_outcome)
        try:
            run.mine(_executor(options, WorkerSettings(config, output_root, limits_of(options), own_level())))
            if summary.interrupted_by is None:
                _check_mounted(options, summary, ledger)
                if options.prune:
                    summary.pruned = _prune(ledger, output_root)
                books.mark_told()
        finally:
            if was_killed:  # the workers of that run may have been dying still when this one began
                sweep_tree(output_root)
            summary.elapsed_s = time.monotonic() - began
    return summary


class _Run:
    """One walk through INPUT, with workers for what is to be mined."""

    def __init__(
        self,
        options: Options,
        output_root: Path,
        selection: Selection,
        books: Bookkeeping,
        summary: Summary,
        on_outcome: Callable[[Outcome], None],
    ) -> None:
        self._summary = summary
        self._options = options
        self._output_root = output_root
        self._selection = selection
        self._books = books
        self._on_outcome = on_outcome

    def mine(self, executor: Executor) -> None:
        """Mine what is to be mined, until the end or a signal."""
        with (
            _stopped_by_signals(executor, self._summary),
            contextlib.closing(executor.mine(self._sources())) as outcomes,
            contextlib.suppress(KeyboardInterrupt),  # how the serial twin is stopped at once
        ):
            for outcome in outcomes:
                self._books.note(outcome)
                self._count(outcome)

    def _sources(self) -> Iterator[Source]:
        """What is to be mined, until a signal comes; what is passed over on the way is counted.

        Each output folder is rid of a killed run's unfinished files when the walk comes by.
        """
        swept = None
        for found in iter_found(self._options, self._output_root, self._selection):
            if self._summary.interrupted_by is not None:
                return
            folder = found.relative.rpartition("/")[0]
            if folder != swept:
                sweep_parts(self._output_root / folder)
                swept = folder
            sorted_ = self._books.sort(found)
            if isinstance(sorted_, Source):
                yield sorted_
            else:
                self._count(sorted_)

    def _count(self, outcome: Outcome) -> None:
        self._summary.add(outcome)
        self._on_outcome(outcome)


def _check_mounted(options: Options, summary: Summary, ledger: Ledger) -> None:
    """An INPUT without a single file is no good news where files of another disk were mined from it before.

    Raises: MinerError: the disk is not there.
    """
    if summary.found:
        return
    missing = sum(not certain for _, certain in iter_orphans(ledger))
    if missing:
        raise MinerError(
            f"{printable(options.input)}: there is no file, and {missing:,} that were mined from it are on a "
            "disk that is not there; mount it"
        )


def _prune(ledger: Ledger, output_root: Path) -> int:
    """Remove the outputs of inputs that are gone; how many inputs that were."""
    pruned = kept = 0
    for record, certain in iter_orphans(ledger):
        if certain:
            removed = remove_outputs(record, output_root)
            ledger.forget(record.relative)
            pruned += bool(removed)
            _log.debug("%s is gone; removed %d outputs", printable(record.relative), len(removed))
        else:
            kept += 1
    if kept:
        _log.warning(
            "%s gone, and so is the disk or the folder's content that they were on; "
            "nothing was removed of theirs",
            "1 input is" if kept == 1 else f"{kept:,} inputs are",
        )
    return pruned


def _executor(options: Options, settings: WorkerSettings) -> Executor:
    places = f"{printable(options.input)} into {printable(settings.output_root)}"
    if options.workers == 0:
        _log.info("mining %s in this process", places)
        return SerialExecutor(replace(settings, nice=options.nice or 0))
    carried = capacity(options.workers, usable_cores(), free_bytes(), worker_bytes(settings.config))
    _log.info("mining %s with %s", places, carried.sentence)
    nice = NICE if options.nice is None else options.nice
    settings = replace(settings, nice=nice, memory_bytes=carried.memory_bytes)
    return WorkerPool(settings, carried.workers, options.timeout_s)


@contextlib.contextmanager
def _stopped_by_signals(executor: Executor, summary: Summary) -> Iterator[None]:
    """Ctrl-C and SIGTERM stop the executor instead of this process, and are noted in the summary."""

    def on_signal(number: int, _: FrameType | None) -> None:
        """Note which it was, and begin to stop."""
        summary.interrupted_by = _SIGNALS[signal.Signals(number)]
        executor.stop()

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, on_signal) for number in _SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
