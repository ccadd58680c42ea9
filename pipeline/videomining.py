"""Mine a video in three kinds of task: probe it and split it, mine its segments in any order, join the parts.

Any worker can do each task. Tasks exchange the plain values of `pipeline.videos.messages`. The content of a
segment depends on the video and the pipeline file alone, and so do the outputs. `pipeline.segmentmining`
mines a segment.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from pipeline.attribution import READING, attribute_errors_to, describe, source_errors
from pipeline.component import Writer
from pipeline.config.keys import key_of_sampling
from pipeline.detecting import Step, digest_for_writer
from pipeline.earlier import Earlier, digest_for, outputs_of, shown_of
from pipeline.errors import FailureCode, SourceError
from pipeline.files.hashing import sha256_of
from pipeline.files.outputs import noting_outputs
from pipeline.kept.findings import KnownKey, digest, keys_in, split_keys
from pipeline.kept.values import InputState, Kept
from pipeline.pipeline import Mined, Pipeline
from pipeline.segmentmining import scenes_of
from pipeline.source import Source
from pipeline.videos.facts import FileVersion, Video, VideoFacts
from pipeline.videos.messages import SegmentResult, SegmentTask, VideoPlan, VideoResult
from pipeline.videos.probe import file_version, probe_file
from pipeline.videos.reader import split_video
from pipeline.videos.sampling import Sampling, choose_frames, sampling_of_shown
from pipeline.videos.segments import plan_segments


def probe_video(pipeline: Pipeline, source: Source) -> VideoPlan | Mined:
    """Probe a video and split it into segments, and find out what has to be done.

    Returns: the result if all findings are known and its outputs show them.
    Raises: SourceError: it cannot be mined.
    """
    with source_errors(), attribute_errors_to(READING):
        video = probe_file(source, pipeline.limits)
        every_frame = any(step.component.wants_every_frame for step in pipeline.writers)
        if every_frame and not pipeline.sampling.is_of_all_frames:
            tasks = _with_frames_between(source, video, pipeline.sampling)
        else:
            tasks = [SegmentTask(segment) for segment in split_video(source, video, pipeline.sampling)]
    plan = VideoPlan(*(video.facts, video.version, tuple(tasks), not pipeline.sampling.is_thinned))
    return with_known(pipeline, source, plan)


def with_known(pipeline: Pipeline, source: Source, plan: VideoPlan) -> VideoPlan | Mined:
    """Add to a plan what earlier runs know of the video.

    Returns: the result if all findings are known and its outputs show them.
    Raises: SourceError: the file cannot be read, or has changed.
    """
    plan = replace(plan, digest=digest_of_plan(pipeline, plan.facts, plan.tasks))
    earlier = pipeline.earlier(source)
    with source_errors():
        if not _flaw(plan.facts, ()) and _is_about(earlier, source, plan):
            return _Recall(pipeline, source, plan, earlier).planned()
        with attribute_errors_to(READING):
            sha256 = _content_if_wanted(pipeline, source, plan.version)
    return replace(plan, stale=frozenset(step.name for step in pipeline.writers), sha256=sha256)


def digest_of_plan(pipeline: Pipeline, facts: VideoFacts, tasks: Sequence[SegmentTask]) -> bytes:
    """A digest of which frames are mined in which segments, and of the size at which they are decoded.

    A frame's pixels depend on that size, so that findings of another size are not taken.
    """
    parts = [repr((facts.size_wh, pipeline.needed_wh(facts.size_wh))).encode()]
    for task in tasks:
        parts += [task.looked_at.tobytes(), b"lead" if task.has_lead else b";"]
    return digest(*parts)


def _is_about(earlier: Earlier, source: Source, plan: VideoPlan) -> bool:
    """Whether what is known is about this content and this plan."""
    state = earlier.state
    if state is None or state.plan != plan.digest or earlier.segments != len(plan.tasks):
        return False
    return earlier.is_same_file or earlier.is_about(_content_hash(source, plan.version))


class _Recall:
    """What is known of a video, and what follows from it for a run."""

    def __init__(self, pipeline: Pipeline, source: Source, plan: VideoPlan, earlier: Earlier) -> None:
        self._pipeline, self._source, self._plan, self._earlier = pipeline, source, plan, earlier
        self._writers = pipeline.writers_for(source.format)
        self._missing: set[str] = set()
        self._found: set[str] = set()
        self._shown: dict[str, list[bytes]] = {step.name: [] for step in self._writers}

    def planned(self) -> VideoPlan | Mined:
        """The plan with what is known, or the result if nothing has to be read or written."""
        for task in self._plan.tasks:
            self._recall(task)
        stale = frozenset(step.name for step in self._writers if self._is_stale(step))
        state, earlier = self._earlier.state, self._earlier
        assert state is not None
        current = earlier.kept_by(step for step in self._writers if step.name not in stale)
        state = replace(state, shown=current)
        if self._missing or stale:
            chunks = tuple(earlier.chunk(task.number) or b"" for task in self._plan.tasks)
            return replace(self._plan, chunks=chunks, stale=stale, state=state, sha256=earlier.sha256)
        frames = earlier.frames(0)
        keys = _with_sampling(self._pipeline.sampling, split_keys(keys_in(frames[0])) if frames else ())
        return Mined(
            state.frames,
            None,
            is_unchanged=True,
            kept=Kept(keys, state.to_bytes(), None),
            outputs=_names(state, self._source, self._pipeline.output_root),
            reused=frozenset(self._found),
        )

    def _recall(self, task: SegmentTask) -> None:
        digests: dict[str, list[bytes]] = {step.name: [] for step in self._writers}
        for place, scene in enumerate(scenes_of(task, self._plan.facts, self._earlier.sha256)):
            known = self._earlier.frame(place, task.number, scene.frame_index)
            detected = self._pipeline.find(scene, None, known, self._source.format)
            self._missing |= detected.missing
            self._found |= detected.reused
            if task.has_lead and place == 0:
                continue
            for step in self._writers:
                if self._missing.isdisjoint(step.inputs):
                    digests[step.name].append(digest_for_writer(step, detected.result))
        for name, own in digests.items():
            self._shown[name].append(digest(*own))

    def _is_stale(self, step: Step[Writer]) -> bool:
        if not self._missing.isdisjoint(step.inputs):
            return True
        shown = digest(*self._shown[step.name])
        return not self._earlier.is_current(step, self._source, shown, self._pipeline.output_root)


def _with_frames_between(source: Source, video: Video, sampling: Sampling) -> list[SegmentTask]:
    """Tasks with all frames from the sampling's start to its end, only some of which are mined."""
    mined = choose_frames(video.times, sampling)
    if not mined:
        return []
    tasks = []
    for segment in split_video(source, video, sampling_of_shown(video.times, sampling, mined)):
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


def join(pipeline: Pipeline, source: Source, plan: VideoPlan, mined: Sequence[SegmentResult]) -> Mined:
    """Make the outputs of a video whose segments are all mined, the reports last.

    Raises: SourceError: the file has changed, or an output cannot be made; each is whole or as it was.
    """
    written: dict[str, list[Path]] = {
        name: [path for result in mined for path in result.written.get(name, ())] for name in plan.stale
    }
    with source_errors():
        with attribute_errors_to(READING):
            sha256 = _content_hash(source, plan.version, known=plan.sha256)
        frames = sum(result.frames for result in mined)
        flaw = _flaw(plan.facts, mined)
        video = VideoResult(plan.facts, pipeline.sampling, frames, bool(flaw), sha256)
        for step in reversed(pipeline.writers):  # what is finished last stands first
            if step.name not in plan.stale:
                continue
            parts = [result.parts[step.name] for result in mined if step.name in result.parts]
            with attribute_errors_to(describe(step.component)), noting_outputs(written[step.name]):
                step.component.join(source, video, parts, pipeline.output_root)
    ran = frozenset(name for result in mined for name in result.ran)
    return Mined(
        frames,
        sha256,
        flaw,
        kept=None if flaw else _kept(pipeline, source, plan, mined, written),
        outputs=() if plan.state is None else _names(plan.state, source, pipeline.output_root),
        ran=ran,
        reused=frozenset(name for result in mined for name in result.reused) - ran,
    )


def _kept(
    pipeline: Pipeline,
    source: Source,
    plan: VideoPlan,
    mined: Sequence[SegmentResult],
    written: dict[str, list[Path]],
) -> Kept:
    """What is to be kept of a video; the queue adds the findings."""
    shown = {} if plan.state is None else dict(plan.state.shown)
    for step in pipeline.writers_for(source.format):
        if step.name in written:
            own = digest(*(result.shown[step.name] for result in mined))
            new = shown_of(source, digest_for(step, source, own), written[step.name])
            shown |= {} if new is None else {step.key.digest: new}
    frames = sum(result.frames for result in mined)
    state = InputState(plan.facts.size_wh, frames, plan.digest, shown)
    of_segments = [split_keys(result.keys) for result in mined]
    in_all = [key for key in of_segments[0] if all(key in keys for keys in of_segments)] if mined else []
    return Kept(_with_sampling(pipeline.sampling, in_all), state.to_bytes(), None)


def _with_sampling(sampling: Sampling, keys: Iterable[KnownKey]) -> bytes:
    """Keys of components with findings in a video, behind a digest of which frames they are about."""
    return b"".join(key.to_bytes() for key in (key_of_sampling(sampling), *keys))


def _names(state: InputState, source: Source, output_root: Path) -> tuple[str, ...]:
    """Names of the outputs that the state speaks of."""
    return tuple(path.name for one in state.shown.values() for path in outputs_of(one, source, output_root))


def _flaw(facts: VideoFacts, mined: Sequence[SegmentResult]) -> str:
    """Why some of a video is missing; empty if it is whole."""
    flaws = []
    if facts.is_cut_off or any(result.is_damaged for result in mined):
        flaws.append("it is cut off or damaged")
    if facts.goes_on:
        flaws.append("it goes on with another programme, which is not read")
    return " and ".join(flaws)


def _content_if_wanted(pipeline: Pipeline, source: Source, version: FileVersion) -> str | None:
    """The SHA-256 of a video that is not mined yet, hexadecimal; None if no detector needs it.

    Args:
        version: of the file when it was probed.
    Raises: SourceError: the file cannot be read, or has changed.
    """
    return _content_hash(source, version) if pipeline.wants_content(source) else None


def _content_hash(source: Source, version: FileVersion, *, known: str | None = None) -> str:
    """The content's SHA-256, hexadecimal.

    Args:
        version: of the file when it was probed.
        known: the hash of the content at that time, if it is known.
    Raises: SourceError: the file cannot be read, or has changed.
    """
    try:
        sha256 = known or sha256_of(source.path)
    except OSError as error:
        raise SourceError(FailureCode.UNREADABLE, f"cannot be read ({error.strerror})") from None
    if file_version(source) != version:
        raise SourceError(
            FailureCode.CHANGED_WHILE_READING, "another program is writing to it; mine it again later"
        )
    return sha256
