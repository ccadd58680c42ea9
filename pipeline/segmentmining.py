"""Mines one segment of a video, with what is known of it.

Its frames are decoded only if a component needs their pixels.
"""

from __future__ import annotations

import contextlib
import hashlib
from array import array
from bisect import bisect_left
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from pipeline.attribution import attribute_errors_to, attributed_session, describe, next_frame, source_errors
from pipeline.component import SegmentSession, Writer
from pipeline.detecting import Detected, Scene, Step, digest_for_writer
from pipeline.earlier import frame_at, frames_of
from pipeline.files.outputs import noting_outputs
from pipeline.files.parts import make_part, reassign_part, remove_parts
from pipeline.frame import Frame
from pipeline.kept.codec import encode
from pipeline.kept.findings import DIGEST_BYTES, FrameFindings, keys_in
from pipeline.pipeline import Pipeline
from pipeline.source import Source
from pipeline.videos.facts import VideoFacts
from pipeline.videos.messages import SegmentPart, SegmentResult, SegmentTask
from pipeline.videos.reader import ReadStats, iter_frames
from pipeline.videos.segments import Segment

NO_PIXELS = (1, 1)
"""What `Component.needed_wh` returns for a writer that looks at no pixels."""


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


def scenes_of(task: SegmentTask, facts: VideoFacts, sha256: str | None) -> Iterator[Scene]:
    """The frames that detectors look at, without their pixels."""
    for index, seconds in zip(task.looked_at, task.seconds(), strict=True):
        yield Scene.whole(facts.size_wh, sha256, index, seconds)


class _Slot(NamedTuple):
    """A writer, its session, and the outputs that it has finished."""

    step: Step[Writer]
    session: SegmentSession
    noted: list[Path]


@dataclass
class SegmentMining:
    """The mining of one segment.

    Args:
        pipeline: loaded.
        source: the video.
        facts: of it.
        task: the segment.
        stale: names of the writers that write.
        chunk: what is known of its frames, see `pipeline.kept.codec`.
        most_bytes: of findings that are kept of it.
        sha256: of the video's bytes, hexadecimal; None if it is not known.
    """

    pipeline: Pipeline
    source: Source
    facts: VideoFacts
    task: SegmentTask
    stale: frozenset[str]
    chunk: bytes | None = None
    most_bytes: int = 0
    sha256: str | None = None
    _hashes: dict[str, Any] = field(default_factory=dict)
    _findings: list[FrameFindings] = field(default_factory=list)
    _ran: set[str] = field(default_factory=set)
    _reused: set[str] = field(default_factory=set)

    def mine(
        self, *, run_pid: int, on_frame: Callable[[], None], read_frames: ReadFrames = iter_frames
    ) -> SegmentResult:
        """Mine the segment and let each writer make its part of it.

        Args:
            run_pid: the process that owns the parts when they are complete.
            on_frame: called after each frame.
            read_frames: gives the segment's frames, as `iter_frames` does.
        Raises: SourceError: it cannot be mined; no part of it is left.
        """
        stats = ReadStats()
        paths: dict[str, Path] = {}
        known = frames_of(self.chunk or b"")
        self._hashes = {name: hashlib.blake2b(digest_size=DIGEST_BYTES) for name in self.stale}
        try:
            with source_errors(), contextlib.ExitStack() as stack:
                slots = list(self._open_writers(stack, paths))
                frames = self._frames(known, stats, read_frames)
                count = self._mine_frames(stack.enter_context(closing(frames)), known, slots, on_frame)
            parts = {
                slot.step.name: SegmentPart(
                    reassign_part(paths.pop(slot.step.name), run_pid), slot.session.note
                )
                for slot in slots
            }
        finally:
            remove_parts(paths.values())
        chunk, keys = self._kept(known)
        return SegmentResult(
            self.task.number,
            count,
            stats.is_partial,
            parts,
            written={slot.step.name: tuple(slot.noted) for slot in slots},
            shown={name: own.digest() for name, own in self._hashes.items()},
            chunk=chunk,
            keys=keys,
            ran=frozenset(self._ran),
            reused=frozenset(self._reused - self._ran),
        )

    def _open_writers(self, stack: contextlib.ExitStack, paths: dict[str, Path]) -> Iterator[_Slot]:
        for step in self._writers():
            part = make_part(self.pipeline.output_folder(self.source))
            paths[step.name] = part
            noted: list[Path] = []
            with attribute_errors_to(describe(step.component)):
                session = step.component.open_segment(
                    self.source, self.facts, self.pipeline.output_root, part
                )
            if session is not None:
                attributed = attributed_session(step.component, session, noted)
                yield _Slot(step, stack.enter_context(attributed), noted)

    def _writers(self) -> Iterator[Step[Writer]]:
        return (step for step in self.pipeline.writers if step.name in self.stale)

    def _frames(
        self, known: Sequence[FrameFindings], stats: ReadStats, read_frames: ReadFrames
    ) -> Generator[Frame, None, None]:
        """The segment's frames; without pixels if nothing needs them."""
        needed_wh = self.pipeline.needed_wh(self.facts.size_wh)
        if not known or self._draws() or not self._is_all_known(known):
            return read_frames(self.source, self.facts, self.task.segment, stats, at_least_wh=needed_wh)
        return self._frames_without_pixels()

    def _draws(self) -> bool:
        """Whether a writer looks at pixels."""
        return any(
            step.component.wants_every_frame or step.component.needed_wh(self.facts.size_wh) != NO_PIXELS
            for step in self._writers()
        )

    def _is_all_known(self, known: Sequence[FrameFindings]) -> bool:
        scenes = enumerate(scenes_of(self.task, self.facts, self.sha256))
        return not any(self._find(scene, None, known, place).missing for place, scene in scenes)

    def _frames_without_pixels(self) -> Generator[Frame, None, None]:
        def decode(_: tuple[int, int]) -> Any:
            raise RuntimeError("a writer that needs no pixels has asked for some")

        for scene in scenes_of(self.task, self.facts, self.sha256):
            yield Frame(scene.size_wh, decode, index=scene.frame_index, timestamp=scene.timestamp)

    def _find(
        self, scene: Scene, frame: Frame | None, known: Sequence[FrameFindings], place: int
    ) -> Detected:
        own = frame_at(place, scene.frame_index, known)
        return self.pipeline.find(scene, frame, own, self.source.format)

    def _mine_frames(
        self,
        frames: Iterator[Frame],
        known: Sequence[FrameFindings],
        slots: Sequence[_Slot],
        on_frame: Callable[[], None],
    ) -> int:
        """Pass each frame to the detectors and the writers that need it; returns how many were mined."""
        task, count, place = self.task, 0, 0
        while (frame := next_frame(frames)) is not None:
            is_lead = task.has_lead and frame.index == task.segment.indices[0]
            is_mined = not is_lead and _holds(task.mined, frame.index)
            detected = None
            if is_mined or is_lead:
                frame.sha256 = self.sha256
                detected = self._find(Scene.of(frame), frame, known, place)
                self._note(detected, is_lead=is_lead)
                place += 1
            count += is_mined
            for slot in slots:
                self._write(slot, frame, detected, is_lead=is_lead)
            on_frame()
        return count

    def _note(self, detected: Detected, *, is_lead: bool) -> None:
        if not is_lead:
            for step in self._writers():
                self._hashes[step.name].update(digest_for_writer(step, detected.result))
        self._findings.append(detected.findings)
        self._ran |= detected.ran
        self._reused |= detected.reused

    def _write(self, slot: _Slot, frame: Frame, detected: Detected | None, *, is_lead: bool) -> None:
        step, session, noted = slot
        with attribute_errors_to(describe(step.component)), noting_outputs(noted):
            if detected is None:
                session.pass_by(frame)
                return
            share = step.share_of(detected.result)
            if is_lead:
                session.remember(share)
            else:
                session.write(frame, share)

    def _kept(self, known: Sequence[FrameFindings]) -> tuple[bytes | None, bytes]:
        """The findings that are kept, None for those that are known, and the keys of their components."""
        findings = self._findings
        if list(known) == findings:
            return None, _keys(findings)
        chunk = encode(findings)
        if len(chunk) > self.most_bytes:
            findings = [
                replace(frame, of={key: one for key, one in frame.of.items() if one.described is None})
                for frame in findings
            ]
            chunk = encode(findings)
        if len(chunk) > self.most_bytes:
            return b"", b""
        return chunk, _keys(findings)


def _keys(findings: Sequence[FrameFindings]) -> bytes:
    return keys_in(findings[0]) if findings else b""


def _holds(mined: array[int] | None, index: int) -> bool:
    if mined is None:
        return True
    at = bisect_left(mined, index)
    return at < len(mined) and mined[at] == index
