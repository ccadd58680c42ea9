"""The parent's side of one worker process: start it, send it errands, hear its last words, see its end."""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import time
from typing import Any

from pipeline.errands import Errand
from pipeline.outputs import output_path, sweep_parts
from pipeline.processes import start_method
from pipeline.workerprocess import Assignment, run_worker

LOAD_TIMEOUT_S = 1800.0
"""Loading may include compiling a network, which is minutes on a small machine."""
NOISE_BYTES = 4096
"""How much of a worker's last words is kept."""

_log = logging.getLogger(__name__)


class Worker:
    """The parent's side of one worker process, which begins to load at once.

    Args:
        number: of its name.
        assignment: what it is told.
    Attributes:
        errand: what it has in hand, or will have as soon as it is ready.
        handed: whether it was sent that.
        loading, ready: what it has said of itself.
        was_killed: whether it ended by SIGKILL; known after `end`.
        deadline: on the monotonic clock; who has not spoken by then hangs.
        connection, noise: where its messages, and whatever it printed, come in.
    Raises: OSError: no process, or no pipe, is to be had.
    """

    def __init__(self, number: int, assignment: Assignment) -> None:
        self.errand: Errand | None = None
        self.loading = self.ready = self.handed = self.was_killed = False
        self.deadline = time.monotonic() + LOAD_TIMEOUT_S
        self._output_root = assignment.output_root
        self._last_words = b""
        self.connection, theirs = multiprocessing.Pipe()
        self.noise, their_noise = multiprocessing.Pipe(duplex=False)
        context: Any = multiprocessing.get_context(start_method())
        self._process = context.Process(
            target=run_worker,
            args=(theirs, their_noise, os.getpid()),
            name=f"worker-{number}",
            daemon=True,
        )
        with theirs, their_noise:
            self._start()
        self._send(assignment)

    def _start(self) -> None:
        """Start with our signals blocked, so that a Ctrl-C cannot hit the child before it is ready for it."""
        before = signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGINT, signal.SIGTERM))
        try:
            self._process.start()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)

    def _send(self, message: Assignment | Errand | None) -> bool:
        try:
            self.connection.send(message)
        except ConnectionError:  # it just died: reading from it says so
            return False
        return True

    def hand(self, timeout_s: float) -> None:
        """Send the errand in hand; its deadline begins."""
        self.handed = self._send(self.errand)
        self.deadline = time.monotonic() + timeout_s

    def hear_noise(self) -> None:
        """Take what it printed out of its way, and keep the last of it to explain a crash."""
        printed = os.read(self.noise.fileno(), 1 << 16)
        self._last_words = (self._last_words + printed)[-NOISE_BYTES:]
        if not printed:
            self.noise.close()

    def end(self, patience_s: float = 0.0) -> str:
        """See the process end, kill it if it does not, and clean up behind it; how it ended, in words."""
        self._process.join(patience_s)
        self._process.kill()
        self._process.join()
        if self.errand is not None:
            folder = output_path(self._output_root, self.errand.source.relative, "").parent
            sweep_parts(folder, self._process.pid)
        if not self.noise.closed and self.noise.poll():
            self.hear_noise()
        self.was_killed = self._process.exitcode == -signal.SIGKILL
        how = _how_it_ended(self._process.exitcode or 0, self._last_words.decode("utf-8", "replace").strip())
        self.connection.close()
        self.noise.close()
        self._process.close()
        return how


def _how_it_ended(code: int, last_words: str) -> str:
    """A process's exit code (negative: a signal's number) as the rest of a sentence."""
    if code >= 0:
        return f"ended with exit status {code}" + (f" ({last_words.splitlines()[-1]})" if last_words else "")
    if last_words:
        _log.debug("what a worker that was ended had printed last:\n%s", last_words)
    if code == -signal.SIGKILL:
        return "was killed by SIGKILL, as happens when memory runs out"
    known = {number.value: number.name for number in signal.Signals}
    return f"was killed by {known.get(-code, f'signal {-code}')}"
