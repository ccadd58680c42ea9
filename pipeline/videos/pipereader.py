"""A pipe from another program, read with a timeout."""

from __future__ import annotations

import contextlib
import fcntl
import os
import select
import threading
from collections.abc import Iterator

from pipeline.errors import FailureCode, SourceError

TIMEOUT_S = 60.0
"""How long ffmpeg may write nothing while a reader waits for it."""

_CHUNK = 1 << 16
_WIDE_PIPE_BYTES = 1 << 20
"""For pixels: the most that Linux allows every user. A frame then takes a few context switches."""


class PipeReader:
    """A pipe that ffmpeg writes to and this process reads, with a timeout.

    Args:
        timeout_s: how long each wait for data may take; None: `TIMEOUT_S`.
        wide: ask the system for a pipe that holds more, for pixels.
    """

    def __init__(self, timeout_s: float | None = None, *, wide: bool = False) -> None:
        self._timeout_s = TIMEOUT_S if timeout_s is None else timeout_s
        self._read_end, self.write_end = os.pipe()
        self._pending = bytearray()
        self._collector: Collector | None = None
        self._poll = select.poll()
        self._poll.register(self._read_end, select.POLLIN)
        if wide and hasattr(fcntl, "F_SETPIPE_SZ"):
            with contextlib.suppress(OSError):  # the user's pipe memory is used up: slower, no worse
                fcntl.fcntl(self.write_end, fcntl.F_SETPIPE_SZ, _WIDE_PIPE_BYTES)

    @property
    def url(self) -> str:
        """The name of this pipe in ffmpeg's arguments."""
        return f"pipe:{self.write_end}"

    def read_into(self, buffer: memoryview) -> bool:
        """Fill a buffer of bytes; False if ffmpeg closes the pipe before it is full.

        Raises: SourceError: the wait timed out.
        """
        filled = 0
        while filled < len(buffer):
            self._wait()
            count = os.readv(self._read_end, [buffer[filled:]])
            if not count:
                return False
            filled += count
        return True

    def read_line(self) -> bytes | None:
        """The next line without its end; None if ffmpeg closes the pipe before the line is complete.

        Raises: SourceError: the wait timed out.
        """
        while (end := self._pending.find(b"\n")) < 0:
            self._wait()
            read = os.read(self._read_end, _CHUNK)
            if not read:
                return None
            self._pending += read
        line = bytes(self._pending[:end])
        del self._pending[: end + 1]
        return line

    def iter_lines(self) -> Iterator[bytes]:
        """All remaining lines, as `read_line` returns them, with less work for each."""
        while True:
            self._wait()
            read = os.read(self._read_end, _CHUNK)
            if not read:
                return
            *lines, rest = (self._pending + read).split(b"\n")
            self._pending = rest
            yield from map(bytes, lines)

    def read_some(self) -> bytes:
        """The next bytes, waiting without a timeout; empty at the end."""
        return os.read(self._read_end, _CHUNK)

    def collect(self, limit_bytes: int = 1 << 20) -> Collector:
        """Start a thread that empties this pipe, so that ffmpeg never blocks on it.

        Args:
            limit_bytes: how much is kept; the rest is discarded.
        """
        self._collector = Collector(self, limit_bytes)
        return self._collector

    def close_write_end(self) -> None:
        """Close this process's write end, so that the pipe ends when ffmpeg does."""
        if self.write_end >= 0:
            os.close(self.write_end)
            self.write_end = -1

    def close(self) -> None:
        """Close both ends. No process may still be writing to the pipe."""
        self.close_write_end()
        if self._collector is not None:
            self._collector.join()
        if self._read_end >= 0:
            os.close(self._read_end)
            self._read_end = -1

    def _wait(self) -> None:
        if not self._poll.poll(self._timeout_s * 1000):
            raise SourceError(
                FailureCode.DECODER_TIMEOUT, f"ffmpeg gave nothing for {self._timeout_s:g} s and was killed"
            )


class Collector(threading.Thread):
    """Reads a pipe in a thread and keeps what it reads; see `PipeReader.collect`."""

    def __init__(self, pipe: PipeReader, limit_bytes: int) -> None:
        super().__init__(daemon=True)
        self._pipe = pipe
        self._limit_bytes = limit_bytes
        self._kept = bytearray()
        self.start()

    def run(self) -> None:
        """Read to the end."""
        while read := self._pipe.read_some():
            self._kept += read[: max(0, self._limit_bytes - len(self._kept))]

    def lines(self) -> list[str]:
        """Wait until ffmpeg closes the pipe, and return the lines that came."""
        self.join()
        return self._kept.decode("utf-8", "replace").splitlines()
