"""What is to be done next: photos and looks as the walk finds them, segments of videos before those.

The parent's side of a video: it keeps what came of the segments until all have come, then has them joined.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from pipeline.files.outputs import remove_parts
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


@dataclass(slots=True)
class _Video:
    """A video that has been looked at.

    Args:
        source: the file.
        plan: its segments.
        in_hand: how many of its segments workers have.
        mined: what came of segments, by number.
        failure: its outcome, where it has failed while workers have other segments of it in hand.
    """

    source: Source
    plan: VideoPlan
    in_hand: int = 0
    mined: dict[int, SegmentResult] = field(default_factory=dict)
    failure: Outcome | None = None

    def forget_parts(self) -> None:
        """Remove the parts that writers made."""
        for result in self.mined.values():
            remove_parts(part.path for part in result.parts.values())


class TaskQueue:
    """Gives out tasks and takes their results; each source comes to one outcome.

    Args:
        sources: what is to be mined, taken one by one when there is nothing else to do.
    """

    def __init__(self, sources: Iterable[Source]) -> None:
        self._sources = iter(sources)
        self._ready: deque[Task] = deque()
        self._videos: dict[str, _Video] = {}

    def next(self) -> Task | None:
        """The next task; None where there is none, or none before a result comes in."""
        if self._ready:
            task = self._ready.popleft()
        else:
            source = next(self._sources, None)
            if source is None:
                return None
            task = first_task(source)
        if isinstance(task, MineSegment):
            self._videos[task.source.path].in_hand += 1
        return task

    def put_back(self, task: Task) -> Outcome | None:
        """Nobody has done it, so somebody else is to; its source's outcome if that has failed meanwhile."""
        if isinstance(task, MineSegment):
            video = self._videos[task.source.path]
            video.in_hand -= 1
            if video.failure is not None:
                return self._settled(video)
        self._ready.appendleft(task)
        return None

    def note(self, task: Task, result: Result) -> Outcome | None:
        """Take what came of a task; the source's outcome if that is now settled."""
        match result:
            case VideoPlan():
                self._begin(task.source, result)
                return None
            case SegmentResult():
                return self._add(self._videos[task.source.path], result)
        match task:
            case MineSegment():
                video = self._videos[task.source.path]
                video.in_hand -= 1
                video.failure = video.failure or result
                self._ready = deque(ready for ready in self._ready if ready.source.path != result.path)
                return self._settled(video)
            case JoinSegments():
                return self._finished(self._videos[task.source.path], result)
            case MinePhoto() | ProbeVideo():
                return result

    def close(self) -> None:
        """Drop what is not done, and the parts of it."""
        while self._videos:
            _, video = self._videos.popitem()
            video.forget_parts()

    def _begin(self, source: Source, plan: VideoPlan) -> None:
        video = self._videos[source.path] = _Video(source, plan)
        self._ready.extend(MineSegment(source, plan.facts, task) for task in plan.tasks)
        self._join_if_whole(video)

    def _add(self, video: _Video, result: SegmentResult) -> Outcome | None:
        video.in_hand -= 1
        video.mined[result.number] = result
        if video.failure is not None:
            return self._settled(video)
        self._join_if_whole(video)
        return None

    def _join_if_whole(self, video: _Video) -> None:
        if len(video.mined) == len(video.plan.tasks):
            mined = tuple(video.mined[number] for number in sorted(video.mined))
            self._ready.appendleft(JoinSegments(video.source, video.plan.facts, video.plan.version, mined))

    def _settled(self, video: _Video) -> Outcome | None:
        """The outcome of a video that has failed, once no worker has a segment of it in hand."""
        if video.in_hand or video.failure is None:
            return None
        return self._finished(video, video.failure)

    def _finished(self, video: _Video, outcome: Outcome) -> Outcome:
        video.forget_parts()
        del self._videos[video.source.path]
        outputs = {*outcome.outputs, *_names(video.mined.values())}
        duration_s = outcome.duration_s + sum(result.duration_s for result in video.mined.values())
        return replace(outcome, kind=video.source.kind, duration_s=duration_s, outputs=tuple(sorted(outputs)))


def _names(mined: Iterable[SegmentResult]) -> Iterator[str]:
    for result in mined:
        yield from result.outputs
