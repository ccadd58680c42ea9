"""How a run scales over machines that do not exist: the real coordinator, simulated machines and time.

    python -m benchmarks.clustersimulation OUTPUT [--photos N] [--videos N] [--machines N ...] [--lost N]

OUTPUT is a folder in which photos, and perhaps videos, were mined: their times in its ledger are the costs.
Machines have eight workers each and differ in speed by a factor of up to three. Prints, for each number of
machines: the time that the run takes over the least possible one, how long the first idle machine waits for
the end, and the CPU that the coordinator's own decisions take.
"""

from __future__ import annotations

import argparse
import heapq
import itertools
import random
import time
from array import array
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

from cluster.conversation import Heard, Lost
from cluster.fleet import Fleet
from cluster.messages import LEASE_MARGIN_S, LEASE_S, POLL_S, Done, Packed, Ready, Returned
from cluster.roots import Roots, pack, unpack
from cluster.shards import Lookahead
from pipeline.ledger.ledger import Ledger
from pipeline.outcome import Outcome, Status
from pipeline.source import Source, SourceKind, Stamp
from pipeline.tasks import JoinSegments, MineSegment, ProbeVideo, Task
from pipeline.videos.facts import FileVersion, VideoFacts
from pipeline.videos.messages import SegmentResult, SegmentTask, VideoPlan
from pipeline.videos.segments import MAX_WORK, Segment
from pipeline.workers.queue import TaskQueue

WORKERS = 8
ROOTS = Roots.of("/in", "/out", "/pipeline")
PACE_LEAST_S = 0.05
FRAME_S = 0.05
FACTS = VideoFacts((1920, 1080), "mp4", "h264", 0, Fraction(1), Fraction(25), 60.0, 1500, True)


class Simulated:
    """A machine: stands for its conversation, and does tasks in simulated time."""

    def __init__(self, number: int, slowness: float, costs: dict[str, float]) -> None:
        self.host = self.address = f"machine{number}"
        self.slowness, self.pace_s = slowness, 0.0
        self.busy_until = [0.0] * WORKERS
        self.waiting: list[Packed] = []
        self.running: list[tuple[float, int, Task]] = []
        self.replies: list[Done | Returned] = []
        self.last_done = 0.0
        self._given: list[Packed] = []
        self._recalled: set[int] = set()
        self._costs = costs

    def give(self, tasks: list[Packed], recalled: list[int], *, pace_s: float) -> None:
        """Keep it for the next exchange."""
        self._given += tasks
        self._recalled.update(recalled)
        self.pace_s = pace_s

    def end(self) -> None:
        """Nothing has to end."""

    def exchange(self, now: float) -> Heard:
        """Work until now; then take what was given, and reply with what is done."""
        self._work(now)
        self.waiting += self._given
        returned = [number for number, _ in self.waiting if number in self._recalled]
        self.waiting = [one for one in self.waiting if one[0] not in self._recalled]
        self.replies += map(Returned, returned)
        self._given, self._recalled = [], set()
        self._begin(now)
        replies, self.replies = self.replies, []
        return Heard(self, replies, frozenset(number for _, number, _ in self.running))

    def _work(self, now: float) -> None:
        while self.running and self.running[0][0] <= now:
            ended, number, task = heapq.heappop(self.running)
            self.replies.append(Done(number, pack(self._result(task), ROOTS)))
            self.last_done = ended
            self._begin(ended)

    def _begin(self, now: float) -> None:
        while self.waiting and len(self.running) < WORKERS:
            number, packed = self.waiting.pop(0)
            task = unpack(packed, ROOTS)
            heapq.heappush(self.running, (now + self._cost(task) * self.slowness, number, task))

    def _cost(self, task: Task) -> float:
        if isinstance(task, MineSegment):
            return len(task.segment_task.segment) * FRAME_S
        if isinstance(task, ProbeVideo | JoinSegments):
            return 0.5
        return self._costs[task.source.path]

    def _result(self, task: Task) -> Outcome | VideoPlan | SegmentResult:
        taken_s = self._cost(task) * self.slowness
        if isinstance(task, ProbeVideo):
            return VideoPlan(FACTS, FileVersion(1, 1), _segments(self._costs[task.source.path]))
        if isinstance(task, MineSegment):
            return SegmentResult(task.segment_task.number, 1, False, {}, duration_s=taken_s)
        return Outcome(task.source.path, Status.MINED, frames=1, duration_s=taken_s)


def _segments(cost_s: float) -> tuple[SegmentTask, ...]:
    frames = max(1, round(cost_s / FRAME_S))
    tasks = []
    for number, first in enumerate(range(0, frames, MAX_WORK)):
        indices = array("q", range(first, min(frames, first + MAX_WORK)))
        segment = Segment(
            number, Fraction(1, 25), indices, indices, 0, True, (None,), None, False, FileVersion(1, 1)
        )
        tasks.append(SegmentTask(segment))
    return tuple(tasks)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("output", metavar="OUTPUT", type=Path)
    parser.add_argument("--photos", type=int, default=100_000)
    parser.add_argument("--videos", type=int, default=200)
    parser.add_argument("--machines", type=int, nargs="+", default=[1, 10, 50, 200])
    parser.add_argument("--lost", type=int, default=0, help="so many machines are lost, one after the other")
    given = parser.parse_args()
    with Ledger(given.output) as ledger:
        records = [record for record in ledger.iter_records() if record.duration_s > 0]
    photos = [one.duration_s for one in records if one.frames == 1] or [0.1]
    videos = [one.duration_s for one in records if one.frames > 1] or [600.0]
    print(f"recorded: {len(photos):,} photos, {sum(photos) / len(photos):.3f} s each; {len(videos):,} videos")
    for machines in given.machines:
        _simulate(given, machines, photos, videos)


def _simulate(given: argparse.Namespace, count: int, photos: list[float], videos: list[float]) -> None:
    chance = random.Random(7)
    costs: dict[str, float] = {}
    sources = list(_sources(given, chance, photos, videos, costs))
    ahead = Lookahead(iter(sources))
    fleet = Fleet(TaskQueue(ahead), ahead, ROOTS, Path("/out"), lambda _: None)
    machines = [Simulated(number, chance.choice((0.7, 1.0, 1.0, 2.1)), costs) for number in range(count)]
    numbers = itertools.count()
    events = [(0.001 * place, next(numbers), machine) for place, machine in enumerate(machines)]
    for machine in machines:
        list(fleet.on_event(Heard(machine, [Ready("m", WORKERS, "", None)], frozenset())))
    losing = {number * 30.0 + 20.0: machines[number] for number in range(min(given.lost, count - 1))}
    gone: dict[Simulated, float] = {}
    cpu_s, mined, now, exchanges = 0.0, 0, 0.0, 0
    while True:
        began = time.process_time()
        ahead.fill(100)
        is_over = fleet.hand_out()
        cpu_s += time.process_time() - began
        if is_over:
            break
        now, _, machine = heapq.heappop(events)
        if losing and now >= min(losing):
            gone[losing.pop(min(losing))] = now + LEASE_S + LEASE_MARGIN_S
        if machine in gone:
            if now < gone[machine]:
                heapq.heappush(events, (gone[machine], next(numbers), machine))
            else:
                mined += len(list(fleet.on_event(Lost(machine, ""))))
            continue
        heard = machine.exchange(now)
        exchanges += 1
        began = time.process_time()
        mined += len(list(fleet.on_event(heard)))
        cpu_s += time.process_time() - began
        pause_s = max(PACE_LEAST_S if heard.messages else POLL_S, machine.pace_s)
        heapq.heappush(events, (now + pause_s, next(numbers), machine))
    staying = [machine for machine in machines if machine not in gone]
    speed = sum(WORKERS / machine.slowness for machine in staying)
    least_s = sum(costs.values()) / speed
    ends = sorted(machine.last_done for machine in staying)
    print(
        f"{count} machines: {mined:,} inputs in {now:,.0f} s, {now / least_s:.3f} of the least possible; "
        f"first idle {ends[-1] - ends[0]:.1f} s before the end; {exchanges / now:.0f} requests and "
        f"{mined / now:,.0f} inputs a second; coordinator {cpu_s / mined * 1e6:.0f} us an input, "
        f"{100 * cpu_s / now:.1f}% of a core"
    )


def _sources(
    given: argparse.Namespace,
    chance: random.Random,
    photos: list[float],
    videos: list[float],
    costs: dict[str, float],
) -> Iterator[Source]:
    kinds = [SourceKind.PHOTO] * given.photos + [SourceKind.VIDEO] * given.videos
    chance.shuffle(kinds)
    for number, kind in enumerate(kinds):
        name = f"{number}.x"
        cost_s = chance.choice(photos if kind is SourceKind.PHOTO else videos)
        costs[f"/in/{name}"] = cost_s
        size = round(cost_s * 2e6)
        yield Source(f"/in/{name}", name, kind, "jpeg", Stamp(size, 0))


if __name__ == "__main__":
    main()
