"""Values that travel between the tasks of a video: probe, mine segment, join. All are small and picklable."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

from pipeline.kept.values import InputState, Kept
from pipeline.videos.facts import FileVersion, VideoFacts
from pipeline.videos.progress import VideoProgress
from pipeline.videos.sampling import Sampling
from pipeline.videos.segments import Segment

MOST_KEPT_BYTES = 64 << 20
"""Of findings in one video. Faces that are described in every frame of a long video would take more; what is
beyond is looked at again when it is needed."""


@dataclass(frozen=True, slots=True)
class SegmentTask:
    """A segment to read, and which of its frames to mine.

    Args:
        segment: the frames to read.
        mined: indices of the frames to mine, ascending; None for all.
        has_lead: whether the first frame belongs to an earlier segment. It is only mined again to know the
            last detections before this segment begins; its results are not reported.
    """

    segment: Segment
    mined: array[int] | None = None
    has_lead: bool = False

    @property
    def number(self) -> int:
        """The segment's number, from 0."""
        return self.segment.number

    @property
    def looked_at(self) -> array[int]:
        """Indices of the frames that detectors look at: the lead if there is one, and those to mine."""
        if self.mined is None:
            return self.segment.indices
        return self.segment.indices[:1] + self.mined if self.has_lead else self.mined

    def seconds(self) -> Iterator[float]:
        """When each of the frames of `looked_at` is shown, in seconds from the start of the file."""
        places = dict(zip(self.segment.indices, range(len(self.segment)), strict=True))
        return (self.segment.seconds(places[index]) for index in self.looked_at)


@dataclass(frozen=True, slots=True)
class VideoPlan:
    """A probed video, split into segments.

    Args:
        facts: what the container and the first frames say.
        version: of the file when it was probed.
        tasks: one for each segment that is read, in the order of the video.
        every_frame: whether the pipeline file asks for every frame.
        digest: of which frames are looked at, see `pipeline.videomining.digest_of_plan`.
        chunks: what earlier runs found in each of them, see `pipeline.kept.codec`; empty: nothing.
        stale: names of the writers that have to write.
        state: what an earlier run knew of the video as a whole, and the other writers have shown.
        sha256: of the file's bytes, hexadecimal, if it is known.
    """

    facts: VideoFacts
    version: FileVersion
    tasks: tuple[SegmentTask, ...]
    every_frame: bool = False
    digest: bytes = b""
    chunks: tuple[bytes, ...] = ()
    stale: frozenset[str] = frozenset()
    state: InputState | None = None
    sha256: str | None = None

    def frames_of(self, number: int) -> int:
        """How many frames of a segment are read."""
        return next((len(task.segment) for task in self.tasks if task.number == number), 0)

    def progress(self, path: str, read: int) -> VideoProgress:
        """How far the mining of the video is when so many frames were read."""
        segments = [task.segment for task in self.tasks if len(task.segment)]
        span_s = segments[-1].seconds(-1) - segments[0].seconds(0) if segments else 0.0
        return VideoProgress(
            *(path, read),
            to_read=sum(map(len, segments)),
            to_mine=sum(len(task.segment if task.mined is None else task.mined) for task in self.tasks),
            span_s=span_s,
            every_frame=self.every_frame,
        )

    def chunk(self, number: int) -> bytes | None:
        """What earlier runs found in a segment; None if nothing is known."""
        return self.chunks[number] if number < len(self.chunks) else None

    @property
    def most_bytes(self) -> int:
        """The most bytes of findings that are kept of one segment."""
        return MOST_KEPT_BYTES // max(len(self.tasks), 1)

    def with_chunks(self, kept: Kept, results: Sequence[SegmentResult]) -> Kept:
        """What is to be kept of the video, with the findings in its segments.

        Args:
            kept: the rest.
            results: of all segments, in the order of the video.
        """
        if all(result.chunk is None for result in results):
            return kept
        chunks = (self.chunk(one.number) if one.chunk is None else one.chunk for one in results)
        return replace(kept, chunks=tuple(chunk or b"" for chunk in chunks))


class SegmentPart(NamedTuple):
    """What one writer made of one segment.

    Args:
        path: the file that it wrote.
        note: what the writer's `join` needs to know about it.
    """

    path: Path
    note: Any


@dataclass(frozen=True, slots=True)
class SegmentResult:
    """The result of mining one segment.

    Args:
        number: of the segment.
        frames: how many were mined.
        is_damaged: some of its frames are missing, or were decoded with errors.
        parts: by the writers' names.
        outputs: names of files that are finished already, such as pictures of single frames.
        duration_s: how long it took.
        written: paths of those files, by the writers' names.
        shown: digests of what each writer was given, by the writers' names.
        chunk: the findings, see `pipeline.kept.codec`; None: those that are known stay.
        keys: of the components whose findings they are.
        ran, reused: names of the components that looked at pixels, and of those whose findings were known.
    """

    number: int
    frames: int
    is_damaged: bool
    parts: dict[str, SegmentPart]
    outputs: tuple[str, ...] = ()
    duration_s: float = 0.0
    written: Mapping[str, tuple[Path, ...]] = field(default_factory=dict)
    shown: Mapping[str, bytes] = field(default_factory=dict)
    chunk: bytes | None = None
    keys: bytes = b""
    ran: frozenset[str] = frozenset()
    reused: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class VideoResult:
    """A video whose segments are all mined.

    Args:
        facts: what the container and the first frames say.
        sampling: which of its frames were mined.
        frames: how many those are.
        is_partial: the file is cut off or damaged, and some of it is missing.
        sha256: of the file's bytes, hexadecimal.
    """

    facts: VideoFacts
    sampling: Sampling
    frames: int
    is_partial: bool
    sha256: str
