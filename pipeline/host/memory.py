"""The memory that this process may still take, which may be less than the machine has free."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

CGROUPS = Path("/sys/fs/cgroup")
PROC = Path("/proc")


def free_bytes(*, proc: Path = PROC, cgroups: Path = CGROUPS) -> int | None:
    """The bytes that the machine and all control groups of this process leave free; None if unknown.

    Memory that holds cached files counts as free.

    Args:
        proc: the mount point of the proc file system.
        cgroups: the mount point of control groups, version 2 or 1.
    Source: proc(5), MemAvailable; the kernel's admin-guide/cgroup-v2 and cgroup-v1/memory.
    """
    known = [_available(proc), *_left_by_groups(proc, cgroups)]
    return min((left for left in known if left is not None), default=None)


def _available(proc: Path) -> int | None:
    try:
        lines = (proc / "meminfo").read_text().splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:"))
    except (OSError, ValueError, IndexError, StopIteration):
        return None


def _left_by_groups(proc: Path, cgroups: Path) -> Iterator[int | None]:
    """The bytes that this process's control group and each of its ancestors leave; the least one binds."""
    for folder, names in _own_groups(proc, cgroups):
        limit_name, usage_name, inactive_name = names
        while True:
            yield _left(folder / limit_name, folder / usage_name, folder / "memory.stat", inactive_name)
            if folder in (cgroups, cgroups / "memory"):
                break
            folder = folder.parent


_VERSION_2 = ("memory.max", "memory.current", "inactive_file")
_VERSION_1 = ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")


def _own_groups(proc: Path, cgroups: Path) -> Iterator[tuple[Path, tuple[str, str, str]]]:
    """The folders of this process's control groups that limit memory; in a container, the mount point."""
    try:
        lines = (proc / "self" / "cgroup").read_text().splitlines()
    except OSError:
        return
    for line in lines:
        _, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if controllers == "":
            top, names = cgroups, _VERSION_2
        elif "memory" in controllers.split(","):
            top, names = cgroups / "memory", _VERSION_1
        else:
            continue
        own = top / path.lstrip("/")
        yield (own if ".." not in path and own.is_dir() else top), names


def _left(limit: Path, usage: Path, stat: Path, inactive_name: str) -> int | None:
    try:
        granted, used = limit.read_text().strip(), int(usage.read_text())
        if granted == "max":
            return None
        inactive = [line.split() for line in stat.read_text().splitlines()]
        reclaimable = next((int(words[1]) for words in inactive if words[0] == inactive_name), 0)
        return max(0, int(granted) - used + reclaimable)
    except (OSError, ValueError, IndexError):
        return None
