from __future__ import annotations

from array import array
from fractions import Fraction
from pathlib import Path

from pipeline.errors import FailureCode
from pipeline.outcome import Outcome, Status
from pipeline.source import Source, SourceKind, Stamp
from pipeline.tasks import JoinSegments, MinePhoto, MineSegment, ProbeVideo
from pipeline.videos.facts import FileVersion, VideoFacts
from pipeline.videos.messages import SegmentPart, SegmentResult, SegmentTask, VideoPlan
from pipeline.videos.segments import Segment
from pipeline.workers.queue import TaskQueue

FACTS = VideoFacts((8, 8), "mp4", "h264", 0, Fraction(1), Fraction(25), 1.0, 3, False)
VERSION = FileVersion(1, 0)
PHOTO = Source("/in/p.jpg", "p.jpg", SourceKind.PHOTO, "jpeg", Stamp(1, 0))
VIDEO = Source("/in/v.mp4", "v.mp4", SourceKind.VIDEO, "mp4", Stamp(1, 0))
FAILED = Outcome(VIDEO.path, Status.FAILED, FailureCode.WORKER_CRASHED, "died")


def cut(segments: int, frames: int = 1) -> VideoPlan:
    indices = [array("q", range(frames * number, frames * (number + 1))) for number in range(segments)]
    tasks = (
        SegmentTask(
            Segment(number, Fraction(1, 25), own, own, 0, True, (None,), None, False, VERSION)
        )
        for number, own in enumerate(indices)
    )  # fmt: skip
    return VideoPlan(FACTS, VERSION, tuple(tasks))


def mined(folder: Path, number: int) -> SegmentResult:
    part = folder / f"part-{number}"
    part.touch()
    outputs = (f"v.mp4-frame-{number}",)
    return SegmentResult(number, 1, False, {"report": SegmentPart(part, None)}, outputs, duration_s=2.0)


def test_segments_go_before_new_sources_and_the_join_before_all(tmp_path):
    queue = TaskQueue([VIDEO, PHOTO, PHOTO])
    probe = queue.next()
    assert probe == ProbeVideo(VIDEO)
    photo = queue.next()  # the probe has no result yet
    assert photo == MinePhoto(PHOTO)
    assert queue.note(probe, cut(2)) is None
    first, second = queue.next(), queue.next()
    assert [task.segment_task.number for task in (first, second)] == [0, 1]
    assert queue.note(second, mined(tmp_path, 1)) is None
    assert queue.note(first, mined(tmp_path, 0)) is None
    join = queue.next()
    assert isinstance(join, JoinSegments)
    assert [result.number for result in join.mined] == [0, 1]
    outcome = queue.note(join, Outcome(VIDEO.path, Status.MINED, frames=2, outputs=("v.mp4.json",)))
    assert outcome is not None
    assert outcome.outputs == ("v.mp4-frame-0", "v.mp4-frame-1", "v.mp4.json")
    assert outcome.kind is SourceKind.VIDEO
    assert outcome.duration_s == 4.0
    assert list(tmp_path.iterdir()) == []
    assert queue.next() == MinePhoto(PHOTO)
    assert queue.next() is None


def test_a_video_without_mined_frames_is_joined_at_once():
    queue = TaskQueue([VIDEO])
    probe = queue.next()
    queue.note(probe, cut(0))
    assert queue.next() == JoinSegments(VIDEO, cut(0), ())


def test_a_failed_segment_drops_the_rest_once_no_segment_of_it_is_running(tmp_path):
    queue = TaskQueue([VIDEO, PHOTO])
    queue.note(queue.next(), cut(5))
    segments = [queue.next() for _ in range(4)]
    queue.note(segments[0], mined(tmp_path, 0))
    assert queue.note(segments[1], FAILED) is None
    assert queue.next() == MinePhoto(PHOTO)  # the fifth segment is dropped
    assert queue.note(segments[2], mined(tmp_path, 2)) is None
    outcome = queue.put_back(segments[3])
    assert outcome is not None
    assert (outcome.status, outcome.code) == (Status.FAILED, FailureCode.WORKER_CRASHED)
    assert outcome.outputs == ("v.mp4-frame-0", "v.mp4-frame-2")
    assert list(tmp_path.iterdir()) == []
    assert queue.next() is None


def test_what_is_put_back_comes_next_and_what_is_closed_leaves_no_parts(tmp_path):
    queue = TaskQueue([VIDEO])
    queue.note(queue.next(), cut(3))
    first, second = queue.next(), queue.next()
    assert queue.put_back(first) is None
    assert queue.next() == first
    queue.note(second, mined(tmp_path, 1))
    queue.close()
    assert list(tmp_path.iterdir()) == []
    assert isinstance(second, MineSegment)


def test_progress_of_a_video_counts_the_frames_of_all_its_segments(tmp_path):
    seen = []
    queue = TaskQueue([VIDEO], seen.append)
    queue.note(queue.next(), cut(3))
    first, second, third = (queue.next() for _ in range(3))
    queue.note_frames(first, 1)
    queue.note(second, mined(tmp_path, 1))
    queue.note_frames(first, 1)
    queue.note(first, mined(tmp_path, 0))
    queue.note(third, mined(tmp_path, 2))
    assert [progress.read for progress in seen] == [0, 1, 2, 2, 2, 3]
    assert {(progress.path, progress.to_read, progress.to_mine) for progress in seen} == {(VIDEO.path, 3, 3)}
    assert seen[-1].mined == 3
