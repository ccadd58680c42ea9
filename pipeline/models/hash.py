"""What a model's file holds, known by its SHA-256 without reading a quarter of a gigabyte at each start."""

from __future__ import annotations

import contextlib
import os
import re
import time

from pipeline.errors import MinerError, ModelError
from pipeline.files.cachefolder import cache_folder
from pipeline.files.hashing import sha256_of
from pipeline.files.outputs import write_file
from pipeline.text import printable

_WORTH_BYTES = 1 << 20
"""What is smaller is read in a millisecond."""
_SETTLED_S = 60.0
"""A file that was changed less than this long ago may change once more and keep its times: within one tick,
or, by a program that has it mapped, until the kernel has written it to the disk."""
_KEPT_S = 180 * 24 * 3600.0

_known: dict[str, str] = {}


def model_sha256(path: str | os.PathLike[str]) -> str:
    """SHA-256 of a model's file, computed once while the file is the same.

    It is the same where device, inode, size, time of change and time of status change are: the last cannot be
    set, so that not even a file put in place of another, with its times, is taken for it. What was computed
    is kept in the cache folder, in `hashes/`, if that can be written.

    Raises: ModelError: the file cannot be read.
    """
    try:
        status = os.stat(path)
        times = (status.st_mtime_ns, status.st_ctime_ns)
        same = "-".join(f"{number:x}" for number in (status.st_dev, status.st_ino, status.st_size, *times))
        if same not in _known:
            is_worth_it = status.st_size >= _WORTH_BYTES and time.time() - max(times) / 1e9 > _SETTLED_S
            _known[same] = _kept(path, same) if is_worth_it else sha256_of(path)
    except OSError as error:
        raise ModelError(f"{printable(os.fspath(path))}: cannot be read ({error.strerror})") from None
    return _known[same]


def _kept(path: str | os.PathLike[str], name: str) -> str:
    """The hash that is kept under this name, or else the file's, which is then kept so."""
    try:
        place = cache_folder() / "hashes" / name
    except RuntimeError:  # a user without a home, who cannot keep anything
        return sha256_of(path)
    with contextlib.suppress(OSError, ValueError):
        if re.fullmatch("[0-9a-f]{64}", kept := place.read_text("ascii")):
            return kept
    sha256 = sha256_of(path)
    with contextlib.suppress(OSError, MinerError):  # a cache that is read-only, of a container perhaps
        write_file(place, sha256.encode())
        for other in place.parent.iterdir():
            if time.time() - other.stat().st_mtime > _KEPT_S:
                other.unlink()
    return sha256
