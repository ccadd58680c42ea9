"""Cache the SHA-256 of model files, so that large files are not read at each start."""

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
"""Smaller files are read in a millisecond."""
_SETTLED_S = 60.0
"""A file changed less than this long ago may change again without a change of its times: within one clock
tick, or, if a program has it mapped, until the kernel writes it to the disk."""
_KEPT_S = 180 * 24 * 3600.0

_known: dict[str, str] = {}


def model_sha256(path: str | os.PathLike[str]) -> str:
    """Compute the SHA-256 of a model's file, or return the cached one if the file is unchanged.

    A file is unchanged if its device, inode, size, modification time and change time are. The change time
    cannot be set, so a replaced file is noticed even if it has the same times. Hashes are cached in `hashes/`
    of the cache folder, if it can be written.

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
    """Return the cached hash of this name; else compute the file's and cache it."""
    try:
        place = cache_folder() / "hashes" / name
    except RuntimeError:  # the user has no home folder, so nothing is cached
        return sha256_of(path)
    with contextlib.suppress(OSError, ValueError):
        if re.fullmatch("[0-9a-f]{64}", kept := place.read_text("ascii")):
            return kept
    sha256 = sha256_of(path)
    with contextlib.suppress(OSError, MinerError):  # the cache may be read-only, in a container for example
        write_file(place, sha256.encode())
        for other in place.parent.iterdir():
            if time.time() - other.stat().st_mtime > _KEPT_S:
                other.unlink()
    return sha256
