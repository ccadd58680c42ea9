"""Counts the files and videos of INPUT in a thread, for the length of a bar and the time left."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable

from pipeline.formats import promises_video


class FileCounter:
    """Estimates the number of files; the walk itself decides which ones count.

    Args:
        input_path: INPUT.
        output: OUTPUT, whose files are not counted if it lies inside INPUT.
        on_counted: called in the thread when the number is known.
    Attributes:
        total: the number; None as long as it is not known.
        videos: how many of them are named like videos, and their bytes; None as long as it is not known.
    """

    def __init__(self, input_path: str, output: str, on_counted: Callable[[], None] = lambda: None) -> None:
        self.total: int | None = None
        self.videos: tuple[int, int] | None = None
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
        videos = video_bytes = 0
        output = os.path.realpath(self._output)
        for folder, subfolders, names in os.walk(self._input):
            if self._over.is_set():
                return
            if os.path.realpath(folder) == output:
                subfolders.clear()
            else:
                total += len(names)
                for name in filter(promises_video, names):
                    videos += 1
                    with contextlib.suppress(OSError):
                        video_bytes += os.stat(os.path.join(folder, name)).st_size
        self.total, self.videos = total, (videos, video_bytes)
        self._on_counted()
