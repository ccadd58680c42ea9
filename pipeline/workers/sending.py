"""What a worker process sends to the parent while it works: results, log records, heartbeats."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from multiprocessing.connection import Connection

from pipeline.workers.messages import LogLine, Message

HEARTBEAT_S = 2.0
"""The least time between two heartbeats of a worker that mines a segment."""


class MessageSender:
    """Sends messages one at a time, whichever of the process's threads they come from.

    Args:
        connection: to the parent.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._lock = threading.Lock()

    def send(self, message: Message) -> None:
        """Send one message; blocks while the pipe is full."""
        with self._lock:
            self._connection.send(message)


class FrameCounter:
    """Counts the frames of a segment; called after each one.

    Args:
        report: called with the count, at most once every `HEARTBEAT_S`.
    """

    def __init__(self, report: Callable[[int], None]) -> None:
        self._report = report
        self._next = time.monotonic() + HEARTBEAT_S
        self._frames = 0

    def __call__(self) -> None:
        """Count a frame, and report the count if it is time."""
        self._frames += 1
        if time.monotonic() >= self._next:
            self._report(self._frames)
            self._next = time.monotonic() + HEARTBEAT_S


def log_to(sender: MessageSender) -> None:
    """Send all log records of this process to the parent, which knows where they go."""
    logging.basicConfig(handlers=[_LogSender(sender)], force=True)


class _LogSender(logging.Handler):
    """Sends each record with its traceback as a `LogLine`."""

    def __init__(self, sender: MessageSender) -> None:
        super().__init__()
        self.setFormatter(logging.Formatter("%(message)s"))  # or basicConfig would choose one
        self._sender = sender

    def emit(self, record: logging.LogRecord) -> None:
        """Send one record."""
        try:
            once = hasattr(record, "once_a_run")
            self._sender.send(LogLine(record.levelno, record.name, self.format(record), once))
        except Exception:  # logging's own convention: a log line never stops the program
            self.handleError(record)
