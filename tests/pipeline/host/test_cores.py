from __future__ import annotations

import os
from pathlib import Path

import pytest

from pipeline.host.cores import usable_cores

MOST = len(os.sched_getaffinity(0))


def write(root: Path, files: dict[str, str], membership: str = "") -> tuple[Path, Path]:
    """A tree of control groups, and the file that says which of them are ours."""
    for name, text in files.items():
        (root / "cgroups" / name).parent.mkdir(parents=True, exist_ok=True)
        (root / "cgroups" / name).write_text(text)
    (root / "membership").write_text(membership)
    return root / "cgroups", root / "membership"


@pytest.mark.parametrize(
    ("files", "membership", "quota"),
    [
        ({}, "", None),
        ({"cpu.max": "max 100000\n"}, "0::/\n", None),
        ({"cpu.max": "100000 100000\n"}, "0::/\n", 1),
        ({"cpu.max": "20000 100000\n"}, "0::/\n", 1),
        ({"cpu.max": "150000 100000\n"}, "0::/\n", 2),
        ({"cpu.max": "100000 100000\n"}, "0::/docker/0123\n", 1),  # the container hides the path
        ({"user.slice/me.scope/cpu.max": "100000 100000\n"}, "0::/user.slice/me.scope\n", 1),
        (
            {"user.slice/cpu.max": "100000 100000\n", "user.slice/me.scope/cpu.max": "max 100000\n"},
            "0::/user.slice/me.scope\n",
            1,
        ),
        ({"other.slice/cpu.max": "100000 100000\n"}, "0::/user.slice\n", None),
        ({"cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000\n"}, "4:cpu,cpuacct:/\n", None),
        ({"cpu/cpu.cfs_quota_us": "50000\n", "cpu/cpu.cfs_period_us": "100000\n"}, "4:cpu,cpuacct:/\n", 1),
        (
            {"cpu/a/cpu.cfs_quota_us": "100000\n", "cpu/a/cpu.cfs_period_us": "100000\n"},
            "5:memory:/a\n4:cpuacct,cpu:/a/b\n0::/\n",
            1,
        ),
        ({"cpu.max": "nonsense\n"}, "0::/\n", None),
        ({"cpu.max": "1 0\n"}, "0::/\n", None),
        ({"cpu/cpu.cfs_quota_us": "50000\n"}, "4:cpu:/\n", None),
    ],
)
def test_the_least_quota_counts(tmp_path, files, membership, quota):
    assert usable_cores(*write(tmp_path, files, membership)) == min(MOST, quota or MOST)


def test_without_control_groups_the_affinity_counts(tmp_path, run_python):
    assert usable_cores(tmp_path, tmp_path / "missing") == MOST
    pinned = "import os; os.sched_setaffinity(0, [min(os.sched_getaffinity(0))])\n"
    assert run_python(f"{pinned}from pipeline.host.cores import usable_cores\nanswer = usable_cores()") == 1
