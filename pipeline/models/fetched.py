"""The state of the catalogue's files on this machine: missing, damaged or correct."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path

from pipeline.errors import ModelError
from pipeline.files.cachefolder import cache_folder
from pipeline.files.hashing import sha256_of
from pipeline.models.catalog import DEFAULT, STANDS_FOR, ModelFile, NamedModel, find_model
from pipeline.models.defaultchoice import read_default
from pipeline.text import printable


class FileState(StrEnum):
    """The state of a model's file on this machine."""

    OK = "ok"
    MISSING = "missing"
    DAMAGED = "damaged"


def model_folder(name: str) -> Path:
    """The folder of a fetched model of the catalogue; it may not exist."""
    return cache_folder() / "models" / name


def check_size(path: Path, file: ModelFile) -> FileState:
    """Compare a fetched file's size with the catalogue's; costs one system call."""
    try:
        status = os.stat(path)
    except OSError:
        return FileState.MISSING
    as_expected = status.st_size in {expected.size_bytes for expected in file.placed}
    return FileState.OK if as_expected and stat.S_ISREG(status.st_mode) else FileState.DAMAGED


def verify(path: Path, file: ModelFile, hash_of: Callable[[Path], str] = sha256_of) -> FileState:
    """Compare a fetched file's SHA-256 with the catalogue's.

    Args:
        path: of the file.
        file: its entry in the catalogue.
        hash_of: computes the hash; `model_sha256` caches it.
    Raises: ModelError: the file cannot be read.
    """
    state = check_size(path, file)
    if state is not FileState.OK:
        return state
    try:
        is_expected = hash_of(path) in {expected.sha256 for expected in file.placed}
        return FileState.OK if is_expected else FileState.DAMAGED
    except OSError as error:
        raise ModelError(
            f"{printable(path)}: cannot be read ({error.strerror}); change its permissions, or remove it "
            "and fetch it again"
        ) from None


def is_here(model: NamedModel) -> bool:
    """Whether all files of a model are on this machine; compares their sizes only."""
    folder = model_folder(model.name)
    return all(check_size(folder / name, file) is FileState.OK for name, file in model.files.items())


def partly_here(name: str) -> bool:
    """Whether any file of a model of the catalogue is on this machine, correct or not."""
    return any(os.path.lexists(model_folder(name) / file) for file in find_model(name).files)


def first_here(word: str) -> str | None:
    """The model that a word of `STANDS_FOR` means on this machine: the chosen one, whether it is here or not;
    else the first with a file here; or None.

    Raises: ModelError: see `read_default`.
    """
    if word == DEFAULT and (choice := read_default()) is not None:
        return choice.model
    return next((name for name in STANDS_FOR[word] if partly_here(name)), None)
