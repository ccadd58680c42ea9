"""Where log lines go: the terminal or standard error, and a file if one is named."""

from __future__ import annotations

import logging
import sys

from pipeline.errors import UsageError

_FORMAT = "%(asctime)s %(levelname)s %(message)s"


class _StderrHandler(logging.Handler):
    """Writes to whatever standard error is now, so that a progress bar can take it over and lift itself."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line."""
        try:
            sys.stderr.write(self.format(record) + "\n")
        except BrokenPipeError:
            raise
        except Exception:  # logging's own convention: a log line never stops the program
            self.handleError(record)


def set_up_logging(level: int, log_file: str | None) -> None:
    """Send log lines of `level` and above to standard error, and to a file where one is named.

    Raises: UsageError: the file cannot be opened.
    """
    handlers: list[logging.Handler] = [_StderrHandler()]
    if log_file is not None:
        try:
            handlers.append(logging.FileHandler(log_file, encoding="utf-8", errors="backslashreplace"))
        except OSError as error:
            raise UsageError(f"{log_file}: the log file cannot be opened ({error.strerror})") from None
    for handler in handlers:
        handler.setFormatter(logging.Formatter(_FORMAT, "%Y-%m-%d %H:%M:%S"))
    logging.basicConfig(level=level, handlers=handlers, force=True)
