"""Progress of a run: a bar on a terminal, log lines elsewhere."""

from __future__ import annotations

import contextlib
import io
import logging
import os
import threading
import time
from typing import TYPE_CHECKING, TextIO

from pipeline.outcome import Outcome, Status
from pipeline.text import printable

if TYPE_CHECKING:
    from rich.console import Console

_PLAIN_INTERVAL_S = 30.0
_STEP = 256
"""The bar moves once for so many inputs that are unchanged, or checked by `--prune`."""
_log = logging.getLogger("visualminer")


class _Counts:
    """Outcomes so far. The rate is that of mining: unchanged files come by the thousand a second."""

    def __init__(self) -> None:
        self.done = self.mined = self.failed = 0
        self._began = time.monotonic()

    def add(self, outcome: Outcome) -> None:
        """Count one outcome."""
        self.done += 1
        self.mined += outcome.status is Status.MINED
        self.failed += outcome.status is Status.FAILED

    def rate(self) -> str:
        """The inputs mined in a second, in words."""
        return f"{self.mined / max(time.monotonic() - self._began, 1e-3):.1f} mined a second"


class PlainProgress:
    """For pipes, files and cron: a log line every half minute."""

    def __init__(self) -> None:
        self._counts = _Counts()
        self._logged_at = time.monotonic()

    def __enter__(self) -> PlainProgress:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing is to be restored."""

    def on_outcome(self, outcome: Outcome) -> None:
        """Count one outcome; a failure is logged at once."""
        log_outcome(outcome)
        counts = self._counts
        counts.add(outcome)
        if self._is_time():
            files = "1 file" if counts.done == 1 else f"{counts.done:,} files"
            _log.info(
                "%s done, %s mined, %s failed, %s",
                *(files, f"{counts.mined:,}", f"{counts.failed:,}", counts.rate()),
            )

    def on_pruning(self, doing: str, done: int, total: int) -> None:
        """Log how far `--prune` has got: at the beginning of each step, then every half minute."""
        if self._is_time() or not done:
            _log.info("%s: %s of %s", doing, f"{done:,}", f"{total:,}")

    def _is_time(self) -> bool:
        now = time.monotonic()
        if now - self._logged_at < _PLAIN_INTERVAL_S:
            return False
        self._logged_at = now
        return True


class _LinesAbove(io.TextIOBase):
    """Standard error while there is a bar: prints lines above it and leaves wrapping to the terminal."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def write(self, text: str) -> int:
        """Print a line."""
        self._console.print(text, end="", soft_wrap=True, markup=False, highlight=False, emoji=False)
        return len(text)


class TerminalProgress:
    """For a terminal: a bar with rate and time left; log lines are printed above it.

    Args:
        input_path: INPUT; a thread counts its files to know the bar's length.
        output: OUTPUT, whose files are not counted if it lies inside INPUT.
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
        self._counts = _Counts()
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
        """Estimate the number of files; the walk itself decides which ones count."""
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
        self._counts.add(outcome)
        if outcome.status is not Status.UNCHANGED or self._counts.done % _STEP == 0:
            self._show()

    def on_pruning(self, doing: str, done: int, total: int) -> None:
        """Let the bar show how far `--prune` has got."""
        if done % _STEP == 0:
            self._progress.update(self._task, description=doing, completed=done, total=total, rate="")

    def _show(self) -> None:
        counts = self._counts
        failed = f", {counts.failed:,} failed" if counts.failed else ""
        total = self._total and max(self._total, counts.done)
        self._progress.update(self._task, completed=counts.done, total=total, rate=f"{counts.rate()}{failed}")


_LEVELS = {Status.FAILED: logging.ERROR}
"""Failures and partly mined inputs are always shown; the others with --verbose and in a log file."""


def log_outcome(outcome: Outcome) -> None:
    """Log one input's outcome; none of an unchanged input, because a collection has very many."""
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
