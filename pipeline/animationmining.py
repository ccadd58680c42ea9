"""Mines an animated picture as a short video, in one task: probe, its one segment, join.

The report, the annotated copy and the pictures of frames are those of a video; see `pipeline.videomining`.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Generator
from dataclasses import replace
from fractions import Fraction

from pipeline.attribution import READING, attribute_errors_to, source_errors
from pipeline.files.parts import remove_parts
from pipeline.frame import Frame, RgbArray
from pipeline.photos.animation import MICROSECOND, Animation, iter_animation, probe_animation
from pipeline.pipeline import Mined, Pipeline
from pipeline.segmentmining import ReadFrames, SegmentMining
from pipeline.source import Source, SourceKind
from pipeline.videomining import join, with_known
from pipeline.videos.facts import FrameTimes, Video, VideoFacts
from pipeline.videos.ffmpeg import MAX_FRAME_PIXELS
from pipeline.videos.messages import SegmentResult, SegmentTask, VideoPlan
from pipeline.videos.probe import file_version
from pipeline.videos.reader import ReadStats
from pipeline.videos.sampling import choose_frames, sampling_of_shown
from pipeline.videos.segments import Segment, plan_segments

_CODECS = {"png": "apng", "avif": "av1"}
"""By format; the others' codec has the name of the format."""
_TURNS = {1: (0, False), 2: (0, True), 3: (180, False), 4: (180, True), 5: (270, True), 6: (90, False)}
_TURNS |= {7: (90, True), 8: (270, False)}
"""By EXIF's orientation: degrees clockwise, after mirroring left to right if True."""


def mine_animation(
    pipeline: Pipeline, source: Source, *, run_pid: int, on_frame: Callable[[], None]
) -> Mined | None:
    """Mine an animated picture.

    Args:
        pipeline: loaded.
        source: of one of `pipeline.formats.ANIMATED_FORMATS`.
        run_pid: the process that owns unfinished parts of outputs.
        on_frame: called after each frame.
    Returns: None for a picture that does not move.
    Raises: SourceError: it cannot be mined.
    """
    with source_errors(), attribute_errors_to(READING):
        version = file_version(source)
        animation = probe_animation(source, pipeline.limits, MAX_FRAME_PIXELS, on_frame)
    if animation is None:
        return None
    source = replace(source, kind=SourceKind.VIDEO)
    begins = array("q", animation.begins_us)
    times = FrameTimes(MICROSECOND, begins, array("q", range(len(begins))))
    facts = _facts(source, animation)
    video = Video(facts, times, version)
    mined = choose_frames(times, pipeline.sampling)
    every_frame = any(step.component.wants_every_frame for step in pipeline.writers)
    read = mined
    if every_frame and mined:
        read = choose_frames(times, sampling_of_shown(times, pipeline.sampling, mined))
    segments = plan_segments(video, read, split=False)

    def frames(
        source: Source, facts: VideoFacts, segment: Segment, stats: ReadStats, *, at_least_wh: tuple[int, int]
    ) -> Generator[Frame, None, None]:
        stats.wanted = stats.read = len(segment)
        wanted = dict(zip(segment.indices, range(len(segment)), strict=True))
        for index, rgb in enumerate(iter_animation(animation)):
            if index in wanted:
                yield _frame(facts, rgb, index, segment.seconds(wanted[index]))

    tasks = tuple(SegmentTask(segment, mined if every_frame else None) for segment in segments)
    plan = with_known(pipeline, source, VideoPlan(facts, version, tasks))
    if isinstance(plan, Mined):
        return replace(plan, kind=SourceKind.VIDEO)
    return replace(_mined(pipeline, source, plan, frames, run_pid, on_frame), kind=SourceKind.VIDEO)


def _mined(
    pipeline: Pipeline,
    source: Source,
    plan: VideoPlan,
    read_frames: ReadFrames,
    run_pid: int,
    on_frame: Callable[[], None],
) -> Mined:
    """Mine the segments of an animation, and join them."""
    results: list[SegmentResult] = []
    try:
        for task in plan.tasks:
            known = plan.chunk(task.number)
            mining = SegmentMining(
                *(pipeline, source, plan.facts, task, plan.stale, known, plan.most_bytes, plan.sha256)
            )
            results.append(mining.mine(run_pid=run_pid, on_frame=on_frame, read_frames=read_frames))
        joined = join(pipeline, source, plan, results)
    finally:
        remove_parts(part.path for result in results for part in result.parts.values())
    return replace(joined, kept=joined.kept and plan.with_chunks(joined.kept, results))


def _frame(facts: VideoFacts, rgb: RgbArray, index: int, timestamp: float) -> Frame:
    return Frame(facts.size_wh, lambda _: rgb, index=index, timestamp=timestamp)


def _facts(source: Source, animation: Animation) -> VideoFacts:
    photo, count = animation.photo, len(animation.begins_us)
    rotation, is_mirrored = _TURNS[photo.orientation]
    duration = animation.duration_us * MICROSECOND
    return VideoFacts(
        size_wh=photo.size_wh,
        container=source.format,
        codec=_CODECS.get(source.format, source.format),
        rotation=rotation,
        sample_aspect=Fraction(1),
        frame_rate=(count / duration).limit_denominator(1000),
        duration_s=float(duration),
        declared_frames=count,
        has_sound=False,
        is_cut_off=animation.is_cut_off,
        capture=animation.capture,
        is_mirrored=is_mirrored,
    )
