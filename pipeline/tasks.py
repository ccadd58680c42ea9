"""The tasks that workers are sent, and how they run: mine a photo, probe a video, mine a segment, join."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeAlias

from pipeline.errors import FailureCode, SourceError
from pipeline.files.outputs import noting_outputs
from pipeline.formats import ANIMATED_FORMATS
from pipeline.outcome import Outcome, Status
from pipeline.pipeline import Mined, Pipeline
from pipeline.source import Source, SourceKind
from pipeline.videos.facts import VideoFacts
from pipeline.videos.messages import SegmentResult, SegmentTask, VideoPlan


@dataclass(frozen=True, slots=True)
class MinePhoto:
    """Mine a photo. The result is its `Outcome`."""

    source: Source


@dataclass(frozen=True, slots=True)
class ProbeVideo:
    """Probe a video. The result is its `VideoPlan`, or an `Outcome` if it has failed."""

    source: Source


@dataclass(frozen=True, slots=True)
class MineSegment:
    """Mine one segment of a video. The result is a `SegmentResult`, or an `Outcome` if it has failed.

    Args:
        source: the video.
        facts: of it.
        segment_task: the segment.
        stale: names of the writers that have to write.
        chunk: what earlier runs found in it, see `pipeline.kept.codec`.
        most_bytes: of findings that are kept of it.
        sha256: of the video's bytes, hexadecimal; None if it is not known.
    """

    source: Source
    facts: VideoFacts
    segment_task: SegmentTask
    stale: frozenset[str]
    chunk: bytes | None
    most_bytes: int
    sha256: str | None


@dataclass(frozen=True, slots=True)
class JoinSegments:
    """Make a video's outputs from the results of its segments. The result is the video's `Outcome`.

    Args:
        source: the video.
        plan: of it; its chunks are left out.
        mined: the results of all segments, in their order; their chunks are left out.
    """

    source: Source
    plan: VideoPlan
    mined: tuple[SegmentResult, ...]


Task: TypeAlias = MinePhoto | ProbeVideo | MineSegment | JoinSegments
Result: TypeAlias = Outcome | VideoPlan | SegmentResult
"""An `Outcome` settles the whole source, whichever task it is the result of."""


def first_task(source: Source) -> Task:
    """The task that begins the mining of a source."""
    return ProbeVideo(source) if source.kind is SourceKind.VIDEO else MinePhoto(source)


def key_of(task: Task) -> tuple[str, str, int]:
    """A key that identifies a task among all tasks of a run."""
    number = task.segment_task.number if isinstance(task, MineSegment) else 0
    return type(task).__name__, task.source.path, number


def run_task(pipeline: Pipeline, task: Task, run_pid: int, on_frame: Callable[[], None]) -> Result:
    """Run a task; a source that cannot be mined gives an `Outcome` that says so.

    Args:
        run_pid: the process that owns unfinished parts of outputs.
        on_frame: called after each frame of a video.
    Raises: MinerError: the run cannot go on.
    """
    source, began = task.source, time.monotonic()
    with noting_outputs() as noted:
        try:
            result = _run(pipeline, task, run_pid, on_frame)
        except SourceError as error:
            status = Status.IGNORED if error.code is FailureCode.VANISHED else Status.FAILED
            result = Outcome(source.path, status, error.code, error.sentence)
    if isinstance(result, VideoPlan):
        return result
    kind, stay = source.kind, tuple[str, ...]()
    if isinstance(result, Mined):
        kind = result.kind or kind
        stay = result.outputs
        result = Outcome(
            *(source.path, Status.UNCHANGED if result.is_unchanged else Status.MINED),
            sentence=f"{result.flaw}; mined as far as it goes" if result.flaw else "",
            frames=result.frames,
            sha256=result.sha256,
            kept=result.kept,
            ran=result.ran,
            reused=result.reused,
        )
    folder = pipeline.output_folder(source)
    outputs = tuple(sorted({*stay, *(path.name for path in noted if path.parent == folder)}))
    duration_s = time.monotonic() - began
    if isinstance(result, SegmentResult):
        return replace(result, duration_s=duration_s, outputs=outputs)
    return replace(result, kind=kind, duration_s=duration_s, outputs=outputs)


def _run(
    pipeline: Pipeline, task: Task, run_pid: int, on_frame: Callable[[], None]
) -> Mined | Outcome | VideoPlan | SegmentResult:
    # Imported where they are needed, because workers that mine only photos need none of it.
    if isinstance(task, MinePhoto):
        if pipeline.sampling.animations and task.source.format in ANIMATED_FORMATS:
            from pipeline import animationmining

            animation = animationmining.mine_animation(
                pipeline, task.source, run_pid=run_pid, on_frame=on_frame
            )
            if animation is not None:
                return animation
        from pipeline.photomining import mine_photo

        return mine_photo(pipeline, task.source)
    from pipeline import videomining
    from pipeline.segmentmining import SegmentMining

    match task:
        case ProbeVideo():
            return videomining.probe_video(pipeline, task.source)
        case MineSegment():
            segment = SegmentMining(
                pipeline,
                task.source,
                task.facts,
                task.segment_task,
                task.stale,
                task.chunk,
                task.most_bytes,
                task.sha256,
            )
            return segment.mine(run_pid=run_pid, on_frame=on_frame)
        case JoinSegments(source, plan, mined):
            return videomining.join(pipeline, source, plan, mined)
