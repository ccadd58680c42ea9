"""Where log lines go: the terminal or standard error, and a file if one is named."""

from __future__ import annotations

import json
import logging
import sys
from datetime import datetime
from logging.handlers import WatchedFileHandler
from typing import Any, Literal

from pipeline.errors import UsageError
from pipeline.text import escaped, printable

NOTICE = logging.INFO + 5
"""Level of messages that are shown above a progress bar too: above INFO, below WARNING."""

ONCE_A_RUN = {"once_a_run": True}
"""`extra` of a message that several workers may log; only the first one of a run is shown."""

logging.addLevelName(NOTICE, "NOTICE")

_OWN_LOGGERS = (
    *(
        "annotators",
        "cli",
        "cluster",
        "detectors",
        "pipeline",
        "recognizers",
        "reporters",
        "search",
        "visualminer",
    ),
)


class _LineFormatter(logging.Formatter):
    """One line with its time; warnings and errors name their level."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(message)s", "%Y-%m-%d %H:%M:%S")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's own name
        """The line without the traceback."""
        if record.levelno >= logging.WARNING:
            record.message = f"{record.levelname.lower()}: {record.message}"
        return super().formatMessage(record)

    def format(self, record: logging.LogRecord) -> str:
        """The line and its traceback, with control characters escaped."""
        lines = super().format(record).split("\n")
        return "\n".join(escaped(line) for line in lines)


class _JsonFormatter(logging.Formatter):
    """One JSON object a line, for programs; an input's outcome has fields of its own beside the message."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        shown: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created).astimezone().isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        shown |= getattr(record, "fields", {})
        if record.exc_info:
            shown["traceback"] = self.formatException(record.exc_info)
        return json.dumps(shown)


class _StderrHandler(logging.Handler):
    """Writes to `sys.stderr` as it is now: a progress bar replaces it to keep itself below the log lines."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line."""
        try:
            sys.stderr.write(self.format(record) + "\n")
        except BrokenPipeError:
            raise
        except Exception:  # logging's own convention: a log line never stops the program
            self.handleError(record)


class _RotatedFileHandler(WatchedFileHandler):
    """Reopens its file when logrotate has moved it."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line."""
        try:
            super().emit(record)
        except Exception:  # such as a removed folder: a log line never stops the program
            self.handleError(record)


def set_up_logging(level: int, log_file: str | None, log_format: Literal["text", "json"] = "text") -> None:
    """Send log lines to standard error, and to a file where one is named.

    Args:
        level: the lowest level that goes to standard error.
        log_file: a file that all levels are appended to; None for none.
        log_format: of both.
    Raises: UsageError: the file cannot be opened.
    """
    on_stderr = _StderrHandler()
    on_stderr.setLevel(level)
    handlers: list[logging.Handler] = [on_stderr]
    if log_file is not None:
        try:
            handlers.append(_RotatedFileHandler(log_file, encoding="utf-8", errors="backslashreplace"))
        except OSError as error:
            raise UsageError(
                f"{printable(log_file)}: the log file cannot be opened ({error.strerror}); name another"
            ) from None
        level = logging.DEBUG
    for handler in handlers:
        handler.setFormatter(_JsonFormatter() if log_format == "json" else _LineFormatter())
    logging.raiseExceptions = False  # or a log file on a full disk would cost a traceback a line
    logging.basicConfig(handlers=handlers, force=True)
    set_levels(level)


def set_levels(level: int) -> None:
    """Set the lowest level of this project's loggers; that of libraries' loggers is at least WARNING."""
    logging.getLogger().setLevel(max(level, logging.WARNING))
    for name in _OWN_LOGGERS:
        logging.getLogger(name).setLevel(level)


def own_level() -> int:
    """The level that `set_levels` was given."""
    return logging.getLogger(_OWN_LOGGERS[0]).getEffectiveLevel()
