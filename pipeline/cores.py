"""How many cores this process may use, which is not how many the host has."""

from __future__ import annotations

import math
import os
from pathlib import Path


def usable_cores(cgroups: Path = Path("/sys/fs/cgroup")) -> int:
    """Cores that the CPU affinity and the container's quota leave us; at least 1.

    Args:
        cgroups: where control groups are mounted; version 2 (`cpu.max`) and 1 (`cpu.cfs_quota_us`) are read.
    """
    affinity = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quota = _quota(cgroups)
    return affinity if quota is None else max(1, min(affinity, math.ceil(quota)))


def _quota(cgroups: Path) -> float | None:
    """Cores' worth of CPU time that the control group grants, or None for no limit."""
    try:
        granted, period = (cgroups / "cpu.max").read_text().split()
    except (OSError, ValueError):
        try:
            granted = (cgroups / "cpu" / "cpu.cfs_quota_us").read_text()
            period = (cgroups / "cpu" / "cpu.cfs_period_us").read_text()
        except OSError:
            return None
    try:
        quota = int(granted) / int(period)
    except (ValueError, ZeroDivisionError):  # "max"
        return None
    return quota if quota > 0 else None
