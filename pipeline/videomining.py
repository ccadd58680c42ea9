"""Mine a video in three kinds of task: probe it and split it, mine its segments in any order, join the parts.

Any worker can do each task. Tasks exchange the plain values of `pipeline.videos.messages`. The content of a
segment depends on the video and the pipeline file alone, and so do the outputs.
"""

from __future__ import annotations

import contextlib
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import AbstractContextManager, closing
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple, Protocol

from pipeline.attribution import (
    READING,
    attribute_errors_to,
    attributed_session,
    describe,
    next_frame,
    source_errors,
)
from pipeline.component import SegmentSession, Writer
from pipeline.errors import FailureCode, SourceError
from pipeline.files.hashing import sha256_of
from pipeline.files.outputs import make_part, reassign_part, remove_parts
from pipeline.frame import Frame
from pipeline.pipeline import Mined, Pipeline, Step
from pipeline.source import Source
from pipeline.videos.facts import FileVersion, Video, VideoFacts
from pipeline.videos.messages import SegmentPart, SegmentResult, SegmentTask, VideoPlan, VideoResult
from pipeline.videos.probe import file_version, probe_file
from pipeline.videos.reader import ReadStats, iter_frames, split_video
from pipeline.videos.sampling import Sampling, choose_frames
from pipeline.videos.segments import Segment, plan_segments


class ReadFrames(Protocol):
    """Gives the wanted frames of a segment, as `pipeline.videos.reader.iter_frames` does."""

    def __call__(
        self,
        source: Source,
        facts: VideoFacts,
        segment: Segment,
        stats: ReadStats,
        *,
        at_least_wh: tuple[int, int],
    ) -> Generator[Frame, None, None]:
        """The frames, in order."""


def probe_video(pipeline: Pipeline, source: Source) -> VideoPlan:
    """Probe a video and split it into segments.

    Raises: SourceError: it cannot be mined.
    """
    with source_errors(), attribute_errors_to(READING):
        video = probe_file(source, pipeline.limits)
        every_frame = any(step.component.wants_every_frame for step in pipeline.writers)
        if every_frame and not pipeline.sampling.is_of_all_frames:
            tasks = _with_frames_between(source, video, pipeline.sampling)
        else:
            tasks = [SegmentTask(segment) for segment in split_video(source, video, pipeline.sampling)]
    return VideoPlan(video.facts, video.version, tuple(tasks), not pipeline.sampling.is_thinned)


def _with_frames_between(source: Source, video: Video, sampling: Sampling) -> list[SegmentTask]:
    """Tasks with all frames from the sampling's start to its end, only some of which are mined."""
    mined = choose_frames(video.times, sampling)
    if not mined:
        return []
    first = 0 if sampling.start is None else video.times.first_at(sampling.start)
    most = mined[-1] + 1 - first if sampling.max_frames is not None else None
    read = Sampling(start=sampling.start, end=sampling.end, max_frames=most)
    tasks = []
    for segment in split_video(source, video, read):
        begin, end = segment.indices[0], segment.indices[-1]
        own = mined[bisect_left(mined, begin) : bisect_right(mined, end)]
        before = bisect_left(mined, begin)
        has_lead = before > 0 and own[:1] != segment.indices[:1]
        if has_lead:
            lead = array("q", (mined[before - 1],))
            (longer,) = plan_segments(video, lead + segment.indices, split=False)
            segment = replace(longer, number=segment.number)
        tasks.append(SegmentTask(segment, own, has_lead))
    return tasks


def mine_segment(
    pipeline: Pipeline,
    source: Source,
    facts: VideoFacts,
    task: SegmentTask,
    *,
    run_pid: int,
    on_frame: Callable[[], None],
    read_frames: ReadFrames = iter_frames,
) -> SegmentResult:
    """Mine one segment and let each writer make its part of it.

    Args:
        run_pid: the process that owns the parts when they are complete.
        on_frame: called after each frame.
        read_frames: gives the segment's frames, as `iter_frames` does.
    Raises: SourceError: it cannot be mined; no part of it is left.
    """
    stats, needed_wh = ReadStats(), pipeline.needed_wh(facts.size_wh)
    paths: dict[str, Path] = {}
    try:
        with source_errors(), contextlib.ExitStack() as stack:
            sessions: list[_WriterSlot] = []
            for step in pipeline.writers:
                part = make_part(pipeline.output_folder(source))
                paths[step.component.name] = part
                session = _open(pipeline, step, source, facts, part)
                if session is not None:
                    sessions.append(_WriterSlot(step, stack.enter_context(session)))
            frames = read_frames(source, facts, task.segment, stats, at_least_wh=needed_wh)
            count = _mine_frames(pipeline, task, stack.enter_context(closing(frames)), sessions, on_frame)
        parts = {
            slot.step.component.name: SegmentPart(
                reassign_part(paths.pop(slot.step.component.name), run_pid), slot.session.note
            )
            for slot in sessions
        }
    finally:
        remove_parts(paths.values())
    return SegmentResult(task.segment.number, count, stats.is_partial, parts)


class _WriterSlot(NamedTuple):
    """A writer and its session."""

    step: Step[Writer]
    session: SegmentSession


def _open(
    pipeline: Pipeline, step: Step[Writer], source: Source, facts: VideoFacts, part: Path
) -> AbstractContextManager[SegmentSession] | None:
    with attribute_errors_to(describe(step.component)):
        session = step.component.open_segment(source, facts, pipeline.output_root, part)
    return None if session is None else attributed_session(step.component, session)


def _mine_frames(
    pipeline: Pipeline,
    task: SegmentTask,
    frames: Iterator[Frame],
    slots: Sequence[_WriterSlot],
    on_frame: Callable[[], None],
) -> int:
    """Pass each frame to the detectors and the writers that need it; returns how many were mined."""
    count = 0
    first = task.segment.indices[0]
    while (frame := next_frame(frames)) is not None:
        is_lead = task.has_lead and frame.index == first
        is_mined = not is_lead and _holds(task.mined, frame.index)
        result = pipeline.detect(frame) if is_mined or is_lead else None
        count += is_mined
        for step, session in slots:
            with attribute_errors_to(describe(step.component)):
                if result is None:
                    session.pass_by(frame)
                elif is_lead:
                    session.remember(step.share_of(result))
                else:
                    session.write(frame, step.share_of(result))
        on_frame()
    return count


def _holds(mined: array[int] | None, index: int) -> bool:
    if mined is None:
        return True
    at = bisect_left(mined, index)
    return at < len(mined) and mined[at] == index


def join(
    pipeline: Pipeline,
    source: Source,
    facts: VideoFacts,
    version: FileVersion,
    mined: Sequence[SegmentResult],
) -> Mined:
    """Make the outputs of a video whose segments are all mined, the reports last.

    Raises: SourceError: the file has changed, or an output cannot be made; each is whole or as it was.
    """
    with source_errors():
        with attribute_errors_to(READING):
            sha256 = _content_hash(source, version)
        frames = sum(result.frames for result in mined)
        flaw = _flaw(facts, mined)
        video = VideoResult(facts, pipeline.sampling, frames, bool(flaw), sha256)
        for step in reversed(pipeline.writers):  # what is finished last stands first
            name = step.component.name
            parts = [result.parts[name] for result in mined if name in result.parts]
            with attribute_errors_to(describe(step.component)):
                step.component.join(source, video, parts, pipeline.output_root)
    return Mined(frames, sha256, flaw)


def _flaw(facts: VideoFacts, mined: Sequence[SegmentResult]) -> str:
    """Why some of a video is missing; empty if it is whole."""
    flaws = []
    if facts.is_cut_off or any(result.is_damaged for result in mined):
        flaws.append("it is cut off or damaged")
    if facts.goes_on:
        flaws.append("it goes on with another programme, which is not read")
    return " and ".join(flaws)


def _content_hash(source: Source, version: FileVersion) -> str:
    try:
        sha256 = sha256_of(source.path)
    except OSError as error:
        raise SourceError(FailureCode.UNREADABLE, f"cannot be read ({error.strerror})") from None
    if file_version(source) != version:
        raise SourceError(
            FailureCode.CHANGED_WHILE_READING, "another program is writing to it; mine it again later"
        )
    return sha256
