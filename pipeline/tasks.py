"""What workers are sent to do, and how it is done: mine a photo, look at a video, mine a segment, join."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeAlias

from pipeline.errors import FailureCode, SourceError
from pipeline.files.outputs import noting_outputs
from pipeline.outcome import Outcome, Status
from pipeline.pipeline import Mined, Pipeline
from pipeline.source import Source, SourceKind
from pipeline.videos.facts import FileVersion, VideoFacts
from pipeline.videos.messages import SegmentResult, SegmentTask, VideoPlan


@dataclass(frozen=True, slots=True)
class MinePhoto:
    """Mine a photo: brings back its outcome."""

    source: Source


@dataclass(frozen=True, slots=True)
class ProbeVideo:
    """Look at a video: brings back its cut."""

    source: Source


@dataclass(frozen=True, slots=True)
class MineSegment:
    """Mine one segment of a video: brings back what came of it."""

    source: Source
    facts: VideoFacts
    segment_task: SegmentTask


@dataclass(frozen=True, slots=True)
class JoinSegments:
    """Make a video's outputs of what came of its segments: brings back the video's outcome."""

    source: Source
    facts: VideoFacts
    version: FileVersion
    mined: tuple[SegmentResult, ...]


Task: TypeAlias = MinePhoto | ProbeVideo | MineSegment | JoinSegments
Result: TypeAlias = Outcome | VideoPlan | SegmentResult
"""An outcome is the end of the whole source, whatever the task: it has failed, or is mined."""


def first_task(source: Source) -> Task:
    """What is done first with a source."""
    return ProbeVideo(source) if source.kind is SourceKind.VIDEO else MinePhoto(source)


def key_of(task: Task) -> tuple[str, str, int]:
    """What tells a task from every other of a run."""
    number = task.segment_task.number if isinstance(task, MineSegment) else 0
    return type(task).__name__, task.source.path, number


def run_task(pipeline: Pipeline, task: Task, run_pid: int, on_frame: Callable[[], None]) -> Result:
    """Do what is to be done; a source that cannot be mined is a result too.

    Args:
        run_pid: the process that answers for parts of outputs.
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
    if isinstance(result, Mined):
        result = Outcome(
            *(source.path, Status.MINED),
            sentence=f"{result.flaw}; mined as far as it goes" if result.flaw else "",
            frames=result.frames,
            sha256=result.sha256,
        )
    folder = pipeline.output_folder(source)
    outputs = tuple(sorted({path.name for path in noted if path.parent == folder}))
    duration_s = time.monotonic() - began
    if isinstance(result, SegmentResult):
        return replace(result, duration_s=duration_s, outputs=outputs)
    return replace(result, kind=source.kind, duration_s=duration_s, outputs=outputs)


def _run(
    pipeline: Pipeline, task: Task, run_pid: int, on_frame: Callable[[], None]
) -> Mined | Outcome | VideoPlan | SegmentResult:
    if isinstance(task, MinePhoto):
        return pipeline.mine(task.source)
    # Here: whoever mines photos alone need not have what reads videos.
    from pipeline import videomining

    match task:
        case ProbeVideo():
            return videomining.probe_video(pipeline, task.source)
        case MineSegment(source, facts, segment_task):
            return videomining.mine_segment(
                pipeline, source, facts, segment_task, run_pid=run_pid, on_frame=on_frame
            )
        case JoinSegments(source, facts, version, mined):
            return videomining.join(pipeline, source, facts, version, mined)
