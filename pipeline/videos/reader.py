"""Videos: the frames of a segment, upright RGB, each with its index and its time in the whole video.

ffmpeg decodes, turns the picture upright (its autorotation, by the display matrix), drops the frames that
nobody wants, and scales; it writes raw pixels to one pipe and, before each frame, the frame's key to another
(`-stats_enc_pre`). A frame is matched with the video's times by that key, so its index and its time are true
wherever decoding begins. Where ffmpeg is told to begin is only a good guess: unless the first wanted frame
comes first, and comes after a frame that the decoder itself calls a keyframe, it is told to begin earlier.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from enum import Enum, auto
from typing import NamedTuple

import numpy as np

from pipeline.errors import FailureCode, SourceError
from pipeline.frame import Decode, Frame, RgbArray
from pipeline.source import Source
from pipeline.videos.facts import Video, VideoFacts
from pipeline.videos.ffmpeg import Ffmpeg, input_arguments
from pipeline.videos.pipereader import PipeReader
from pipeline.videos.probe import file_version
from pipeline.videos.sampling import Sampling, choose_frames
from pipeline.videos.segments import Segment, plan_segments
from pipeline.videos.select import find_runs, select_expression

_WORTH_SCALING = 0.75
"""Scaled by less, a frame is read at its full size: a second resampling costs more than it saves."""
_BEHIND = 16


@dataclass(slots=True)
class ReadStats:
    """How the reading of a segment went; add those of all segments for the whole video.

    Args:
        wanted: frames that there should be.
        read: frames that there were.
        decoder_errors: how often ffmpeg found a packet or a frame damaged.
    """

    wanted: int = 0
    read: int = 0
    decoder_errors: int = 0

    @property
    def is_partial(self) -> bool:
        """Whether something of the video is lost or damaged."""
        return self.read < self.wanted or self.decoder_errors > 0

    def add(self, other: ReadStats) -> None:
        """Add another segment's."""
        self.wanted += other.wanted
        self.read += other.read
        self.decoder_errors += other.decoder_errors


def split_video(source: Source, video: Video, sampling: Sampling) -> list[Segment]:
    """Split a video into segments; in one piece if decoding cannot begin where its container says.

    Raises: SourceError: as `iter_frames`.
    """
    chosen = choose_frames(video.times, sampling)
    segments = plan_segments(video, chosen)
    sought = [segment for segment in segments if segment.seeks_s[0] is not None]
    if len(segments) > 1 and sought:
        cheapest = min(sought, key=lambda segment: video.times.since_keyframe(segment.indices[0]))
        if not _begins_well(source, video.facts, cheapest):
            return plan_segments(video, chosen, split=False)
    return segments


def iter_frames(
    source: Source,
    facts: VideoFacts,
    segment: Segment,
    stats: ReadStats,
    *,
    at_least_wh: tuple[int, int] | None = None,
) -> Generator[Frame, None, None]:
    """The wanted frames of a segment, each as soon as it is decoded. Close it to stop ffmpeg early.

    Args:
        source: the file.
        facts: what `probe` said of it.
        segment: of `split_video`.
        stats: counts what comes.
        at_least_wh: a size that suffices for everybody who looks at the frames; ffmpeg scales them down to
            the least size of the same shape that covers it. None: full size.

    Raises:
        SourceError: the file has changed, or ffmpeg hangs or was killed. A file that is cut off or damaged
            raises nothing: what decodes comes, and `stats` says what is missing.
    """
    if file_version(source) != segment.version:
        raise SourceError(FailureCode.CHANGED_WHILE_READING, "somebody is writing to it; mine it again later")
    size_wh = reading_size(facts.size_wh, at_least_wh)
    stats.wanted += len(segment)
    place = 0
    for attempt in _attempts(segment):
        came = False
        trial = ReadStats()
        with closing(_decoded(source, segment, attempt, place, size_wh, trial)) as decoded:
            for found, rgb in decoded:
                if found > place and not attempt.gaps.allows(is_first=not came):
                    break
                came, place = True, found + 1
                stats.read += 1
                index, timestamp = segment.indices[found], segment.seconds(found)
                yield Frame(facts.size_wh, _at_hand(rgb), index=index, timestamp=timestamp)
            else:
                if place == len(segment) or attempt.gaps.allows(is_first=not came):
                    break
    stats.decoder_errors += trial.decoder_errors
    if not place and segment.indices[0] == 0:  # which did decode when the video was looked at
        raise SourceError(FailureCode.DECODER_FAILED, f"ffmpeg gave none of the {len(segment)} frames wanted")


def reading_size(full_wh: tuple[int, int], at_least_wh: tuple[int, int] | None) -> tuple[int, int]:
    """The size at which frames are read: the least of the full size's shape that covers another.

    Args:
        full_wh: upright full size, pixels.
        at_least_wh: what to cover; None: the full size.
    """
    if at_least_wh is None:
        return full_wh
    scale = max(at_least_wh[0] / full_wh[0], at_least_wh[1] / full_wh[1])
    if scale > _WORTH_SCALING:
        return full_wh
    return max(1, math.ceil(full_wh[0] * scale)), max(1, math.ceil(full_wh[1] * scale))


class _Gaps(Enum):
    """Which wanted frames an attempt may leave out before it is given up for the next one."""

    NONE = auto()
    NOT_THE_FIRST = auto()
    ANY = auto()

    def allows(self, *, is_first: bool) -> bool:
        """Whether the attempt may go on where frames are missing.

        Args:
            is_first: none came before.
        """
        return self is _Gaps.ANY or (self is _Gaps.NOT_THE_FIRST and not is_first)


class _Attempt(NamedTuple):
    """One way to decode a segment.

    Args:
        seek_s: where ffmpeg is told to begin; None: at the start.
        gaps: what it may leave out. A gap at the beginning is a wrong beginning; one further on is damage.
        skips: whether the decoder passes over all but keyframes, which not every decoder does well.
    """

    seek_s: float | None
    gaps: _Gaps
    skips: bool = False


def _attempts(segment: Segment) -> Iterator[_Attempt]:
    if segment.only_keyframes:
        yield _Attempt(segment.seeks_s[0], _Gaps.NONE, skips=True)
    for seek_s in segment.seeks_s[:-1]:
        yield _Attempt(seek_s, _Gaps.NOT_THE_FIRST)
    yield _Attempt(segment.seeks_s[-1], _Gaps.ANY)


def _decoded(
    source: Source,
    segment: Segment,
    attempt: _Attempt,
    place: int,
    size_wh: tuple[int, int],
    trial: ReadStats,
) -> Generator[tuple[int, RgbArray], None, None]:
    """What comes of an attempt: places of wanted frames, none before `place`, ascending, and their pixels."""
    keys, pixels = pipes = PipeReader(), PipeReader(wide=True)
    wanted = segment.keys
    arguments = _arguments(source, segment, attempt, place, size_wh, (keys.url, pixels.url))
    with Ffmpeg(arguments, pipes, "warning") as ffmpeg:
        behind = 0  # frames in a row that are shown after the segment: one alone may only have a wrong time
        while place < len(wanted) and behind < _BEHIND and (line := keys.read_line()) is not None:
            rgb = np.empty((size_wh[1], size_wh[0], 3), np.uint8)
            if not pixels.read_into(rgb.data.cast("B")):
                break
            key = int(line)
            behind = behind + 1 if key > wanted[-1] else 0
            found = bisect_left(wanted, key, place)
            if found < len(wanted) and wanted[found] == key:
                place = found + 1
                yield found, rgb
        if place < len(wanted) and behind < _BEHIND:
            ffmpeg.end()
    trial.decoder_errors = ffmpeg.stderr.decoder_errors


def _arguments(
    source: Source,
    segment: Segment,
    attempt: _Attempt,
    place: int,
    size_wh: tuple[int, int],
    urls: tuple[str, str],
) -> list[str]:
    key = "pts" if segment.by_pts else "n"
    runs = find_runs(segment.keys[place:], segment.indices[place:])
    filters = [f"select='{select_expression(runs, key, seeking=attempt.seek_s is not None)}'"]
    if attempt.gaps is not _Gaps.ANY and segment.end_pts is not None:
        filters.insert(0, f"trim=end_pts={segment.end_pts}")
    filters.append(f"scale={size_wh[0]}:{size_wh[1]}:flags=area")
    seeking = () if attempt.seek_s is None else ("-noaccurate_seek", "-ss", f"{attempt.seek_s:.6f}")
    skipping = ("-skip_frame", "nokey") if attempt.skips else ()
    return [
        *(*skipping, *seeking, *input_arguments(source.path)),
        *("-map", "0:V:0", "-vf", ",".join(filters), "-fps_mode", "passthrough", "-enc_time_base", "demux"),
        *("-stats_enc_pre", urls[0], "-stats_enc_pre_fmt", "{pts}" if segment.by_pts else "{ni}"),
        *("-c:v", "rawvideo", "-pix_fmt", "rgb24", "-thread_queue_size", "1", "-f", "rawvideo", urls[1]),
    ]


def _at_hand(rgb: RgbArray) -> Decode:
    """Pixels that are there already, for whoever wants no more than there are."""

    def decode(at_least_wh: tuple[int, int]) -> RgbArray:
        """A frame's `Decode`: what there is, if it is enough."""
        height, width = rgb.shape[:2]
        if width < at_least_wh[0] or height < at_least_wh[1]:
            raise ValueError(f"the video is read at {width}x{height}; nobody asked for {at_least_wh} before")
        return rgb

    return decode


def _begins_well(source: Source, facts: VideoFacts, segment: Segment) -> bool:
    """Whether the first attempt at a segment gives its first frame."""
    attempt = _Attempt(segment.seeks_s[0], _Gaps.NOT_THE_FIRST)
    least = reading_size(facts.size_wh, (1, 1))
    with closing(_decoded(source, segment, attempt, 0, least, ReadStats())) as decoded:
        return next(decoded, (None,))[0] == 0
