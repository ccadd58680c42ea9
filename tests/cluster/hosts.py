"""Hosts on one machine: network namespaces with their own addresses, names and mounts, joined by a switch."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from tests.running import PATIENCE_S, ROOT

CLUSTER = [sys.executable, str(ROOT / "visualminercluster.py")]


def ip(*words: str) -> None:
    """Run the ip command, which must succeed."""
    done = subprocess.run(["ip", *words], capture_output=True, text=True)
    assert done.returncode == 0, f"ip {' '.join(words)}: {done.stderr}"


class Host:
    """One host.

    Args:
        name: its host name.
        namespace: its network namespace.
        address: on the network.
        link: the switch's end of its cable.
        switch: the switch's namespace.
    """

    def __init__(self, name: str, namespace: str, address: str, link: str, switch: str) -> None:
        self.name, self.address = name, address
        self._namespace, self._link, self._switch = namespace, link, switch
        self._processes: list[subprocess.Popen[str]] = []

    def start(
        self, *command: str | os.PathLike[str], mounts: dict[Path, Path] | None = None, log: Path
    ) -> subprocess.Popen[str]:
        """Start a command on the host; its process is the command's own.

        Args:
            mounts: folders to the places where this host has them, too.
            log: gets what it prints.
        """
        script = f"hostname {self.name}\n"
        for number, place in enumerate((mounts or {}).values()):
            place.mkdir(parents=True, exist_ok=True)
            script += f'mount --bind "${2 * number + 1}" "${2 * number + 2}"\n'
        pairs = [str(path) for pair in (mounts or {}).items() for path in pair]
        script += f'shift {len(pairs)}\nexec "$@"\n'
        prefix = ["ip", "netns", "exec", self._namespace, "unshare", "--mount", "--uts"]
        with log.open("w") as stream:
            process = subprocess.Popen(
                [*prefix, "sh", "-ec", script, "sh", *pairs, *map(str, command)],
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=subprocess.STDOUT,
                text=True,
            )
        self._processes.append(process)
        return process

    def cut(self) -> None:
        """Pull the cable."""
        ip("-n", self._switch, "link", "set", self._link, "down")

    def mend(self) -> None:
        """Put it in again."""
        ip("-n", self._switch, "link", "set", self._link, "up")

    def pids(self) -> list[int]:
        """The processes of this host."""
        done = subprocess.run(["ip", "netns", "pids", self._namespace], capture_output=True, text=True)
        return [int(word) for word in done.stdout.split()]

    @staticmethod
    def within(pid: int, *command: str | os.PathLike[str]) -> None:
        """Run a command that sees the mounts of a process."""
        subprocess.run(["nsenter", "--mount", "--target", str(pid), *command], check=True)

    @staticmethod
    def kill_parent_of(pid: int) -> None:
        """Kill the process that has started another one."""
        os.kill(psutil.Process(pid).ppid(), signal.SIGKILL)

    def power_off(self) -> None:
        """End all of its processes at once."""
        for pid in self.pids():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        for process in self._processes:
            process.wait()
        self._processes.clear()


@contextlib.contextmanager
def network(count: int) -> Iterator[list[Host]]:
    """So many hosts, which know each other by name; skips the test where the kernel does not allow it."""
    tag = f"dvm{os.getpid() % 100_000}"
    switch = f"{tag}s"
    if os.geteuid() != 0 or shutil.which("ip") is None:
        pytest.skip("needs root and the ip command to make network namespaces")
    if subprocess.run(["ip", "netns", "add", switch], capture_output=True).returncode:
        pytest.skip("needs network namespaces, which cannot be made here")
    hosts: list[Host] = []
    try:
        ip("-n", switch, "link", "add", "br0", "type", "bridge")
        ip("-n", switch, "link", "set", "br0", "up")
        names = {f"host{number}": f"10.77.0.{number}" for number in range(1, count + 1)}
        for name, address in names.items():
            namespace, link = f"{tag}{name}", f"{tag}v{name[-1]}"
            ip("netns", "add", namespace)
            hosts.append(Host(name, namespace, address, link, switch))
            folder = Path("/etc/netns") / namespace
            folder.mkdir(parents=True)
            lines = [f"{other} {name}" for name, other in names.items()]
            (folder / "hosts").write_text("\n".join(["127.0.0.1 localhost", *lines, ""]))
            ip("-n", namespace, "link", "add", "eth0", "type", "veth", "peer", "name", link, "netns", switch)
            ip("-n", namespace, "addr", "add", f"{address}/24", "dev", "eth0")
            ip("-n", namespace, "link", "set", "eth0", "up")
            ip("-n", namespace, "link", "set", "lo", "up")
            ip("-n", switch, "link", "set", link, "master", "br0", "up")
        yield hosts
    finally:
        for host in hosts:
            host.power_off()
            subprocess.run(["ip", "netns", "del", host._namespace])
            shutil.rmtree(Path("/etc/netns") / host._namespace, ignore_errors=True)
        subprocess.run(["ip", "netns", "del", switch])


def until(condition: Callable[[], bool], log: Path | None = None, patience_s: float = PATIENCE_S) -> None:
    """Wait for something to become true."""
    end = time.monotonic() + patience_s
    while not condition():
        assert time.monotonic() < end, log.read_text() if log else "it did not come true"
        time.sleep(0.05)
