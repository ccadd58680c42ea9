"""Names of outputs, and atomic writing.

Every writer uses `replace_file`, so that a reader of the output folder sees the old file or the new one,
never a part of either.
"""

from __future__ import annotations

import contextlib
import errno
import filecmp
import hashlib
import os
import secrets
import stat
from collections.abc import Callable, Iterable, Iterator
from contextvars import ContextVar
from pathlib import Path
from typing import BinaryIO

from pipeline.errors import OutputError, OutputNameError
from pipeline.text import printable

PART_PREFIX = ".deepvisualminer-"
PART_SUFFIX = ".part"
"""An unfinished output is `.deepvisualminer-<owner>-<random>.part` in the folder of the finished one. The
owner is the number of a process; on a machine of a cluster it is `<machine>.<pid>`, see `own_parts_as`."""

RUN_OWNER = "run"
"""In the place of the machine: the run itself, which another machine started."""

MAX_NAME_BYTES = 255
"""Longest file name that Linux file systems accept."""

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_FORBIDDEN = {errno.EROFS, errno.EACCES, errno.EPERM}


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
    part = path.parent / _part_name(_owner(path.parent))
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


def make_part(folder: Path, pid: int | None = None) -> Path:
    """Create an empty unfinished file, such as the part of a video's output for one segment.

    Args:
        folder: of the finished output; created if it is missing.
        pid: the process that owns the file; once it has ended, the file may be removed. None: this one.
    Raises: OutputError: the folder cannot be created or written.
    """
    part = folder / _part_name(_owner(folder) if pid is None else str(pid))
    with output_errors(part):
        folder.mkdir(parents=True, exist_ok=True)
        part.touch(exist_ok=False)
    return part


def reassign_part(part: Path, pid: int) -> Path:
    """Make the run's process answer for an unfinished file that is complete; its new path.

    Args:
        part: the file.
        pid: the run's process; on a machine of a cluster, that process is on another one.
    """
    is_of_cluster = _is_shared(part.parent)
    kept = part.parent / _part_name(f"{RUN_OWNER}.{pid}" if is_of_cluster else str(pid))
    with output_errors(kept):
        os.replace(part, kept)
    return kept


def remove_parts(parts: Iterable[Path]) -> None:
    """Remove unfinished files that are not needed any more."""
    for part in parts:
        with contextlib.suppress(OSError):
            part.unlink()


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
    probe = output_root / _part_name(_owner(output_root))
    with output_errors(output_root):
        output_root.mkdir(parents=True, exist_ok=True)
        with open(probe, "xb") as stream:
            stream.write(b"x")
        probe.unlink()


_machine: tuple[str, Path] | None = None


def own_parts_as(machine: str, output_root: Path) -> None:
    """Name the unfinished outputs of this process and its children after a machine too.

    Machines that share an output folder number their processes independently, so that a number alone would
    make one machine remove another's files.

    Args:
        machine: letters and digits, the first one a letter; unique among the machines of a run, and not
            `RUN_OWNER`.
        output_root: the shared folder; unfinished files elsewhere are named as ever.
    """
    global _machine
    _machine = (machine, output_root)


def _owner(folder: Path, pid: int | None = None) -> str:
    """The owner, in the name of an unfinished file of this folder, that a process of this machine is."""
    pid = os.getpid() if pid is None else pid
    return f"{_machine[0]}.{pid}" if _machine is not None and _is_shared(folder) else str(pid)


def _is_shared(folder: Path) -> bool:
    """Whether other machines of a cluster write unfinished files into this folder as well."""
    return _machine is not None and folder.is_relative_to(_machine[1])


def _part_name(owner: str) -> str:
    return f"{PART_PREFIX}{owner}-{secrets.token_hex(8)}{PART_SUFFIX}"


def _owned_parts(folder: Path) -> Iterator[tuple[str, str]]:
    """The owner and the path of each unfinished file of a folder, which need not exist."""
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith(PART_PREFIX) and entry.name.endswith(PART_SUFFIX):
                yield entry.name.removeprefix(PART_PREFIX).partition("-")[0], entry.path


def sweep_parts(folder: Path, pid: int | None = None) -> None:
    """Remove unfinished outputs of processes that have ended.

    Args:
        folder: of the output tree; it need not exist.
        pid: the process, which has ended; None: all processes of this machine that have ended.
    """
    wanted = None if pid is None else _owner(folder, pid)
    for owner, path in _owned_parts(folder):
        if owner == wanted or (wanted is None and owner.isdigit() and not _is_alive(int(owner))):
            remove_parts([Path(path)])


def sweep_machine_parts(folder: Path, machine: str = "") -> None:
    """Remove unfinished outputs of machines of a cluster that mine no longer.

    Args:
        folder: of the output tree; it need not exist.
        machine: as it was given to `own_parts_as`, or `RUN_OWNER`; empty: all of them.
    """
    for owner, path in _owned_parts(folder):
        name, dot, pid = owner.partition(".")
        if dot and pid.isdigit() and name.isalnum() and machine in ("", name):
            remove_parts([Path(path)])


def sweep_tree(output_root: Path) -> None:
    """Remove unfinished outputs of processes that have ended, and of machines, from a whole output folder.

    Called before this process has made any: files with its number belong to an earlier process with the same
    number, as the first process of a container has.
    """
    for folder, _, _ in os.walk(output_root):
        sweep_parts(Path(folder))
        sweep_parts(Path(folder), os.getpid())
        sweep_machine_parts(Path(folder))


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True
    return True


@contextlib.contextmanager
def output_errors(path: Path) -> Iterator[None]:
    """Turn an OSError of writing an output into a sentence with a remedy.

    Raises:
        OutputNameError: another path would work.
        OutputError: names the path and, if a disk is full, its mount point.
    """
    try:
        yield
    except (FileExistsError, NotADirectoryError):
        raise OutputNameError(
            f"{printable(path)}: a file stands where a folder is needed; choose another OUTPUT folder"
        ) from None
    except IsADirectoryError:
        raise OutputNameError(
            f"{printable(path)}: a folder stands where a file is to be written; choose another OUTPUT folder"
        ) from None
    except OSError as error:
        shown = printable(path)
        if error.errno in _FULL:
            mount = printable(_mount_point(path))
            raise OutputError(
                f"{shown}: the disk mounted at {mount} is full ({error.strerror}); "
                "make room there and start again"
            ) from None
        if error.errno in _FORBIDDEN:
            raise OutputError(
                f"{shown}: cannot be written ({error.strerror}); "
                "choose another OUTPUT folder or change its permissions"
            ) from None
        if error.errno == errno.ENAMETOOLONG:
            raise OutputNameError(
                f"{shown}: the path is too long; choose an OUTPUT folder with a shorter one"
            ) from None
        raise OutputError(f"{shown}: cannot be written ({error.strerror})") from None


def _mount_point(path: Path) -> Path:
    """The mount point of the file system of `path`, which need not exist."""
    place = path.absolute()
    if not place.is_dir():  # in an overlay, a file may seem to be on another device than its folder
        place = place.parent
    while not os.path.ismount(place) and place != place.parent:
        place = place.parent
    return place
