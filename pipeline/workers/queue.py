"""The queue of tasks: photos and videos to probe as the walk finds them, segments of videos before those.

It also collects the results of a video's segments in the parent, and has them joined when all are there.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Protocol

from pipeline.files.parts import remove_parts
from pipeline.outcome import Outcome
from pipeline.source import Source
from pipeline.tasks import (
    JoinSegments,
    MinePhoto,
    MineSegment,
    ProbeVideo,
    Result,
    Task,
    first_task,
)
from pipeline.videos.messages import SegmentResult, VideoPlan
from pipeline.videos.progress import OnVideo, VideoProgress, ignore


@dataclass(slots=True)
class _Video:
    """A video that was probed.

    Args:
        source: the file.
        plan: its segments.
        running: how many of its segments are being mined.
        mined: results of segments, by number.
        failure: its outcome, if it has failed while other segments of it are being mined.
        read: how many frames were read of each segment, by number.
    """

    source: Source
    plan: VideoPlan
    running: int = 0
    mined: dict[int, SegmentResult] = field(default_factory=dict)
    failure: Outcome | None = None
    read: dict[int, int] = field(default_factory=dict)

    @property
    def progress(self) -> VideoProgress:
        """How far it is."""
        return self.plan.progress(self.source.path, sum(self.read.values()))

    def in_order(self) -> list[SegmentResult]:
        """The results of the segments, in the order of the video."""
        return [self.mined[number] for number in sorted(self.mined)]

    def remove_parts(self) -> None:
        """Remove the files that writers made of its segments."""
        for result in self.mined.values():
            remove_parts(part.path for part in result.parts.values())


class Tasks(Protocol):
    """Where the worker pool gets its tasks and leaves their results."""

    @property
    def is_open(self) -> bool:
        """Whether tasks may still come when none is there or in progress; read several times a second."""

    def next(self) -> Task | None:
        """The next task; None if there is none now."""

    def put_back(self, task: Task) -> Outcome | None:
        """Take a task back that was not completed; returns as `note`."""

    def note(self, task: Task, result: Result) -> Outcome | None:
        """Take the result of a task; returns the source's outcome, if the result settles one."""

    def note_frames(self, task: Task, frames: int) -> None:
        """Note how many frames of a task were read so far; called every few seconds for segments."""

    def close(self) -> None:
        """Drop all tasks."""


class TaskQueue:
    """Gives out tasks and takes their results; each source comes to one outcome.

    Args:
        sources: what to mine; the next one is taken when no other task is ready.
        on_video: called as videos are mined.
    """

    def __init__(self, sources: Iterable[Source], on_video: OnVideo = ignore) -> None:
        self._sources = iter(sources)
        self._on_video = on_video
        self._ready: deque[Task] = deque()
        self._videos: dict[str, _Video] = {}

    @property
    def is_open(self) -> bool:
        """False: a task comes from a source or from the result of another task."""
        return False

    def next(self) -> Task | None:
        """The next task; None if there is none, or none before another result comes in."""
        if self._ready:
            task = self._ready.popleft()
        else:
            source = next(self._sources, None)
            if source is None:
                return None
            task = first_task(source)
        if isinstance(task, MineSegment):
            self._videos[task.source.path].running += 1
        return task

    def put_back(self, task: Task) -> Outcome | None:
        """Requeue a task that was not completed; it comes next.

        Returns: the source's outcome, if the source has failed meanwhile and this was its last running task.
        """
        if isinstance(task, MineSegment):
            video = self._videos[task.source.path]
            video.running -= 1
            if video.failure is not None:
                return self._end_failed(video)
        self._ready.appendleft(task)
        return None

    def note(self, task: Task, result: Result) -> Outcome | None:
        """Take the result of a task.

        Returns: the source's outcome, if this was its last task.
        """
        match result:
            case VideoPlan():
                self._begin(task.source, result)
                return None
            case SegmentResult():
                return self._add(self._videos[task.source.path], result)
        match task:
            case MineSegment():
                video = self._videos[task.source.path]
                video.running -= 1
                video.failure = video.failure or result
                self._ready = deque(ready for ready in self._ready if ready.source.path != result.path)
                return self._end_failed(video)
            case JoinSegments():
                return self._end(self._videos[task.source.path], result)
            case MinePhoto() | ProbeVideo():
                return result

    def note_frames(self, task: Task, frames: int) -> None:
        """Note how many frames of a segment were read so far; other tasks are ignored."""
        video = self._videos.get(task.source.path)
        if video is not None and isinstance(task, MineSegment) and video.failure is None:
            video.read[task.segment_task.number] = frames
            self._on_video(video.progress)

    def close(self) -> None:
        """Drop all tasks, and the parts of videos that are not joined."""
        while self._videos:
            _, video = self._videos.popitem()
            video.remove_parts()

    def _begin(self, source: Source, plan: VideoPlan) -> None:
        source = replace(source, known=None)  # from here on the plan has it
        video = self._videos[source.path] = _Video(source, plan)
        self._ready.extend(
            MineSegment(
                source, plan.facts, task, plan.stale, plan.chunk(task.number), plan.most_bytes, plan.sha256
            )
            for task in plan.tasks
        )
        self._on_video(video.progress)
        self._join_if_complete(video)

    def _add(self, video: _Video, result: SegmentResult) -> Outcome | None:
        video.running -= 1
        video.mined[result.number] = result
        if video.failure is not None:
            return self._end_failed(video)
        video.read[result.number] = video.plan.frames_of(result.number)
        self._on_video(video.progress)
        self._join_if_complete(video)
        return None

    def _join_if_complete(self, video: _Video) -> None:
        if len(video.mined) == len(video.plan.tasks):
            mined = tuple(replace(one, chunk=None) for one in video.in_order())
            self._ready.appendleft(JoinSegments(video.source, replace(video.plan, chunks=()), mined))

    def _end_failed(self, video: _Video) -> Outcome | None:
        """The outcome of a video that has failed; None while a segment of it is being mined."""
        if video.running or video.failure is None:
            return None
        return self._end(video, video.failure)

    def _end(self, video: _Video, outcome: Outcome) -> Outcome:
        video.remove_parts()
        del self._videos[video.source.path]
        outputs = {*outcome.outputs, *_output_names(video.mined.values())}
        duration_s = outcome.duration_s + sum(result.duration_s for result in video.mined.values())
        kept = None if outcome.kept is None else video.plan.with_chunks(outcome.kept, video.in_order())
        return replace(
            outcome,
            kind=video.source.kind,
            duration_s=duration_s,
            outputs=tuple(sorted(outputs)),
            kept=kept,
        )


def _output_names(mined: Iterable[SegmentResult]) -> Iterator[str]:
    for result in mined:
        yield from result.outputs
