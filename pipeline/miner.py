"""One run: from a command's options to a summary of what became of every input."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from pipeline.component import Writer
from pipeline.config import load_class, read_config
from pipeline.cores import usable_cores
from pipeline.errors import ExitCode, UsageError
from pipeline.logs import own_level
from pipeline.outcome import Outcome, Status, Summary
from pipeline.outputs import check_writable, output_path, printable, sweep_parts
from pipeline.source import Limits, Source
from pipeline.walk import iter_sources
from pipeline.workerprocess import Assignment
from pipeline.workers import SerialWorkers, Workers, Workforce

_log = logging.getLogger(__name__)

_SIGNALS = {signal.SIGINT: ExitCode.INTERRUPTED, signal.SIGTERM: ExitCode.TERMINATED}


@dataclass(frozen=True)
class Options:
    """What a run is asked to do.

    Args:
        input: a photo or a folder.
        output: the folder that mirrors INPUT's folders.
        pipeline: the pipeline file.
        workers: processes at most; None: one a usable core; 0: none, mine in this process.
        timeout_s: how long one photo may take.
        max_megapixels: larger photos are refused before they are decoded.
        follow_links: whether links to folders are followed.
        allow_plugins: whether a pipeline file may name code from outside.
    """

    input: str
    output: str
    pipeline: str
    workers: int | None = None
    timeout_s: float = 120.0
    max_megapixels: float = 150.0
    follow_links: bool = False
    allow_plugins: bool = False


def mine(options: Options, on_outcome: Callable[[Outcome], None]) -> Summary:
    """Mine INPUT into OUTPUT.

    Args:
        options: what to do.
        on_outcome: called with each input's outcome as it comes.
    Raises: MinerError: the command line, the pipeline file or the machine does not allow the run.
    """
    began = time.monotonic()
    config = read_config(options.pipeline, allow_plugins=options.allow_plugins)
    output_root = _check_places(options)
    if not any(issubclass(load_class(component.target), Writer) for component in config.components):
        _log.warning("%s: no component writes anything", printable(options.pipeline))
    limits = Limits(max_pixels=round(options.max_megapixels * 1e6))
    workforce = _workforce(options, Assignment(config, output_root, limits, own_level()))
    summary = Summary()

    def count(outcome: Outcome) -> None:
        summary.add(outcome)
        on_outcome(outcome)

    sources = _mineable(options, output_root, summary, count)
    with (
        _stopped_by_signals(workforce, summary),
        contextlib.closing(workforce.mine(sources)) as outcomes,
        contextlib.suppress(KeyboardInterrupt),  # how the serial twin is stopped at once
    ):
        for outcome in outcomes:
            count(outcome)
    summary.elapsed_s = time.monotonic() - began
    return summary


def _check_places(options: Options) -> Path:
    """INPUT is there, OUTPUT is another place and can be written; OUTPUT's absolute path."""
    if not os.path.lexists(options.input):
        raise UsageError(f'"{printable(options.input)}": there is no such INPUT file or folder')
    if not options.output:
        raise UsageError('"": OUTPUT is no folder\'s name; name one, or . for this one')
    output_root = Path(options.output).absolute()
    both_folders = os.path.isdir(options.input) and os.path.isdir(output_root)
    if both_folders and os.path.samefile(options.input, output_root):
        raise UsageError(
            f"{printable(output_root)}: OUTPUT is INPUT itself; choose another folder, "
            "so that annotated copies are not mined and nothing of yours is replaced"
        )
    check_writable(output_root)
    return output_root


def _workforce(options: Options, assignment: Assignment) -> Workforce:
    places = f"{printable(options.input)} into {printable(assignment.output_root)}"
    if options.workers == 0:
        _log.info("mining %s in this process", places)
        return SerialWorkers(assignment)
    count = options.workers or usable_cores()
    _log.info("mining %s with up to %d worker process%s", places, count, "" if count == 1 else "es")
    return Workers(assignment, count, options.timeout_s)


def _mineable(
    options: Options, output_root: Path, summary: Summary, count: Callable[[Outcome], None]
) -> Iterator[Source]:
    """The sources of INPUT until a signal comes; what is passed over on the way is counted.

    Each output folder is rid of a killed run's unfinished files before it is used.
    """
    swept = None
    for source in iter_sources(options.input, output_root=output_root, follow_links=options.follow_links):
        if summary.interrupted_by is not None:
            return
        if isinstance(source, Source):
            folder = output_path(output_root, source.relative, "").parent
            if folder != swept:
                sweep_parts(folder)
                swept = folder
            yield source
        else:
            status = Status.FAILED if source.failed else Status.IGNORED
            count(Outcome(source.path, status, source.code, source.sentence))


@contextlib.contextmanager
def _stopped_by_signals(workforce: Workforce, summary: Summary) -> Iterator[None]:
    """Ctrl-C and SIGTERM stop the workforce instead of this process, and are noted in the summary."""

    def on_signal(number: int, _: FrameType | None) -> None:
        summary.interrupted_by = _SIGNALS[signal.Signals(number)]
        workforce.stop()

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, on_signal) for number in _SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
