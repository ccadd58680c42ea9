"""The number of cores that this process may use, which may be fewer than the machine has."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from pathlib import Path


def usable_cores(cgroups: Path = Path("/sys/fs/cgroup"), membership: Path = Path("/proc/self/cgroup")) -> int:
    """The number of cores that the CPU affinity and the control groups' quotas allow; at least 1.

    Args:
        cgroups: the mount point of control groups, version 2 (`cpu.max`) or 1 (`cpu.cfs_quota_us`).
        membership: the file that lists the groups of this process.

    Source: cgroups(7); Linux, Documentation/admin-guide/cgroup-v2.rst and scheduler/sched-bwc.rst.
    """
    affinity = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quota = min((_quota(folder) for folder in _groups(cgroups, membership)), default=math.inf)
    return max(1, min(affinity, math.ceil(min(quota, affinity))))


def _groups(cgroups: Path, membership: Path) -> Iterator[Path]:
    """The folders of this process's group and its ancestors; some do not exist inside a container."""
    try:
        lines = membership.read_text().splitlines()
    except OSError:
        lines = []
    for line in ("0::/", "1:cpu:/", *lines):  # a container's own group is the root of the mount
        _, controllers, path = line.split(":", 2)
        if controllers == "":
            root = cgroups
        elif "cpu" in controllers.split(","):
            root = cgroups / "cpu"
        else:
            continue
        group = root / path.lstrip("/")
        yield group
        yield from (parent for parent in group.parents if parent.is_relative_to(root))


def _quota(group: Path) -> float:
    """The CPU time that one control group grants, in cores; infinite if it sets no limit."""
    for files in (("cpu.max",), ("cpu.cfs_quota_us", "cpu.cfs_period_us")):
        try:
            granted, period = " ".join((group / file).read_text() for file in files).split()
            if int(granted) > 0:
                return int(granted) / int(period)
        except (OSError, ValueError, ZeroDivisionError):  # the file does not exist, or says "max"
            continue
    return math.inf
