"""Names of outputs, and atomic writing.

Every writer uses `replace_file`, so that a reader of the output folder sees the old file or the new one,
never a part of either. Plug-ins also import `output_errors`, `make_part` and `remove_parts` from here.
"""

from __future__ import annotations

import contextlib
import filecmp
import hashlib
import os
import stat
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from pathlib import Path
from typing import BinaryIO

from pipeline.files.outputerrors import output_errors as output_errors
from pipeline.files.parts import make_part as make_part
from pipeline.files.parts import owner_of, part_name
from pipeline.files.parts import remove_parts as remove_parts

MAX_NAME_BYTES = 255
"""Longest file name that Linux file systems accept."""


def output_path(output_root: Path, relative: str, suffix: str) -> Path:
    """The path of an input's output: the complete relative path of the input plus `suffix`.

    `DIR/a.jpg` with `.json` gives `output_root/DIR/a.jpg.json`, so outputs of `a.jpg` and `a.png` never
    collide. A name too long for the file system is cut, and a hash of the complete name is added.

    Args:
        output_root: the run's OUTPUT folder.
        relative: the input's path under INPUT, with `/`, as `os.fsdecode` gives it.
        suffix: `.json`, `-annotated.jpg` and the like.
    """
    folder, name = os.path.split(relative)
    full_name = os.fsencode(name + suffix)
    if len(full_name) > MAX_NAME_BYTES:
        tail = os.fsencode(f"~{_name_digest(name)}{suffix}")
        cut = max(MAX_NAME_BYTES - len(tail), 0)
        while cut and full_name[cut] & 0xC0 == 0x80:  # never inside a character's UTF-8
            cut -= 1
        full_name = full_name[:cut] + tail
    return output_root / folder / os.fsdecode(full_name)


def output_suffix(output_name: str, source_name: str) -> str | None:
    """What follows an input's name in the name of an output, as `output_path` put it there.

    Returns: such as `-annotated.jpg`; None if the name is not that of an output of this input.
    """
    if output_name.startswith(source_name):
        return output_name[len(source_name) :]
    beginning, mark, suffix = output_name.rpartition(f"~{_name_digest(source_name)}")
    return suffix if mark and source_name.startswith(beginning) else None


def _name_digest(name: str) -> str:
    return hashlib.sha256(os.fsencode(name)).hexdigest()[:16]


_noted: ContextVar[list[Path] | None] = ContextVar("_noted", default=None)


@contextlib.contextmanager
def noting_outputs(noted: list[Path] | None = None) -> Iterator[list[Path]]:
    """Collect the outputs that get their names inside the block, in a list; for one thread.

    Inside another such block, they are added to that block's list as well.

    Args:
        noted: the list; None: a new one.
    """
    noted = [] if noted is None else noted
    before, outer = len(noted), _noted.get()
    token = _noted.set(noted)
    try:
        yield noted
    finally:
        _noted.reset(token)
        if outer is not None:
            outer += noted[before:]


def keep_file(path: Path) -> None:
    """Count an existing output as one of this run although its content has not changed."""
    if (noted := _noted.get()) is not None:
        noted.append(path)


_batch: ContextVar[Callable[[Path, Path], None] | None] = ContextVar("_batch", default=None)


@contextlib.contextmanager
def deferring_names(note: Callable[[Path, Path], None]) -> Iterator[None]:
    """Leave outputs that are completed inside the block without their names, see `pipeline.files.batch`.

    This holds for one thread.

    Args:
        note: called with each complete file's present path and the path that it is to get.
    """
    token = _batch.set(note)
    try:
        yield
    finally:
        _batch.reset(token)


@contextlib.contextmanager
def replace_file(path: Path) -> Iterator[BinaryIO]:
    """Open a temporary file that becomes `path` if the block ends without an exception, else is removed.

    The folder is created if it is missing. The file is flushed to the disk before it is renamed, and the
    folder afterwards, so that a power cut leaves the old file or the new one. A file that has this content
    already is left as it is.

    Raises:
        OutputNameError: `path` is a folder, a folder of it is a file, or it is too long.
        OutputError: the folder cannot be created or written, or the disk is full; the message names it.
    """
    part = path.parent / part_name(owner_of(path.parent))
    try:
        with output_errors(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            stream = open(part, "xb")  # noqa: SIM115 - closed below
        batch = _batch.get()
        try:
            yield stream
            with output_errors(path):
                stream.flush()
        finally:
            with contextlib.suppress(OSError):  # on a full disk it fails as `flush` did
                stream.close()
        if batch is not None:
            batch(part, path)
            return
        with output_errors(path):
            if has_same_content(part, path):
                part.unlink()
                keep_file(path)
                return
            _flush(part)
            os.replace(part, path)
            if (noted := _noted.get()) is not None:
                noted.append(path)
            sync_folder(path.parent)
    except BaseException:
        with contextlib.suppress(OSError):
            part.unlink()
        raise


def has_same_content(part: Path, path: Path) -> bool:
    """Whether `path` is a regular file with the content of the file `part`.

    Raises: OSError: one of the two cannot be read.
    """
    try:
        status = os.lstat(path)
    except OSError:
        return False
    if not stat.S_ISREG(status.st_mode) or status.st_size != os.stat(part).st_size:
        return False
    return filecmp.cmp(part, path, shallow=False)


def _flush(part: Path) -> None:
    """Flush a complete file to the disk."""
    descriptor = os.open(part, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_file(path: Path, content: bytes) -> None:
    """Replace the file at `path` by `content`, completely or not at all.

    Raises: OutputError: as `replace_file`.
    """
    with replace_file(path) as stream, output_errors(path):
        stream.write(content)


def sync_folder(folder: Path) -> None:
    """Flush a folder's entries to the disk, if the file system can."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        with contextlib.suppress(OSError):
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


def check_writable(output_root: Path) -> None:
    """Create the output folder if it is missing, and check that a file can be written there.

    Raises: OutputError: it is not a folder, or cannot be created or written.
    """
    probe = output_root / part_name(owner_of(output_root))
    with output_errors(output_root):
        output_root.mkdir(parents=True, exist_ok=True)
        with open(probe, "xb") as stream:
            stream.write(b"x")
        probe.unlink()
