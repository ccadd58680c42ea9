"""ffmpeg as a subprocess that can be killed.

An untrusted file is never decoded in our own process: ffmpeg gets it by its absolute path, may open
nothing but files, leads a process group of its own and dies with us.
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import threading
from collections.abc import Sequence

from pipeline.errors import FailureCode, SourceError
from pipeline.host.ffmpeg import ffmpeg_command
from pipeline.source import Source
from pipeline.videos import pipereader
from pipeline.videos.pipereader import PipeReader

MAX_FRAME_PIXELS = 1 << 25
"""8K (7680x4320) and a little more: ffmpeg holds about a dozen frames, 100 MB each at that size."""

_DEMUXERS = "mov,matroska,avi,mpegts,mpeg,mpegvideo,asf,flv,dv,gif,mxf,ogg"
"""The demuxers that may read a file; none follows references to other files (as HLS, concat, image2 do)."""
_RENUMBERED = ("-merge_pmt_versions", "1")
"""If a broadcast changes the packet identifiers of its streams, they go on as the same streams."""
_QUIET = ("-hide_banner", "-nostdin", "-nostats")
_MAX_NOTES = 2000
_MAX_NOTE_CHARS = 1000
_MAX_LINE_BYTES = 1 << 16
_LINE = re.compile(r"(?P<source>.*?)\[(?P<level>panic|fatal|error|warning|info)\] (?P<text>.*)", re.DOTALL)
"""A line of ffmpeg's with `-loglevel level+...`: `[h264 @ 0x5581] [error] no frame!`."""


def input_arguments(source: Source, max_pixels: int = MAX_FRAME_PIXELS) -> tuple[str, ...]:
    """Arguments for reading a file: one decoding thread, times as they stand in the file.

    Args:
        source: the file.
        max_pixels: decoders refuse what is larger before they allocate it.
    """
    return (
        *("-threads", "1", "-max_pixels", str(max_pixels), "-max_error_rate", "1"),
        *("-copyts", "-seek_timestamp", "1"),
        *safe_input(source.path, source.format),
    )


def safe_input(path: str, container: str = "") -> tuple[str, ...]:
    """Arguments that make an untrusted file an input, and let it lead to no other.

    Args:
        path: as `os.fsdecode` gives it.
        container: a word of `pipeline.formats.FORMATS`, if it is known.
    """
    return (
        *(_RENUMBERED if container == "mpegts" else ()),
        *("-protocol_whitelist", "file,pipe", "-format_whitelist", _DEMUXERS),
        *("-i", f"file:{os.path.abspath(path)}"),
    )


class StderrParser(threading.Thread):
    """Reads what ffmpeg prints and keeps the few lines that matter.

    Read its attributes after `Ffmpeg.end`.

    Args:
        pipe: ffmpeg's standard error.

    Attributes:
        notes: the first lines of level info, and warnings about the reading of the container.
        first_error: the first line of level error or worse, which is nearest to the cause; empty if there
            is none.
        decoder_errors: refused packets and damaged frames, as ffmpeg's wrapper of decoders reports them.
            Decoders themselves also complain where a segment merely begins.
        container_errors: errors in reading the file.
    """

    def __init__(self, pipe: PipeReader) -> None:
        super().__init__(daemon=True)
        self._pipe = pipe
        self.notes: list[str] = []
        self.first_error = ""
        self.decoder_errors = 0
        self.container_errors = 0
        self.start()

    def run(self) -> None:
        """Read to the end."""
        pending = b""
        while read := self._pipe.read_some():
            *lines, pending = (pending + read).split(b"\n")
            for line in lines:
                self._parse(line.decode("utf-8", "replace"))
            pending = pending[:_MAX_LINE_BYTES]
        self._parse(pending.decode("utf-8", "replace"))

    def _parse(self, line: str) -> None:
        found = _LINE.match(line)
        if found is None:
            return
        source, level, text = found["source"], found["level"], found["text"]
        if level == "info":
            self._note(text)
            return
        if "[dec:" in source:
            self.decoder_errors += 1
        if level == "warning":
            if source.startswith("[in#"):
                self._note(text)
            return
        if source.startswith("[in#"):
            self.container_errors += 1
        self.first_error = self.first_error or text.strip()

    def _note(self, text: str) -> None:
        if len(self.notes) < _MAX_NOTES:
            self.notes.append(text[:_MAX_NOTE_CHARS])


class Ffmpeg:
    """One ffmpeg at work; a context manager that leaves no process behind.

    Start it from the thread that lives as long as the process: on Linux the kernel kills ffmpeg with it.

    Args:
        arguments: all but the name; text as `os.fsdecode` gives it. They name `pipes` by their `url`.
        pipes: what it writes to; closed at the end.
        log_level: info, warning or error.
        stdin: a descriptor that it reads from, for arguments with `pipe:0`; nothing by default.

    Raises: SourceError: it cannot be started.
    """

    def __init__(
        self,
        arguments: Sequence[str],
        pipes: Sequence[PipeReader],
        log_level: str,
        *,
        stdin: int = subprocess.DEVNULL,
    ) -> None:
        self._pipes = (*pipes, errors := PipeReader())
        try:
            self._process = subprocess.Popen(
                ffmpeg_command((*_QUIET, "-loglevel", f"level+{log_level}", *arguments)),
                stdin=stdin,
                stdout=subprocess.DEVNULL,
                stderr=errors.write_end,
                pass_fds=[pipe.write_end for pipe in pipes],
                process_group=0,
                env={name: value for name, value in os.environ.items() if name != "FFREPORT"},
            )
        except BaseException:
            self._close()
            raise
        for pipe in self._pipes:
            pipe.close_write_end()
        self.stderr = StderrParser(errors)

    def __enter__(self) -> Ffmpeg:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def end(self, timeout_s: float | None = None) -> int:
        """Wait for it to end by itself, as it does once it has closed its pipes.

        Returns: its exit status.
        Raises: SourceError: it does not end, or something killed it.
        """
        timeout_s = pipereader.TIMEOUT_S if timeout_s is None else timeout_s
        try:
            status = self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            raise SourceError(
                FailureCode.DECODER_TIMEOUT, f"ffmpeg did not end within {timeout_s:g} s and was killed"
            ) from None
        self.stderr.join()
        if status < 0:
            name = signal.Signals(-status).name
            raise SourceError(FailureCode.DECODER_FAILED, f"ffmpeg was killed by {name} while decoding it")
        return status

    def kill(self) -> None:
        """End it and whatever it started, whatever they do."""
        if self._process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        self.stderr.join()
        self._close()

    def _close(self) -> None:
        for pipe in self._pipes:
            pipe.close()
