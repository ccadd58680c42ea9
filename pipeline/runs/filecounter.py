"""Counts the files of INPUT in a thread, for the length of a bar and the time left."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable


class FileCounter:
    """Estimates the number of files; the walk itself decides which ones count.

    Args:
        input_path: INPUT.
        output: OUTPUT, whose files are not counted if it lies inside INPUT.
        on_counted: called in the thread when the number is known.
    Attributes:
        total: the number; None as long as it is not known.
    """

    def __init__(self, input_path: str, output: str, on_counted: Callable[[], None] = lambda: None) -> None:
        self.total: int | None = None
        self._input, self._output = input_path, output
        self._on_counted = on_counted
        self._over = threading.Event()
        self._is_started = False

    def start(self) -> None:
        """Start the thread, unless it was started."""
        if not self._is_started:
            self._is_started = True
            threading.Thread(target=self._count, name="file counter", daemon=True).start()

    def stop(self) -> None:
        """Let the thread end."""
        self._over.set()

    def _count(self) -> None:
        total = 0 if os.path.isdir(self._input) else 1
        output = os.path.realpath(self._output)
        for folder, subfolders, names in os.walk(self._input):
            if self._over.is_set():
                return
            if os.path.realpath(folder) == output:
                subfolders.clear()
            else:
                total += len(names)
        self.total = total
        self._on_counted()
