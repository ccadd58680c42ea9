"""What a cluster of one machine costs over a run without a cluster, in CPU and in time.

    python -m benchmarks.clusteroverhead [--photos DIR | --count N] [--workers N] [--rounds N] [--files N]

Starts a scheduler and one worker on this machine, encrypted, and mines the same photos in turn without and
with `--cluster`, each time into an empty folder. Prints medians: CPU and time of both kinds and their ratios,
the CPU of each part of the cluster, and what part of a core the run's own process uses beside its start. At
the end, `benchmarks.clusterplanning` says how many files a second that process plans and records.

CPU is read from control groups, which count killed processes too; root can make some.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw, ImageFilter

ROOT = Path(__file__).resolve().parents[1]
PLACES = (Path("/sys/fs/cgroup/cpuacct"), Path("/sys/fs/cgroup"))
"""Where control groups are, version 1 or 2."""
SIZE_WH = (640, 480)
START_S = 60.0
PIPELINE = """\
pipeline:
- {name: faces, type: simpledetector, inputs: files, params: {model: haarcascade_frontalface_default.xml}}
- {name: report, type: jsonreportwriter, inputs: faces}
- {name: copies, type: photowriter, inputs: faces}
"""


class Group:
    """A control group, which counts the CPU of the processes that are started in it.

    Args:
        name: of it.
    """

    def __init__(self, name: str) -> None:
        place = next(place for place in PLACES if (place / "cgroup.procs").exists())
        self._folder = place / f"deepvisualminer-{os.getpid()}-{name}"
        self._folder.mkdir()

    def command(self, *command: str | Path) -> list[str]:
        """A command that runs another one in the group."""
        script = f'echo $$ > "{self._folder}/cgroup.procs"; exec "$@"'
        return ["sh", "-ec", script, "sh", *map(str, command)]

    def cpu_s(self) -> float:
        """CPU of all processes that are or were in the group, user and system."""
        usage = self._folder / "cpuacct.usage"
        if usage.exists():
            return int(usage.read_text()) / 1e9
        words = (self._folder / "cpu.stat").read_text().split()
        return int(words[words.index("usage_usec") + 1]) / 1e6

    def remove(self) -> None:
        """Remove the group; its processes have ended."""
        with contextlib.suppress(OSError):
            self._folder.rmdir()


@dataclass(frozen=True)
class Cost:
    """What one run has taken, seconds."""

    wall_s: float
    run_s: float
    machine_s: float = 0.0
    scheduler_s: float = 0.0

    @property
    def cpu_s(self) -> float:
        """CPU of all processes."""
        return self.run_s + self.machine_s + self.scheduler_s


class Bench:
    """A scheduler and a worker, and runs with and without them.

    Args:
        folder: receives everything.
        workers: number of worker processes of both kinds of runs.
        groups: for the runs, the worker and the scheduler.
    """

    def __init__(self, folder: Path, workers: int, groups: tuple[Group, Group, Group]) -> None:
        self._folder, self._workers = folder, workers
        self._runs, self._machine, self._scheduler = groups
        self._certs, self._number = folder / "certs", 0
        self.pipeline = folder / "pipeline.yml"
        self.pipeline.write_text(PIPELINE)
        self._cluster(["make-certs", str(self._certs)], None).wait()

    def _cluster(self, words: list[str], group: Group | None) -> subprocess.Popen[bytes]:
        command: list[str] = [sys.executable, "visualminercluster.py", *words]
        with (self._folder / f"{words[0]}.log").open("wb") as log:
            return subprocess.Popen(
                group.command(*command) if group else command, cwd=ROOT, stdout=log, stderr=log
            )

    @contextlib.contextmanager
    def cluster(self) -> Iterator[str]:
        """The scheduler and the worker while the context is open; yields the address."""
        found, certs = self._folder / "scheduler.json", ["--certs", str(self._certs)]
        where = ["--host", "127.0.0.1", "--port", "0", "--scheduler-file", str(found)]
        scheduler = self._cluster(["scheduler", *where, *certs], self._scheduler)
        until = time.monotonic() + START_S
        while not found.exists() and time.monotonic() < until:
            time.sleep(0.1)
        address = found.read_text().split('"address": "')[1].partition('"')[0]
        worker = self._cluster(["worker", address, *certs, "--workers", str(self._workers)], self._machine)
        try:
            yield address
        finally:
            for process in (worker, scheduler):
                process.terminate()
                process.wait()

    def run(self, source: Path, address: str | None) -> Cost:
        """Mine photos into an empty folder, on the cluster at an address, or without one."""
        self._number += 1
        output = self._folder / f"mined-{self._number}"
        command = [
            sys.executable,
            "visualminer.py",
            str(source),
            str(output),
            str(self.pipeline),
            "--no-index",
        ]
        command += ["--quiet", "--nice", "0"]
        command += ["--cluster", address, "--certs", str(self._certs)] if address else []
        command += [] if address else ["--workers", str(self._workers)]
        before = [group.cpu_s() for group in (self._runs, self._machine, self._scheduler)]
        began = time.monotonic()
        done = subprocess.run(self._runs.command(*command), cwd=ROOT, capture_output=True, text=True)
        wall_s = time.monotonic() - began
        if done.returncode:
            sys.exit(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")
        after = [group.cpu_s() for group in (self._runs, self._machine, self._scheduler)]
        run_s, machine_s, scheduler_s = (then - now for now, then in zip(before, after, strict=True))
        return Cost(wall_s, run_s, machine_s, scheduler_s) if address else Cost(wall_s, run_s)


def make_photos(folder: Path, count: int) -> Path:
    """Write photos of web size that all differ."""
    folder.mkdir()
    chance = random.Random(1)
    noise = Image.effect_noise((2 * SIZE_WH[0], 2 * SIZE_WH[1]), 80).filter(ImageFilter.GaussianBlur(2))
    for number in range(count):
        left, top = (chance.randrange(side) for side in SIZE_WH)
        picture = noise.crop((left, top, left + SIZE_WH[0], top + SIZE_WH[1])).convert("RGB")
        draw = ImageDraw.Draw(picture)
        for _ in range(12):
            x, y, size = chance.randrange(600), chance.randrange(440), chance.randrange(20, 200)
            colour = tuple(chance.randrange(256) for _ in range(3))
            draw.ellipse((x, y, x + size, y + size), fill=colour)
        picture.save(folder / f"{number:05}.jpg", quality=88)
    return folder


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--photos", type=Path, metavar="DIR", help="photos to mine (default: drawn ones)")
    parser.add_argument("--count", type=int, default=1000, help="how many to draw (default: %(default)s)")
    parser.add_argument("--workers", type=int, default=len(os.sched_getaffinity(0)), metavar="N")
    parser.add_argument("--rounds", type=int, default=5, metavar="N", help="default: %(default)s")
    parser.add_argument("--files", type=int, default=100_000, help="to plan and record; 0: none")
    given = parser.parse_args()
    try:
        groups = Group("runs"), Group("machine"), Group("scheduler")
    except (OSError, StopIteration):
        sys.exit("clusteroverhead: needs control groups that it can make; run it as root")
    try:
        with tempfile.TemporaryDirectory(prefix="cluster-overhead-") as name:
            folder = Path(name)
            _measure(Bench(folder, given.workers, groups), given, folder)
    finally:
        for group in groups:
            group.remove()
    if given.files:
        command = [sys.executable, "-m", "benchmarks.clusterplanning", "--files", str(given.files)]
        subprocess.run(command, cwd=ROOT, check=True)


def _measure(bench: Bench, given: argparse.Namespace, folder: Path) -> None:
    photos = given.photos or make_photos(folder / "photos", given.count)
    files = sorted(path for path in photos.rglob("*") if path.is_file())
    alone, cluster, start = [], [], []
    with bench.cluster() as address:
        bench.run(files[0], address)  # the worker may still be starting
        for number in range(1, given.rounds + 1):
            alone.append(bench.run(photos, None))
            cluster.append(bench.run(photos, address))
            start.append(bench.run(files[0], address))
            ratio, cpu = (
                cluster[-1].wall_s / alone[-1].wall_s,
                cluster[-1].cpu_s / alone[-1].cpu_s,
            )
            print(f"round {number}: CPU {cpu:.3f}, time {ratio:.3f}", flush=True)
    print(f"{len(files):,} files, {given.workers} workers, medians of {given.rounds}")
    _print("CPU", "cpu_s", alone, cluster)
    _print("time", "wall_s", alone, cluster)
    middle = {name: _median(cluster, f"{name}_s") for name in ("run", "machine", "scheduler")}
    print(f"CPU of the cluster's parts: {', '.join(f'{name} {cpu:.1f} s' for name, cpu in middle.items())}")
    start_s, wall_s = _median(start, "run_s"), _median(cluster, "wall_s")
    share = max(0.0, middle["run"] - start_s) / wall_s
    print(f"a run on one file: {_median(start, 'wall_s'):.1f} s, {start_s:.2f} s of CPU in the run's process")
    print(f"the run's process beside its start: {100 * share:.2f}% of a core")


def _median(costs: list[Cost], what: str) -> float:
    return statistics.median(getattr(cost, what) for cost in costs)


def _print(title: str, what: str, alone: list[Cost], cluster: list[Cost]) -> None:
    without, with_ = _median(alone, what), _median(cluster, what)
    print(f"{title}: {without:.2f} s without a cluster, {with_:.2f} s with one; ratio {with_ / without:.3f}")


if __name__ == "__main__":
    main()
