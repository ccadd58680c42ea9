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
from pipeline.videos.messages import Cut, MinedStretch


@dataclass(slots=True)
class _Film:
    """A video that has been looked at.

    Args:
        source: the file.
        cut: what the look said.
        in_hand: how many of its segments workers have.
        mined: what came of segments, by number.
        failure: its outcome, where it has failed while workers have other segments of it in hand.
    """

    source: Source
    cut: Cut
    in_hand: int = 0
    mined: dict[int, MinedStretch] = field(default_factory=dict)
    failure: Outcome | None = None

    def forget_parts(self) -> None:
        """Remove the parts that writers made."""
        for stretch in self.mined.values():
            remove_parts(share.part for share in stretch.shares.values())


class TaskQueue:
    """Gives out tasks and takes their results; each source comes to one outcome.

    Args:
        sources: what is to be mined, taken one by one when there is nothing else to do.
    """

    def __init__(self, sources: Iterable[Source]) -> None:
        self._sources = iter(sources)
        self._ready: deque[Task] = deque()
        self._films: dict[str, _Film] = {}

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
            self._films[task.source.path].in_hand += 1
        return task

    def put_back(self, task: Task) -> Outcome | None:
        """Nobody has done it, so somebody else is to; its source's outcome if that has failed meanwhile."""
        if isinstance(task, MineSegment):
            film = self._films[task.source.path]
            film.in_hand -= 1
            if film.failure is not None:
                return self._settled(film)
        self._ready.appendleft(task)
        return None

    def note(self, task: Task, result: Result) -> Outcome | None:
        """Take what came of a task; the source's outcome if that is now settled."""
        match result:
            case Cut():
                self._begin(task.source, result)
                return None
            case MinedStretch():
                return self._add(self._films[task.source.path], result)
        match task:
            case MineSegment():
                film = self._films[task.source.path]
                film.in_hand -= 1
                film.failure = film.failure or result
                self._ready = deque(ready for ready in self._ready if ready.source.path != result.path)
                return self._settled(film)
            case JoinSegments():
                return self._finished(self._films[task.source.path], result)
            case MinePhoto() | ProbeVideo():
                return result

    def close(self) -> None:
        """Drop what is not done, and the parts of it."""
        while self._films:
            _, film = self._films.popitem()
            film.forget_parts()

    def _begin(self, source: Source, cut: Cut) -> None:
        film = self._films[source.path] = _Film(source, cut)
        self._ready.extend(MineSegment(source, cut.facts, stretch) for stretch in cut.stretches)
        self._join_if_whole(film)

    def _add(self, film: _Film, stretch: MinedStretch) -> Outcome | None:
        film.in_hand -= 1
        film.mined[stretch.number] = stretch
        if film.failure is not None:
            return self._settled(film)
        self._join_if_whole(film)
        return None

    def _join_if_whole(self, film: _Film) -> None:
        if len(film.mined) == len(film.cut.stretches):
            mined = tuple(film.mined[number] for number in sorted(film.mined))
            self._ready.appendleft(JoinSegments(film.source, film.cut.facts, film.cut.state, mined))

    def _settled(self, film: _Film) -> Outcome | None:
        """The outcome of a video that has failed, once no worker has a segment of it in hand."""
        if film.in_hand or film.failure is None:
            return None
        return self._finished(film, film.failure)

    def _finished(self, film: _Film, outcome: Outcome) -> Outcome:
        film.forget_parts()
        del self._films[film.source.path]
        outputs = {*outcome.outputs, *_names(film.mined.values())}
        duration_s = outcome.duration_s + sum(stretch.duration_s for stretch in film.mined.values())
        return replace(outcome, kind=film.source.kind, duration_s=duration_s, outputs=tuple(sorted(outputs)))


def _names(mined: Iterable[MinedStretch]) -> Iterator[str]:
    for stretch in mined:
        yield from stretch.outputs
