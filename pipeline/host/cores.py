"""How many cores this process may use, which is not how many the host has."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from pathlib import Path


def usable_cores(cgroups: Path = Path("/sys/fs/cgroup"), membership: Path = Path("/proc/self/cgroup")) -> int:
    """Cores that the CPU affinity and the control groups' quotas leave us; at least 1.

    Args:
        cgroups: where control groups are mounted; version 2 (`cpu.max`) and 1 (`cpu.cfs_quota_us`) are read.
        membership: says which groups this process belongs to.

    Source: cgroups(7); Linux, Documentation/admin-guide/cgroup-v2.rst and scheduler/sched-bwc.rst.
    """
    affinity = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quota = min((_quota(folder) for folder in _groups(cgroups, membership)), default=math.inf)
    return max(1, min(affinity, math.ceil(min(quota, affinity))))


def _groups(cgroups: Path, membership: Path) -> Iterator[Path]:
    """The folders of our group and of all groups around it; those that a container hides do not exist."""
    try:
        lines = membership.read_text().splitlines()
    except OSError:
        lines = []
    for line in ("0::/", "1:cpu:/", *lines):  # at least the mounted root: a container's own group
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
    """Cores' worth of CPU time that one control group grants; infinite for no limit."""
    for files in (("cpu.max",), ("cpu.cfs_quota_us", "cpu.cfs_period_us")):
        try:
            granted, period = " ".join((group / file).read_text() for file in files).split()
            if int(granted) > 0:
                return int(granted) / int(period)
        except (OSError, ValueError, ZeroDivisionError):  # not there, or "max"
            continue
    return math.inf
