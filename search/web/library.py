"""The index and the collection's files as the server's threads use them."""

from __future__ import annotations

import base64
import binascii
import os
import stat
import threading

from pipeline.formats import HEAD_BYTES, identify
from search.documents import Document, Rect
from search.sqlite.index import SqliteIndex
from search.web.settings import Settings


def key_of(path: bytes) -> str:
    """What a file is called in addresses: its path below INPUT in base64url."""
    return base64.urlsafe_b64encode(path).decode("ascii").rstrip("=")


def face_id_of(document: Document, frame: int, rect: Rect) -> str:
    """What forms and addresses call a box of a photo, or of a video's frame."""
    return f"{key_of(document.path)}.{frame}.{'.'.join(map(str, rect))}"


def path_of(key: str) -> bytes | None:
    """The path that a key stands for, or None for a text that is not a key."""
    try:
        path = base64.b64decode(key + "=" * (-len(key) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    return path if key_of(path) == key else None


class Library:
    """Opens the index once for each thread, and again after it was replaced.

    Args:
        settings: where the index is.
    """

    def __init__(self, settings: Settings) -> None:
        self._path = settings.index
        self._of_thread = threading.local()

    def index(self) -> SqliteIndex:
        """The calling thread's index.

        Raises: UsageError: there is no index; DamagedIndexError, OutputError: it cannot be read.
        """
        inode = self._inode()
        opened: tuple[int | None, SqliteIndex] | None = getattr(self._of_thread, "opened", None)
        if opened is not None and opened[0] == inode:
            return opened[1]
        if opened is not None:
            opened[1].close()
            self._of_thread.opened = None
        self._of_thread.opened = (inode, SqliteIndex(self._path))
        index: SqliteIndex = self._of_thread.opened[1]
        return index

    def find(self, key: str) -> Document | None:
        """The file that a key stands for, or None if the index does not have it."""
        path = path_of(key)
        return None if path is None else self.index().document(path)

    def _inode(self) -> int | None:
        """The index's inode; None if there is no such file, which opening it then reports."""
        try:
            return self._path.stat().st_ino
        except OSError:
            return None


def readable_file(path: bytes | str) -> os.stat_result | None:
    """The status of a regular file, or None if it is gone or is not one."""
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return None
    return status if stat.S_ISREG(status.st_mode) else None


def media_format(path: bytes | str) -> str | None:
    """The format of a photo or video by its content, or None for anything else and for a file that is gone.

    A path of the index may lead to another file by now, or to a pipe, which must not block the server.

    Returns: a word of `pipeline.formats.FORMATS`.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError):
        return None
    try:
        is_file = stat.S_ISREG(os.fstat(descriptor).st_mode)
        return identify(os.read(descriptor, HEAD_BYTES)) if is_file else None
    except OSError:
        return None
    finally:
        os.close(descriptor)
