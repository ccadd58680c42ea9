"""How many files a second the coordinator of a cluster plans, hands out and records.

    python -m benchmarks.clusterplanning [--files N] [--machines N]

Makes N small files and mines them with machines that answer at once without mining. What remains is the work
of the coordinator: walk, ledger, queue and messages, but not the connection.
"""

from __future__ import annotations

import argparse
import queue
import tempfile
import time
from pathlib import Path

from cluster import executor
from cluster.conversation import Event, Heard
from cluster.messages import Begun, Done, Packed, Ready
from cluster.roots import Roots, pack, unpack
from pipeline import miner
from pipeline.ledger.ledgerfile import LEDGER_NAME
from pipeline.outcome import Outcome, Status
from pipeline.runs.options import Options

CONTENT = b"\xff\xd8\xff" + bytes(97)
"""A JPEG by its first bytes; the rest is never read."""
PIPELINE = """\
pipeline:
- {name: faces, type: simpledetector, inputs: files, params: {model: haarcascade_frontalface_default.xml}}
- {name: report, type: jsonreportwriter, inputs: faces}
"""
WORKERS = 8


class InstantMachine:
    """Stands for a conversation with a machine: all that it is given is done at once."""

    def __init__(self, link: InstantLink, number: int) -> None:
        self.host = self.address = f"machine{number}"
        self._link = link

    def give(self, tasks: list[Packed], recalled: list[int], *, pace_s: float) -> None:
        """Do the tasks."""
        messages = []
        for number, packed in tasks:
            task = unpack(packed, self._link.roots)
            result = Outcome(
                task.source.path,
                Status.MINED,
                frames=1,
                duration_s=0.1,
                sha256="0" * 64,
                outputs=(f"{task.source.relative.rpartition('/')[2]}.json",),
            )
            messages += [Begun(number), Done(number, pack(result, self._link.roots))]
        if messages:
            self._link.events.put(
                Heard(self, [one for one in messages if isinstance(one, Done)], frozenset())
            )

    def end(self) -> None:
        """Nothing has to end."""


class InstantLink:
    """Stands for the connection to machines."""

    machines = 1
    roots: Roots
    all_refuse, all_ended, reached_at = False, True, 0.0

    def __init__(self, *_: object) -> None:
        self.events: queue.SimpleQueue[Event] = queue.SimpleQueue()

    def __enter__(self) -> InstantLink:
        for number in range(self.machines):
            ready = Ready(f"m{number}", WORKERS, f"{WORKERS} workers", None)
            self.events.put(Heard(InstantMachine(self, number), [ready], frozenset()))
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing is open."""

    def refuse(self, address: str) -> None:
        """No machine fails."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--files", type=int, default=100_000, help="how many (default: %(default)s)")
    parser.add_argument("--machines", type=int, default=1, help="how many (default: %(default)s)")
    given = parser.parse_args()
    executor.Link = InstantLink
    executor.wait_until_reachable = lambda *_: None
    InstantLink.machines = given.machines
    with tempfile.TemporaryDirectory(prefix="cluster-planning-") as name:
        place = Path(name)
        for number in range(given.files):
            path = place / "in" / f"{number // 1000:04}" / f"{number}.jpg"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(CONTENT)
        pipeline = place / "pipeline.yml"
        pipeline.write_text(PIPELINE)
        InstantLink.roots = Roots.of(str(place / "in"), str(place / "out"), str(place))
        options = Options(
            str(place / "in"), str(place / "out"), str(pipeline), cluster="tcp://127.0.0.1:8786"
        )
        began, began_cpu = time.monotonic(), time.process_time()
        summary = miner.mine(options, lambda _: None)
        seconds, cpu_s = time.monotonic() - began, time.process_time() - began_cpu
        assert summary.mined == given.files
        rate, each_us = given.files / seconds, cpu_s / given.files * 1e6
        ledger_bytes = (place / "out" / LEDGER_NAME).stat().st_size / given.files
        print(f"{given.files:,} files: {seconds:.1f} s, {rate:,.0f} a second; {each_us:.0f} us of CPU a file")
        print(f"ledger: {ledger_bytes:.0f} bytes a file")


if __name__ == "__main__":
    main()
