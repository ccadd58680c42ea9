"""The catalogue's fetched files as they are on this machine: there, whole, pinned."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path

from pipeline.errors import ModelError
from pipeline.files.cachefolder import cache_folder
from pipeline.files.hashing import sha256_of
from pipeline.models.catalog import STANDS_FOR, ModelFile, NamedModel, find_model
from pipeline.text import printable


class FileState(StrEnum):
    """What has become of a fetched file."""

    OK = "ok"
    MISSING = "missing"
    DAMAGED = "damaged"


def model_folder(name: str) -> Path:
    """Where a fetched model of the catalogue lies; may not exist yet."""
    return cache_folder() / "models" / name


def pin_path(path: Path) -> Path:
    """Where the SHA-256 of a fetched file is kept whose hash the catalogue does not know."""
    return path.with_name(f"{path.name}.sha256")


def read_pin(path: Path) -> str | None:
    """The SHA-256 by which a fetched file was pinned, or None."""
    try:
        words = pin_path(path).read_text(encoding="ascii").split()
    except (OSError, UnicodeDecodeError):
        return None
    return words[0] if words and len(words[0]) == 64 else None


def glance(path: Path, file: ModelFile) -> FileState:
    """What a look at its size says of a fetched file; costs one system call."""
    try:
        status = os.stat(path)
    except OSError:
        return FileState.MISSING
    expected = {form.size_bytes for form in file.placed_forms}
    as_placed = status.st_size > 0 if None in expected else status.st_size in expected
    return FileState.OK if as_placed and stat.S_ISREG(status.st_mode) else FileState.DAMAGED


def verify(path: Path, file: ModelFile, hash_of: Callable[[Path], str] = sha256_of) -> FileState:
    """What its SHA-256 says of a fetched file. A file that nobody pinned is right.

    Args:
        path: where it lies.
        file: what the catalogue says of it.
        hash_of: the one that reads all of it, or `model_sha256`, which remembers.
    Raises: ModelError: the file cannot be read.
    """
    state = glance(path, file)
    if state is not FileState.OK:
        return state
    try:
        expected = {form.sha256 or read_pin(path) for form in file.placed_forms}
        return FileState.OK if None in expected or hash_of(path) in expected else FileState.DAMAGED
    except OSError as error:
        raise ModelError(
            f"{printable(path)}: cannot be read ({error.strerror}); change its permissions, or remove it "
            "and fetch it again"
        ) from None


def is_here(model: NamedModel) -> bool:
    """Whether all files of a model are on this machine, by a look at their sizes."""
    folder = model_folder(model.name)
    return all(glance(folder / name, file) is FileState.OK for name, file in model.files.items())


def partly_here(name: str) -> bool:
    """Whether a file of a model of the catalogue is on this machine, whole or not."""
    return any(os.path.lexists(model_folder(name) / file) for file in find_model(name).files)


def first_here(word: str) -> str | None:
    """The model that a word of `STANDS_FOR` means on this machine: the first of which a file is here."""
    return next((name for name in STANDS_FOR[word] if partly_here(name)), None)
