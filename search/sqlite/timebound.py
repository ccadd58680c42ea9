"""A limit on the time of queries, checked by SQLite's progress handler."""

from __future__ import annotations

import sqlite3
import time
from typing import Any

from search.sql import Clause

_STEPS = 20_000
"""Of SQLite's virtual machine between two looks at the clock: under a millisecond."""


class TimeBound:
    """A context that ends the statements of one question after some seconds.

    Args:
        connection: whose statements are bounded.
        seconds: of wall-clock time for all statements within the context.
    """

    def __init__(self, connection: sqlite3.Connection, seconds: float) -> None:
        self._connection = connection
        self._seconds = seconds
        self._until = 0.0
        self.is_over = False

    def __enter__(self) -> TimeBound:
        self._until = time.monotonic() + self._seconds
        self.is_over = False
        self._connection.set_progress_handler(lambda: time.monotonic() > self._until, _STEPS)
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.set_progress_handler(None, _STEPS)

    def rows(self, clause: Clause) -> list[Any]:
        """Return the rows of a statement that came in time. If there may be more, `is_over` is True."""
        found: list[Any] = []
        try:
            found.extend(self._connection.execute(clause.sql, clause.values))
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_INTERRUPT:
                raise
            self.is_over = True
        return found
