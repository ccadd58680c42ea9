"""What a person sees while the miner works, and the summary at the end."""

from __future__ import annotations

import contextlib
import io
import logging
import os
import threading
import time
from collections import Counter
from typing import TYPE_CHECKING, TextIO

from pipeline.outcome import Outcome, Status, Summary
from pipeline.runs.plan import Planned
from pipeline.runs.selection import Reason
from pipeline.text import printable

if TYPE_CHECKING:
    from rich.console import Console

_PLAIN_INTERVAL_S = 30.0
_UNCHANGED_A_STEP = 256
"""So many inputs with nothing to do move the bar together."""
_log = logging.getLogger("visualminer")


class PlainProgress:
    """For pipes, files and cron: a timestamped line now and then through the log."""

    def __init__(self) -> None:
        self._done = self._failed = 0
        self._began = self._spoke = time.monotonic()

    def __enter__(self) -> PlainProgress:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing to put back."""

    def on_outcome(self, outcome: Outcome) -> None:
        """Note one outcome; speak of failures at once, of the rest every half minute."""
        log_outcome(outcome)
        self._done += 1
        self._failed += outcome.status is Status.FAILED
        now = time.monotonic()
        if now - self._spoke >= _PLAIN_INTERVAL_S:
            self._spoke = now
            rate = self._done / (now - self._began)
            files = "1 file" if self._done == 1 else f"{self._done:,} files"
            _log.info("%s done, %s failed, %.1f a second", files, f"{self._failed:,}", rate)


class _LinesAbove(io.TextIOBase):
    """Standard error while there is a bar: lines go above it, and are broken by the terminal alone."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def write(self, text: str) -> int:
        """Print a line."""
        self._console.print(text, end="", soft_wrap=True, markup=False, highlight=False, emoji=False)
        return len(text)


class TerminalProgress:
    """For a person at a terminal: a bar with rate and time left; log lines go above it.

    Args:
        input_path: INPUT, whose files are counted beside the work for the bar's sake.
        output: OUTPUT, whose files do not count if it lies inside.
        stream: the terminal.
    """

    def __init__(self, input_path: str, output: str, stream: TextIO) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}"),
            TimeRemainingColumn(),
            TextColumn("left"),
            console=Console(file=stream),
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._above = contextlib.redirect_stderr(_LinesAbove(self._progress.console))
        self._task = self._progress.add_task("mining", total=None, rate="")
        self._input = input_path
        self._output = output
        self._began = time.monotonic()
        self._done = self._failed = 0
        self._total: int | None = None
        self._over = threading.Event()

    def __enter__(self) -> TerminalProgress:
        self._progress.start()
        self._above.__enter__()
        threading.Thread(target=self._count_files, name="file counter", daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._above.__exit__(None, None, None)
        self._progress.stop()

    def _count_files(self) -> None:
        """A first guess at the number of files; the walk itself knows better what counts."""
        total = 0 if os.path.isdir(self._input) else 1
        output = os.path.realpath(self._output)
        for folder, subfolders, names in os.walk(self._input):
            if self._over.is_set():
                return
            if os.path.realpath(folder) == output:
                subfolders.clear()
            else:
                total += len(names)
        self._total = total
        self._show()

    def on_outcome(self, outcome: Outcome) -> None:
        """Note one outcome and move the bar."""
        log_outcome(outcome)
        self._done += 1
        self._failed += outcome.status is Status.FAILED
        if outcome.status is not Status.UNCHANGED or self._done % _UNCHANGED_A_STEP == 0:
            self._show()

    def _show(self) -> None:
        rate = f"{self._done / max(time.monotonic() - self._began, 1e-3):.1f} a second"
        if self._failed:
            rate += f", {self._failed:,} failed"
        total = self._total and max(self._total, self._done)
        self._progress.update(self._task, completed=self._done, total=total, rate=rate)


_LEVELS = {Status.FAILED: logging.ERROR}
"""Failures always show, and what was mined in part; the others with --verbose and in a log file."""


def log_outcome(outcome: Outcome) -> None:
    """One log line for one input; what has not changed is only counted: it comes by the ten thousand."""
    level = logging.WARNING if outcome.is_partial else _LEVELS.get(outcome.status, logging.DEBUG)
    if outcome.status is Status.UNCHANGED or not _log.isEnabledFor(level):
        return
    path, sentence = printable(outcome.path), printable(outcome.sentence)
    fields = {"file": path, "status": str(outcome.status)}
    if outcome.code is not None:
        fields["code"] = str(outcome.code)
    code = f" ({outcome.code})" if outcome.status is Status.FAILED else ""
    reason = f": {sentence}" if sentence else ""
    _log.log(level, "%s: %s%s%s", path, outcome.status, code, reason, extra={"fields": fields})


def summary_text(summary: Summary, output: str, *, where_more: str = "logged above") -> str:
    """The end of a run's output: each failure with its reason, then one line that says what was done.

    Args:
        summary: of the run.
        output: the output folder, as the command line names it.
        where_more: where to find the failures that the summary does not keep.
    """
    lines = [
        f"  {printable(failure.path)}: {failure.code}: {printable(failure.sentence)}"
        for failure in summary.failures
    ]
    if summary.failed > len(summary.failures):
        lines.append(f"  and {summary.failed - len(summary.failures):,} more, {where_more}")
    return "\n".join([*lines, final_line(summary, output)])


def final_line(summary: Summary, output: str) -> str:
    """What was done, in one line that can be mailed."""
    elapsed, photos = summary.elapsed_s, summary.mined - summary.videos
    mined = [_counted(photos, "photo")] if photos or not summary.videos else []
    mined += [_counted(summary.videos, "video")] if summary.videos else []
    failed = f", {summary.failed:,} failed (see above)" if summary.failed else ""
    beside = [f"{summary.mined / elapsed:.1f} a second"] if summary.mined and elapsed > 0 else []
    for count, words in (
        (summary.partial, "partial (cut off or damaged)"),
        (summary.unchanged, "unchanged"),
        (summary.renamed, "known under another name"),
        (summary.left_alone, "left alone that failed before"),
        (summary.ignored, "ignored"),
        (summary.pruned, "gone and their outputs removed"),
    ):
        beside += [f"{count:,} {words}"] if count else []
    parts = [f"mined {' and '.join(mined)} in {_duration(elapsed)}{failed}"]
    parts += [", ".join(beside)] if beside else []
    parts += ["interrupted, another run goes on from here"] if summary.interrupted_by is not None else []
    parts += [f"results are in {printable(output)}"] if summary.mined or summary.renamed else []
    return "; ".join(parts)


def planned_text(planned: Planned) -> str:
    """One line of a dry run."""
    path = printable(planned.path)
    if planned.reason is None:
        return f"would remove the outputs of what is gone: {path}"
    verb = "mine" if planned.reason.is_mined else "rename the outputs of"
    return f"would {verb} ({planned.reason}): {path}"


def plan_text(planned: Counter[Reason | None]) -> str:
    """The last line of a dry run."""
    mined = {reason: count for reason, count in planned.items() if reason is not None and reason.is_mined}
    reasons = ", ".join(f"{count:,} {reason}" for reason, count in sorted(mined.items()))
    parts = [f"would mine {_counted(sum(mined.values()), 'file')}" + (f" ({reasons})" if reasons else "")]
    if renamed := planned[Reason.RENAMED]:
        parts.append(f"would rename the outputs of {renamed:,}")
    if gone := planned[None]:
        parts.append(f"would remove the outputs of {gone:,} that are gone")
    return "; ".join(parts)


def _counted(count: int, word: str) -> str:
    return f"1 {word}" if count == 1 else f"{count:,} {word}s"


def _duration(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"
