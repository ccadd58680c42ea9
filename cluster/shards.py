"""How much work machines get at a time: by expected cost, with smaller shards towards the end of a run."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

from pipeline.outcome import Outcome
from pipeline.source import Source
from pipeline.tasks import JoinSegments, MinePhoto, MineSegment, ProbeVideo, Result, Task
from pipeline.videos.messages import SegmentResult

LOOKAHEAD = 2000
"""So many sources are known before they are needed, to see the end of the run coming."""
SHARD_S = 10.0
"""The most that a machine has waiting, in seconds of all of its workers: so much is given to others if it is
lost, and a machine that turns out to be slow delays the end by no more."""
LEAST_SHARD_S = 0.5
_LEARNING = 0.1
_WHOLE_FILE_BYTES_PER_S = 100e6
_PROBE_S = 0.3


class Costs:
    """Expected times of tasks on an average machine, learned from what they took so far.

    A photo costs a part for its detectors and a part for its bytes; a segment costs its frames.
    """

    def __init__(self) -> None:
        self._photo_s, self._frame_s = 0.1, 0.05

    def expected_s(self, task: Task) -> float:
        """How long one worker needs for a task, seconds."""
        match task:
            case MinePhoto(source):
                return self._photo_s * _photo_units(source)
            case MineSegment(_, _, segment_task):
                return self._frame_s * max(1, len(segment_task.segment))
            case ProbeVideo():
                return _PROBE_S
            case JoinSegments(source):
                return _PROBE_S + source.size_bytes / _WHOLE_FILE_BYTES_PER_S

    def expected_of(self, source: Source) -> float:
        """The same for a source that has no task yet; for a video, a guess from its size."""
        if source.kind == "photo":
            return self._photo_s * _photo_units(source)
        return _PROBE_S + source.size_bytes / 1e6

    def learn(self, task: Task, result: Result) -> None:
        """Take the time that a task has taken."""
        if isinstance(task, MinePhoto) and isinstance(result, Outcome) and result.duration_s > 0:
            taken_s = result.duration_s / _photo_units(task.source)
            self._photo_s += _LEARNING * (taken_s - self._photo_s)
        elif isinstance(task, MineSegment) and isinstance(result, SegmentResult) and result.duration_s > 0:
            taken_s = result.duration_s / max(1, len(task.segment_task.segment))
            self._frame_s += _LEARNING * (taken_s - self._frame_s)


def _photo_units(source: Source) -> float:
    """A photo of 12 megapixels, 4 MB, costs about three times as much as a small one."""
    return 1.0 + source.size_bytes / 2e6


class Lookahead:
    """The sources of a run, some of which are taken before they are needed.

    Args:
        sources: the run's.
    Attributes:
        is_exhausted: whether all sources have been taken.
    """

    def __init__(self, sources: Iterator[Source]) -> None:
        self.is_exhausted = False
        self._sources = sources
        self._waiting: deque[Source] = deque()

    def __iter__(self) -> Lookahead:
        return self

    def __next__(self) -> Source:
        if not self._waiting:
            self.fill(1)
        if not self._waiting:
            raise StopIteration
        return self._waiting.popleft()

    def fill(self, count: int) -> None:
        """Take sources until `LOOKAHEAD` are waiting, at most this many."""
        for _ in range(min(count, LOOKAHEAD - len(self._waiting))):
            source = next(self._sources, None)
            if source is None:
                self.is_exhausted = True
                return
            self._waiting.append(source)

    def remaining_s(self, costs: Costs) -> float:
        """How long one worker needs for those that are waiting; infinite while more may come."""
        if not self.is_exhausted:
            return float("inf")
        return sum(map(costs.expected_of, self._waiting))


def shard_s(remaining_s: float, workers: float) -> float:
    """How much a machine should have waiting, in seconds of all of its workers.

    That is half of an equal part of what remains, so that all machines end at about the same time.

    Args:
        remaining_s: what no machine has yet, in seconds of one worker.
        workers: all there are, slow ones counted as less.
    """
    return min(SHARD_S, max(LEAST_SHARD_S, remaining_s / max(workers, 1e-3) / 2))
