"""A bounded cache of pictures on disk."""

from __future__ import annotations

import contextlib
import hashlib
import os
import threading
import time
from pathlib import Path

from pipeline.errors import OutputError
from pipeline.files.outputs import write_file

MAX_BYTES = 1 << 30
_VERSION = 1
"""Raise it when pictures of the same file would look different."""
_PRIVATE = 0o700
_USE_NOTED_S = 3600.0
_KEPT = 0.8
"""The fraction of the bound that a clean-up leaves."""


class Thumbnails:
    """Keeps pictures under names made of the source file's identity; removes the least recently used ones.

    Pictures of a file that has changed are no longer found and are removed by a later clean-up. The cache can
    be deleted at any time. Only its owner can read it. Safe for several threads.

    Args:
        folder: made when the first picture is kept.
        max_bytes: the bound on the size of all pictures.
    """

    def __init__(self, folder: Path, max_bytes: int = MAX_BYTES) -> None:
        self._folder = folder
        self._max_bytes = max_bytes
        self._bytes: int | None = None
        self._lock = threading.Lock()

    def path_for(self, source: bytes, status: os.stat_result, kind: str) -> Path:
        """Where the picture of a file is kept.

        Args:
            source: the file's path.
            status: what the file system says of it.
            kind: which picture of it, such as `320` or `frame 12500 1440`.
        """
        identity = (_VERSION, os.fsdecode(source), status.st_size, status.st_mtime_ns, kind)
        name = hashlib.sha256(repr(identity).encode("utf-8", "surrogateescape")).hexdigest()[:40]
        return self._folder / name[:2] / f"{name[2:]}.jpg"

    def read(self, path: Path) -> bytes | None:
        """A picture that was kept, or None."""
        try:
            content = path.read_bytes()
            if time.time() - path.stat().st_mtime > _USE_NOTED_S:
                os.utime(path)
        except OSError:
            return None
        return content

    def keep(self, path: Path, content: bytes) -> None:
        """Keep a picture. A full or read-only disk keeps none, which only costs time."""
        with contextlib.suppress(OutputError, OSError):
            self._folder.mkdir(mode=_PRIVATE, parents=True, exist_ok=True)  # photos may be private
            path.parent.mkdir(exist_ok=True)
            write_file(path, content)
            with self._lock:
                self._bytes = self._measured() if self._bytes is None else self._bytes + len(content)
                if self._bytes > self._max_bytes:
                    self._bytes = self._cleaned()

    def _files(self) -> list[tuple[float, int, Path]]:
        """Time of last use, size and path of each picture."""
        found = []
        for path in self._folder.glob("*/*"):
            with contextlib.suppress(OSError):
                status = path.stat()
                found.append((status.st_mtime, status.st_size, path))
        return found

    def _measured(self) -> int:
        return sum(size for _, size, _ in self._files())

    def _cleaned(self) -> int:
        """Remove the least recently used pictures; returns the bytes that are left."""
        files = sorted(self._files(), key=lambda file: file[0])
        left = sum(size for _, size, _ in files)
        for _, size, path in files:
            if left <= self._max_bytes * _KEPT:
                break
            with contextlib.suppress(OSError):
                path.unlink()
            left -= size
        return left
