"""Free memory, as the kernel's files say it in each of their shapes."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.host.memory import free_bytes

MEMINFO = "MemTotal:  8000000 kB\nMemFree:  100000 kB\nMemAvailable:  4000000 kB\n"


class Machine:
    """`/proc` and `/sys/fs/cgroup` in a folder."""

    def __init__(self, folder: Path) -> None:
        self.proc, self.cgroups = folder / "proc", folder / "cgroup"
        self.write(self.proc / "meminfo", MEMINFO)
        self.own_group("0::/\n")

    @staticmethod
    def write(path: Path, text: str) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def own_group(self, text: str) -> None:
        self.write(self.proc / "self" / "cgroup", text)

    def version_2(self, group: str, limit: str, usage: int, inactive: int = 0) -> None:
        folder = self.cgroups / group
        self.write(folder / "memory.max", f"{limit}\n")
        self.write(folder / "memory.current", f"{usage}\n")
        self.write(folder / "memory.stat", f"anon 5\ninactive_file {inactive}\n")

    def version_1(self, group: str, limit: int, usage: int, inactive: int = 0) -> None:
        folder = self.cgroups / "memory" / group
        self.write(folder / "memory.limit_in_bytes", f"{limit}\n")
        self.write(folder / "memory.usage_in_bytes", f"{usage}\n")
        self.write(folder / "memory.stat", f"inactive_file 1\ntotal_inactive_file {inactive}\n")

    @property
    def free(self) -> int | None:
        return free_bytes(proc=self.proc, cgroups=self.cgroups)


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_this_machine() -> None:
    free = free_bytes()
    assert free is not None
    assert 1e6 < free < 1e14


def test_without_control_groups(machine: Machine) -> None:
    assert machine.free == 4_096_000_000


def test_a_group_without_a_limit(machine: Machine) -> None:
    machine.version_2("", "max", 10**9)
    machine.version_1("", 9_223_372_036_854_771_712, 10**9)
    machine.own_group("5:memory:/\n0::/\n")
    assert machine.free == 4_096_000_000


def test_a_limit_of_version_2(machine: Machine) -> None:
    machine.version_2("", "1000000000", 700_000_000, inactive=100_000_000)
    assert machine.free == 400_000_000


def test_the_narrowest_group_above_binds(machine: Machine) -> None:
    machine.own_group("0::/user.slice/miner.service\n")
    machine.version_2("user.slice", "900000000", 700_000_000)
    machine.version_2("user.slice/miner.service", "1000000000", 100_000_000)
    assert machine.free == 200_000_000


def test_a_container_sees_its_own_group_as_the_mount(machine: Machine) -> None:
    machine.own_group("0::/docker/0123456789\n")
    machine.version_2("", "500000000", 100_000_000)
    assert machine.free == 400_000_000
    machine.own_group("0::/../../elsewhere\n")
    assert machine.free == 400_000_000


def test_a_limit_of_version_1(machine: Machine) -> None:
    machine.own_group("7:cpu,cpuacct:/x\n4:memory:/jobs/mine\n0::/\n")
    machine.version_1("jobs", 10**10, 0)
    machine.version_1("jobs/mine", 10**9, 10**9 - 5, inactive=1000)
    assert machine.free == 1005


def test_a_group_that_is_over_its_limit(machine: Machine) -> None:
    machine.version_2("", "1000", 2000)
    assert machine.free == 0


@pytest.mark.parametrize("damage", ["", "nonsense", "MemAvailable:", "MemAvailable: many kB"])
def test_unknown_if_no_file_can_be_read(machine: Machine, damage: str) -> None:
    machine.write(machine.proc / "meminfo", damage)
    machine.version_2("", "lots", 5)
    assert machine.free is None
    (machine.proc / "self" / "cgroup").unlink()
    (machine.proc / "meminfo").unlink()
    assert machine.free is None
