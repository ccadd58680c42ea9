"""Progress of a run: a bar on a terminal, log lines elsewhere."""

from __future__ import annotations

import contextlib
import io
import logging
import time
from typing import TYPE_CHECKING, TextIO

from pipeline.host.logs import NOTICE
from pipeline.outcome import Outcome, Status
from pipeline.runs.filecounter import FileCounter
from pipeline.runs.videoestimate import VideoEstimate
from pipeline.runs.videospeed import VideoSpeed
from pipeline.text import counted, printable, roughly
from pipeline.videos.progress import VideoProgress

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import TaskID

_FILES_INTERVAL_S = 30.0
_FRAMES_INTERVAL_S = 60.0
"""How often log lines say how far a run, and the videos in it, have got."""
_STEP = 256
"""The bar moves once for so many inputs that are unchanged, or checked by `--prune`."""
_SPEED_PERIOD_S = 120.0
"""The bar's time left is estimated from the last two minutes; frames are counted every few seconds."""
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
    """For pipes, files and cron: log lines now and then.

    Args:
        input_path: INPUT; its files are counted in a thread once a run has lasted long enough for a log line.
        output: OUTPUT, whose files are not counted if it lies inside INPUT.
    """

    def __init__(self, input_path: str, output: str) -> None:
        self._counts, self._speed = _Counts(), VideoSpeed()
        self._files = FileCounter(input_path, output)
        self._estimate = VideoEstimate(lambda: self._files.videos)
        self._logged_at = self._frames_logged_at = time.monotonic()
        self._done_before = 0

    def __enter__(self) -> PlainProgress:
        return self

    def __exit__(self, *_: object) -> None:
        self._files.stop()

    def on_outcome(self, outcome: Outcome) -> None:
        """Count one outcome, and log how far the run is if it is time."""
        log_outcome(outcome)
        self._counts.add(outcome)
        self._speed.on_end(outcome.path)
        self._estimate.on_outcome(outcome)
        self._log_files()

    def on_video(self, progress: VideoProgress) -> None:
        """Note how far a video is, and log it if it is time: a minute after the last such line."""
        now = time.monotonic()
        if not self._speed.is_active:
            self._frames_logged_at = now
        self._speed.on_video(progress)
        self._files.start()
        log_estimate(self._estimate, progress)
        if now - self._frames_logged_at >= _FRAMES_INTERVAL_S:
            self._frames_logged_at = now
            _log.info("%s", self._speed.sentence())

    def on_pruning(self, doing: str, done: int, total: int) -> None:
        """Log how far `--prune` has got: at the beginning of each step, then every half minute."""
        if self._is_time() is not None or not done:
            _log.info("%s: %s of %s", doing, f"{done:,}", f"{total:,}")

    def _log_files(self) -> None:
        since_s = self._is_time()
        if since_s is None:
            return
        counts, total = self._counts, self._files.total
        files = counted(counts.done, "file")
        left = ""
        if total is not None and total > counts.done > self._done_before:
            files = f"{counts.done:,} of {counted(total, 'file')}"
            left_s = (total - counts.done) * since_s / (counts.done - self._done_before)
            left = f", about {roughly(left_s)} left"
        self._done_before = counts.done
        self._files.start()
        _log.info(
            "%s done, %s mined, %s failed, %s%s",
            *(files, f"{counts.mined:,}", f"{counts.failed:,}", counts.rate(), left),
        )

    def _is_time(self) -> float | None:
        """The seconds since the last line about files; None if it is too early for another."""
        now = time.monotonic()
        since_s = now - self._logged_at
        if since_s < _FILES_INTERVAL_S:
            return None
        self._logged_at = now
        return since_s


class _LinesAbove(io.TextIOBase):
    """Standard error while there is a bar: prints lines above it and leaves wrapping to the terminal."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def write(self, text: str) -> int:
        """Print a line."""
        self._console.print(text, end="", soft_wrap=True, markup=False, highlight=False, emoji=False)
        return len(text)


class TerminalProgress:
    """For a terminal: a bar of files with rate and time left, one of frames below it while videos are mined.

    Log lines are printed above.

    Args:
        input_path: INPUT; a thread counts its files to know the bar's length.
        output: OUTPUT, whose files are not counted if it lies inside INPUT.
        stream: the terminal.
    """

    def __init__(self, input_path: str, output: str, stream: TextIO) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

        from pipeline.runs.timeleft import TimeLeft

        self._progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}", markup=False),
            TimeLeft(),
            console=Console(file=stream),
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
            speed_estimate_period=_SPEED_PERIOD_S,
        )
        self._above = contextlib.redirect_stderr(_LinesAbove(self._progress.console))
        self._task = self._progress.add_task("mining", total=None, rate="", is_known=True)
        self._frames_task: TaskID | None = None
        self._files = FileCounter(input_path, output, self._show)
        self._counts, self._speed = _Counts(), VideoSpeed()
        self._estimate = VideoEstimate(lambda: self._files.videos)

    def __enter__(self) -> TerminalProgress:
        self._progress.start()
        self._above.__enter__()
        self._files.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._files.stop()
        self._above.__exit__(None, None, None)
        self._progress.stop()

    def on_outcome(self, outcome: Outcome) -> None:
        """Note one outcome and move the bar."""
        log_outcome(outcome)
        self._counts.add(outcome)
        self._speed.on_end(outcome.path)
        self._estimate.on_outcome(outcome)
        self._show_frames()
        if outcome.status is not Status.UNCHANGED or self._counts.done % _STEP == 0:
            self._show()

    def on_video(self, progress: VideoProgress) -> None:
        """Note how far a video is and move the bar of frames."""
        self._speed.on_video(progress)
        log_estimate(self._estimate, progress)
        self._show_frames()

    def on_pruning(self, doing: str, done: int, total: int) -> None:
        """Let the bar show how far `--prune` has got."""
        if done % _STEP == 0:
            self._progress.update(self._task, description=doing, completed=done, total=total, rate="")

    def _show(self) -> None:
        counts = self._counts
        failed = f", {counts.failed:,} failed" if counts.failed else ""
        total = self._files.total and max(self._files.total, counts.done)
        self._progress.update(self._task, completed=counts.done, total=total, rate=f"{counts.rate()}{failed}")

    def _show_frames(self) -> None:
        """Show the bar of frames while videos are mined."""
        speed = self._speed
        # The files before this video say nothing of how long it takes.
        self._progress.update(self._task, is_known=not speed.is_active)
        if not speed.is_active:
            if self._frames_task is not None:
                self._progress.remove_task(self._frames_task)
                self._frames_task = None
            return
        if self._frames_task is None:
            self._frames_task = self._progress.add_task("", total=None, rate="", is_known=True)
        self._progress.update(
            self._frames_task,
            description=f"frames of {speed.title}",
            completed=speed.done,
            total=speed.total,
            rate=f"{speed.rate():.1f} frames a second",
        )


_LEVELS = {Status.FAILED: logging.ERROR}
"""Failures and partly mined inputs are always shown; the others with --verbose and in a log file."""


def log_outcome(outcome: Outcome) -> None:
    """Log one input's outcome; none of unchanged and known ignored ones: there are very many."""
    if outcome.status is Status.UNCHANGED or outcome.is_old_news:
        return
    level = logging.WARNING if outcome.is_partial else _LEVELS.get(outcome.status, logging.DEBUG)
    if not _log.isEnabledFor(level):
        return
    path, sentence = printable(outcome.path), printable(outcome.sentence)
    fields = {"file": path, "status": str(outcome.status)}
    if outcome.code is not None:
        fields["code"] = str(outcome.code)
    if outcome.machine:
        fields["machine"] = outcome.machine
    code = f" ({outcome.code})" if outcome.status is Status.FAILED else ""
    where = f" on {printable(outcome.machine)}" if outcome.machine else ""
    reason = f": {sentence}" if sentence else ""
    _log.log(level, "%s: %s%s%s%s", path, outcome.status, where, code, reason, extra={"fields": fields})


def log_estimate(estimate: VideoEstimate, progress: VideoProgress) -> None:
    """Log, once, how long a long run over videos takes."""
    if (sentence := estimate.on_video(progress)) is not None:
        _log.log(NOTICE, "%s", sentence)
