"""A video through the pipeline in three steps: a look that cuts it, its segments in any order, the join.

Each step is done by some worker; what one says to the next is a plain value of `pipeline.videos.messages`.
What a segment holds depends on the video and the pipeline file alone, and so do the outputs.
"""

from __future__ import annotations

import contextlib
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, closing
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from pipeline.component import SegmentSession, Writer
from pipeline.errors import FailureCode, SourceError
from pipeline.files.hashing import sha256_of
from pipeline.files.outputs import hand_over, make_part, remove_parts
from pipeline.frame import Frame
from pipeline.pipeline import Mined, Pipeline, Step, blamed_on, blamed_session, next_frame, source_errors, who
from pipeline.source import Source
from pipeline.videos.facts import FileState, Video, VideoFacts
from pipeline.videos.messages import Cut, Film, MinedStretch, Share, Stretch
from pipeline.videos.probe import file_state, probe
from pipeline.videos.reader import Reading, iter_frames, plan
from pipeline.videos.sampling import Sampling, choose_frames
from pipeline.videos.segments import plan_segments


def probe_video(pipeline: Pipeline, source: Source) -> Cut:
    """Look at a video and cut it.

    Raises: SourceError: it cannot be mined.
    """
    with source_errors(), blamed_on("reading it"):
        video = probe(source, pipeline.limits)
        every_frame = any(step.component.wants_every_frame for step in pipeline.writers)
        if every_frame and pipeline.sampling != Sampling():
            stretches = _with_frames_between(source, video, pipeline.sampling)
        else:
            stretches = [Stretch(segment) for segment in plan(source, video, pipeline.sampling)]
    return Cut(video.facts, video.state, tuple(stretches))


def _with_frames_between(source: Source, video: Video, sampling: Sampling) -> list[Stretch]:
    """Stretches with all frames from the sampling's start to its end, only some of which are mined."""
    mined = choose_frames(video.times, sampling)
    if not mined:
        return []
    first = 0 if sampling.start is None else video.times.first_at(sampling.start)
    most = mined[-1] + 1 - first if sampling.max_frames is not None else None
    read = Sampling(start=sampling.start, end=sampling.end, max_frames=most)
    stretches = []
    for segment in plan(source, video, read):
        begin, end = segment.indices[0], segment.indices[-1]
        own = mined[bisect_left(mined, begin) : bisect_right(mined, end)]
        before = bisect_left(mined, begin)
        has_lead = before > 0 and own[:1] != segment.indices[:1]
        if has_lead:
            lead = array("q", (mined[before - 1],))
            (longer,) = plan_segments(video, lead + segment.indices, cut=False)
            segment = replace(longer, number=segment.number)
        stretches.append(Stretch(segment, own, has_lead))
    return stretches


def mine_segment(
    pipeline: Pipeline,
    source: Source,
    facts: VideoFacts,
    stretch: Stretch,
    *,
    run_pid: int,
    on_frame: Callable[[], None],
) -> MinedStretch:
    """Mine one segment and let each writer make its part of it.

    Args:
        run_pid: the process that answers for the parts when they are complete.
        on_frame: called after each frame.
    Raises: SourceError: it cannot be mined; no part of it is left.
    """
    reading, needed_wh = Reading(), pipeline.needed_wh(facts.size_wh)
    parts: dict[str, Path] = {}
    try:
        with source_errors(), contextlib.ExitStack() as stack:
            sessions: list[_WriterSlot] = []
            for step in pipeline.writers:
                part = make_part(pipeline.output_folder(source))
                parts[step.component.name] = part
                session = _open(pipeline, step, source, facts, part)
                if session is not None:
                    sessions.append(_WriterSlot(step, stack.enter_context(session)))
            frames = iter_frames(source, facts, stretch.segment, reading, at_least_wh=needed_wh)
            count = _mine_frames(pipeline, stretch, stack.enter_context(closing(frames)), sessions, on_frame)
        shares = {
            seat.step.component.name: Share(
                hand_over(parts.pop(seat.step.component.name), run_pid), seat.session.note
            )
            for seat in sessions
        }
    finally:
        remove_parts(parts.values())
    return MinedStretch(stretch.segment.number, count, reading.is_partial, shares)


class _WriterSlot(NamedTuple):
    """A writer and its session."""

    step: Step[Writer]
    session: SegmentSession


def _open(
    pipeline: Pipeline, step: Step[Writer], source: Source, facts: VideoFacts, part: Path
) -> AbstractContextManager[SegmentSession] | None:
    with blamed_on(who(step)):
        session = step.component.open_segment(source, facts, pipeline.output_root, part)
    return None if session is None else blamed_session(step, session)


def _mine_frames(
    pipeline: Pipeline,
    stretch: Stretch,
    frames: Iterator[Frame],
    seats: Sequence[_WriterSlot],
    on_frame: Callable[[], None],
) -> int:
    """Send each frame where it belongs; how many were mined."""
    count = 0
    first = stretch.segment.indices[0]
    while (frame := next_frame(frames)) is not None:
        is_lead = stretch.has_lead and frame.index == first
        is_mined = not is_lead and _holds(stretch.mined, frame.index)
        result = pipeline.detect(frame) if is_mined or is_lead else None
        count += is_mined
        for step, session in seats:
            with blamed_on(who(step)):
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
    pipeline: Pipeline, source: Source, facts: VideoFacts, state: FileState, mined: Sequence[MinedStretch]
) -> Mined:
    """Make the outputs of a video whose segments are all mined, the reports last.

    Raises: SourceError: the file has changed, or an output cannot be made; each is whole or as it was.
    """
    with source_errors():
        with blamed_on("reading it"):
            sha256 = _content_hash(source, state)
        frames = sum(stretch.frames for stretch in mined)
        is_partial = facts.is_cut_off or any(stretch.is_damaged for stretch in mined)
        film = Film(facts, pipeline.sampling, frames, is_partial, sha256)
        for step in reversed(pipeline.writers):  # what is finished last stands first
            name = step.component.name
            shares = [stretch.shares[name] for stretch in mined if name in stretch.shares]
            with blamed_on(who(step)):
                step.component.join(source, film, shares, pipeline.output_root)
    return Mined(frames, sha256, "it is cut off or damaged" if is_partial else "")


def _content_hash(source: Source, state: FileState) -> str:
    try:
        sha256 = sha256_of(source.path)
    except OSError as error:
        raise SourceError(FailureCode.UNREADABLE, f"cannot be read ({error.strerror})") from None
    if file_state(source) != state:
        raise SourceError(FailureCode.CHANGED_WHILE_READING, "somebody is writing to it; mine it again later")
    return sha256
