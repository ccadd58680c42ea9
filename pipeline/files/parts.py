"""Unfinished outputs. Their names say whose they are, so that those of ended processes are removed."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Iterable, Iterator
from pathlib import Path

from pipeline.files.outputerrors import output_errors

PART_PREFIX = ".deepvisualminer-"
PART_SUFFIX = ".part"
"""An unfinished output is `.deepvisualminer-<owner>-<random>.part` in the folder of the finished one. The
owner is the number of a process; on a machine of a cluster it is `<machine>.<pid>`, see `own_parts_as`."""

RUN_OWNER = "run"
"""In the place of the machine: the run itself, which another machine started."""


def make_part(folder: Path, pid: int | None = None) -> Path:
    """Create an empty unfinished file, such as the part of a video's output for one segment.

    Args:
        folder: of the finished output; created if it is missing.
        pid: the process that owns the file; once it has ended, the file may be removed. None: this one.
    Raises: OutputError: the folder cannot be created or written.
    """
    part = folder / part_name(owner_of(folder) if pid is None else str(pid))
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
    kept = part.parent / part_name(f"{RUN_OWNER}.{pid}" if is_of_cluster else str(pid))
    with output_errors(kept):
        os.replace(part, kept)
    return kept


def remove_parts(parts: Iterable[Path]) -> None:
    """Remove unfinished files that are not needed any more."""
    for part in parts:
        with contextlib.suppress(OSError):
            part.unlink()


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


def owner_of(folder: Path, pid: int | None = None) -> str:
    """The owner that a process of this machine is, in the names of unfinished files of a folder.

    Args:
        folder: of the output tree.
        pid: the process; None: this one.
    """
    pid = os.getpid() if pid is None else pid
    return f"{_machine[0]}.{pid}" if _machine is not None and _is_shared(folder) else str(pid)


def _is_shared(folder: Path) -> bool:
    """Whether other machines of a cluster write unfinished files into this folder as well."""
    return _machine is not None and folder.is_relative_to(_machine[1])


def part_name(owner: str) -> str:
    """A new name for an unfinished file of this owner, see `owner_of`."""
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
    wanted = None if pid is None else owner_of(folder, pid)
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
