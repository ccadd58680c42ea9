"""Models that the user adds under a name: copied completely or not at all, with their SHA-256."""

from __future__ import annotations

import os
import re
import secrets
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

from pipeline.errors import ModelError
from pipeline.files.hashing import sha256_of
from pipeline.files.outputerrors import output_errors
from pipeline.files.outputs import sync_folder
from pipeline.files.parts import PART_PREFIX
from pipeline.models.catalog import read_catalog
from pipeline.models.fetched import FileState
from pipeline.models.files import added_files, added_folder
from pipeline.text import printable

SUMS_NAME = "SHA256SUMS"
"""The file of the SHA-256 of the added files, in the format of `sha256sum`."""

_NAME = re.compile(r"\w[\w+-]{0,99}")


def add_model(name: str, files: Mapping[str, Path]) -> Path:
    """Copy a network's files to the folder where `resolve_darknet` finds them by name.

    Args:
        name: for pipeline files.
        files: suffix (`.cfg`, `.weights`, perhaps `.names`) -> file; known to belong together.
    Returns: the new folder.
    Raises: ModelError: the name is taken or not allowed, or a file cannot be read. OutputError: there is no
        room or no permission.
    """
    target = added_folder() / name
    if not _NAME.fullmatch(name):
        raise ModelError(
            f'"{printable(name)}" is not allowed as a name; use letters, digits, "_", "+" and "-" alone'
        )
    if name in read_catalog():
        raise ModelError(f'"{name}" is the name of a model in the catalogue; choose another')
    if target.exists():
        raise ModelError(f'"{name}" is added already; choose another name, or delete {printable(target)}')
    part = target.parent / f"{PART_PREFIX}{os.getpid()}-{secrets.token_hex(8)}"
    try:
        with output_errors(target):
            part.mkdir(parents=True)
        sums = [_copy(path, part / f"{name}{suffix}") for suffix, path in sorted(files.items())]
        with output_errors(target):
            (part / SUMS_NAME).write_text("".join(sums), encoding="utf-8")
            sync_folder(part)
            os.rename(part, target)
            sync_folder(target.parent)
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise
    return target


def _copy(path: Path, target: Path) -> str:
    """Copy one file; returns its line of SHA256SUMS."""
    try:
        before = sha256_of(path)
    except OSError as error:
        raise ModelError(f"{printable(path)}: cannot be read ({error.strerror})") from None
    with output_errors(target):
        shutil.copyfile(path, target)
        with open(target, "rb") as stream:
            os.fsync(stream.fileno())
        after = sha256_of(target)
    if before != after:
        raise ModelError(f"{printable(path)}: it changed while it was copied; add it again later")
    return f"{after}  {target.name}\n"


def iter_added() -> Iterator[tuple[str, Mapping[str, Path]]]:
    """Each added model's name with its files by suffix, sorted by name."""
    folder = added_folder()
    if folder.is_dir():
        for name in sorted(os.listdir(folder)):
            files = added_files(name)
            if files and not name.startswith("."):
                yield name, files


def verify_added(name: str) -> dict[Path, FileState]:
    """Check the SHA-256 of the files of an added model.

    Raises: ModelError: a file cannot be read.
    """
    folder = added_folder() / name
    states: dict[Path, FileState] = {}
    try:
        for line in (folder / SUMS_NAME).read_text(encoding="utf-8").splitlines():
            sum_, _, file = line.partition("  ")
            path = folder / os.path.basename(file)
            if not path.is_file():
                states[path] = FileState.MISSING
            else:
                states[path] = FileState.OK if sha256_of(path) == sum_ else FileState.DAMAGED
    except OSError as error:
        raise ModelError(f"{printable(folder)}: cannot be read ({error.strerror})") from None
    return states
