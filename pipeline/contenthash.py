"""SHA-256 of files' contents."""

from __future__ import annotations

import hashlib
import os

from pipeline.errors import ModelError
from pipeline.outputs import printable

_sha256_by_status: dict[tuple[int, ...], str] = {}


def sha256_of(path: str | os.PathLike[str]) -> str:
    """SHA-256 of a file's content, in hexadecimal.

    Raises: OSError: the file cannot be read.
    """
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def model_sha256(path: str | os.PathLike[str]) -> str:
    """SHA-256 of a model's file, computed once in a process and its forks while the file is the same.

    Raises: ModelError: the file cannot be read.
    """
    try:
        status = os.stat(path)
        same = (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
        if same not in _sha256_by_status:
            _sha256_by_status[same] = sha256_of(path)
    except OSError as error:
        raise ModelError(f"{printable(os.fspath(path))}: cannot be read ({error.strerror})") from None
    return _sha256_by_status[same]
