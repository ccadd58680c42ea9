"""Segments of one video on several machines: what is counted where, and what a lost machine leaves."""

from __future__ import annotations

from pathlib import Path

from cluster.conversation import Heard, Lost
from cluster.fleet import Fleet
from cluster.messages import Done, Ready
from cluster.roots import Roots, pack, unpack
from cluster.shards import Lookahead
from pipeline.files.parts import PART_PREFIX, RUN_OWNER
from pipeline.outcome import Outcome, Status, Summary
from pipeline.source import Source, SourceKind, Stamp
from pipeline.tasks import JoinSegments, MineSegment, ProbeVideo, Task
from pipeline.videos.messages import SegmentPart, SegmentResult
from pipeline.workers.queue import TaskQueue
from tests.cluster.test_fleet import Talk
from tests.pipeline.workers.test_queue import cut

SEGMENTS = 4
FRAMES = 10


class Cinema:
    """A fleet whose only input is a video in four segments."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "out" / "trips"
        self.folder.mkdir(parents=True)
        video = Source(f"{folder}/trips/v.mp4", "trips/v.mp4", SourceKind.VIDEO, "mp4", Stamp(1, 0))
        self._roots = Roots.of(str(folder), str(folder / "out"), str(folder))
        ahead = Lookahead(iter([video]))
        self.fleet = Fleet(TaskQueue(ahead), ahead, self._roots, folder / "out", lambda _: None)

    def joins(self, name: str) -> Talk:
        """Let a machine with one worker join."""
        talk = Talk(name)
        list(self.fleet.on_event(Heard(talk, [Ready(f"m{name}", 1, "1 worker", None)], frozenset())))
        return talk

    def next_of(self, talk: Talk) -> tuple[int, Task]:
        """The next task that a machine was given."""
        number, packed = talk.given.pop(0)
        return number, unpack(packed, self._roots)

    def says(self, talk: Talk, number: int, result: object) -> list[Outcome]:
        """Let a machine report a result."""
        return list(self.fleet.on_event(Heard(talk, [Done(number, pack(result, self._roots))], frozenset())))

    def mines(self, talk: Talk, task: Task) -> SegmentResult:
        """Let a machine mine a segment, whose part belongs to the run from then on."""
        assert isinstance(task, MineSegment)
        number = task.segment_task.number
        part = self.folder / f"{PART_PREFIX}{RUN_OWNER}.7-{talk.host}{number}.part"
        part.touch()
        return SegmentResult(number, FRAMES, False, {"report": SegmentPart(part, None)}, duration_s=0.1)

    def ends_on(self, talk: Talk) -> list[Outcome]:
        """Let a machine mine and join what is left, until the run has nothing more to hand out."""
        outcomes: list[Outcome] = []
        while not self.fleet.hand_out():
            number, task = self.next_of(talk)
            joined = Outcome(task.source.path, Status.MINED, frames=SEGMENTS * FRAMES)
            is_join = isinstance(task, JoinSegments)
            outcomes += self.says(talk, number, joined if is_join else self.mines(talk, task))
        return outcomes

    def parts(self) -> set[str]:
        """The machines that have left parts."""
        return {path.name.partition("-")[2].partition("-")[2][:-6] for path in self.folder.glob(".*.part")}


def test_a_lost_machine_leaves_no_segments_and_frames_count_where_they_were_mined(tmp_path: Path) -> None:
    cinema = Cinema(tmp_path)
    lost, good = cinema.joins("lost"), cinema.joins("good")
    assert not cinema.fleet.hand_out()
    prober = lost if lost.given else good
    number, task = cinema.next_of(prober)
    assert isinstance(task, ProbeVideo)
    cinema.says(prober, number, cut(SEGMENTS))
    assert not cinema.fleet.hand_out()

    number, task = cinema.next_of(lost)
    cinema.says(lost, number, cinema.mines(lost, task))
    cinema.fleet.hand_out()
    cinema.mines(lost, cinema.next_of(lost)[1])  # its result does not come
    list(cinema.fleet.on_event(Lost(lost, "its cable was pulled")))
    assert cinema.parts() == {"lost"}, "the join needs one of the two"

    outcomes = cinema.ends_on(good)
    cinema.fleet.sweep()
    assert cinema.parts() == set()

    summary = Summary()
    for outcome in outcomes:
        summary.add(outcome)
    counts = {name: (one.mined, one.frames) for name, one in summary.machines.items()}
    assert counts == {"lost": (0, FRAMES), "good": (1, (SEGMENTS - 1) * FRAMES)}
    assert summary.frames == SEGMENTS * FRAMES


def test_the_last_segments_wait_for_a_fast_machine(tmp_path: Path) -> None:
    cinema = Cinema(tmp_path)
    slow, fast = cinema.joins("slow"), cinema.joins("fast")
    for machine in cinema.fleet.machines.values():
        machine.slowness = 10.0 if machine.name == "slow" else 1.0
    cinema.fleet.hand_out()
    prober = slow if slow.given else fast
    cinema.says(prober, cinema.next_of(prober)[0], cut(SEGMENTS, frames=100))  # five seconds each
    outcomes = cinema.ends_on(fast)
    assert [outcome.status for outcome in outcomes] == [Status.MINED]
    assert not slow.given


def test_a_machine_that_does_not_answer_has_the_name_that_it_had_before(tmp_path: Path, caplog) -> None:
    cinema = Cinema(tmp_path)
    list(cinema.fleet.on_event(Lost(cinema.joins("host2"), "it was cut off")))
    list(cinema.fleet.on_event(Lost(Talk("", "tls://host2:1"), "it has not answered for 23 s")))
    assert caplog.messages == ["host2: it was cut off", "host2: it has not answered for 23 s"]
