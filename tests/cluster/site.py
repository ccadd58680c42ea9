"""A small site: hosts with shared photos, a scheduler on the first host, and runs that the test holds up."""

from __future__ import annotations

import contextlib
import fcntl
import json
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from tests.cluster.hosts import CLUSTER, Host, network, until
from tests.running import PROGRAM, component, pipeline_file, small_photo

PHOTOS = 24


class Site:
    """A site.

    Args:
        folder: receives everything; all hosts see it.
        hosts: the scheduler and the runs are on the first one.
    """

    def __init__(self, folder: Path, hosts: list[Host]) -> None:
        self.folder, self.hosts = folder, hosts
        self.photos, self.mined = folder / "photos", folder / "mined"
        self.certificates, self.journal, self.gate = folder / "certs", folder / "journal", folder / "gate"
        self.model = folder / "model"
        for number in range(PHOTOS):
            small_photo(self.photos / f"{number % 3}" / f"{number}.png", width=10 + number)
        for path in (self.journal, self.gate):
            path.write_bytes(b"")
        self.model.write_bytes(b"a model")
        self._lock = self.gate.open("rb")
        self.pipeline = pipeline_file(
            folder / "pipeline.yml",
            component(
                "all",
                "tests.plugins.journals:Journals",
                journal=str(self.journal),
                gate=str(self.gate),
                model=str(self.model),
            ),
            component("report", "jsonreportwriter", "all"),
        )
        make = subprocess.run([*CLUSTER, "make-certs", self.certificates], capture_output=True, text=True)
        assert make.returncode == 0, make.stderr

    @classmethod
    @contextlib.contextmanager
    def opened(cls, folder: Path, hosts: int = 4) -> Iterator[Site]:
        """A site with a running scheduler."""
        with network(hosts) as found:
            site = cls(folder, found)
            site.start_scheduler()
            yield site
            site.open_gate()

    def start_scheduler(self) -> subprocess.Popen[str]:
        """Start the scheduler."""
        log = self.folder / "scheduler.log"
        process = self.hosts[0].start(*CLUSTER, "scheduler", "--certs", self.certificates, log=log)
        until(lambda: "listens" in log.read_text(), log)
        self._scheduler = process
        return process

    def stop_scheduler(self) -> None:
        """Kill the scheduler."""
        self._scheduler.kill()
        self._scheduler.wait()

    def start_machine(
        self,
        number: int,
        *arguments: str,
        certificates: Path | None = None,
        mounts: dict[Path, Path] | None = None,
        prefix: tuple[str, ...] = (),
        as_script: bool = False,
    ) -> subprocess.Popen[str]:
        """Let a host, by its number from 2, mine with one worker.

        Args:
            prefix: the beginning of the command.
            as_script: whether that is in the place of the Python interpreter.
        """
        certs = ("--certs", certificates or self.certificates)
        program = CLUSTER[1:] if as_script else CLUSTER
        command = [*prefix, *program, "worker", "tls://host1:8786", *certs, "--workers", "1", *arguments]
        return self.hosts[number - 1].start(*command, mounts=mounts, log=self.log_of(number))

    def log_of(self, number: int) -> Path:
        """What a machine prints."""
        return self.folder / f"host{number}.log"

    def start_run(
        self, *arguments: str, name: str = "run", output: Path | None = None
    ) -> subprocess.Popen[str]:
        """Start mining on the first host."""
        paths = (self.photos, output or self.mined, self.pipeline)
        options = (
            "--allow-plugins",
            "--no-index",
            "--cluster",
            "tls://host1:8786",
            "--certs",
            self.certificates,
        )
        summary = ("--summary", self.folder / f"{name}.json")
        command = [*PROGRAM, *paths, *options, *summary, *arguments]
        return self.hosts[0].start(*command, log=self.folder / f"{name}.log")

    def start_held_run(self, *numbers: int) -> subprocess.Popen[str]:
        """Start machines and a run, and wait until each machine holds a photo until the gate opens."""
        for number in numbers:
            self.start_machine(number)
        self.close_gate()
        run = self.start_run()
        self.wait_for(*(f"host{number}" for number in numbers))
        return run

    def said(self, name: str = "run") -> str:
        """What a run has printed so far."""
        return (self.folder / f"{name}.log").read_text()

    def summary(self, name: str = "run") -> dict:
        """The summary of a run."""
        return json.loads((self.folder / f"{name}.json").read_text())

    def close_gate(self) -> None:
        """Hold up all photos that are mined from now on."""
        fcntl.flock(self._lock, fcntl.LOCK_EX)

    def open_gate(self) -> None:
        """Let them go."""
        fcntl.flock(self._lock, fcntl.LOCK_UN)

    def notes(self) -> list[tuple[int, str]]:
        """Photo and host, for each time that a photo was begun."""
        lines = self.journal.read_text().split("\n")[:-1]
        return [(int(line.split()[0]), line.split()[1]) for line in lines]

    def busy(self) -> Counter[str]:
        """How many photos each host has begun."""
        return Counter(host for _, host in self.notes())

    def wait_for(self, *names: str) -> None:
        """Wait until these hosts have begun a photo."""
        until(lambda: set(names) <= self.busy().keys(), self.folder / "run.log")

    def engines(self, number: int) -> list[int]:
        """The processes of a host that belong to an engine."""
        found = []
        for pid in self.hosts[number - 1].pids():
            with contextlib.suppress(OSError):
                if b"cluster.engine" in Path(f"/proc/{pid}/cmdline").read_bytes():
                    found.append(pid)
        return found

    def reports(self) -> set[str]:
        """The names of all reports."""
        return {path.name for path in self.mined.rglob("*.json")}
