"""Splitting a video into segments, which workers take like files.

The segments depend on the video and the sampling alone, never on the number of workers; so do the outputs.
"""

from __future__ import annotations

import math
from array import array
from bisect import bisect_left
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from pipeline.videos.facts import FileVersion, FrameTimes, Video

SEGMENT_COUNTS = (12, 8, 4, 2, 1)
"""How many segments a video has that is not long: numbers that two and more workers divide evenly."""
MIN_WORK = 60
"""Less is not worth a decoder of its own: mining 60 frames takes about 3 s, starting and ending one 0.2 s."""
MAX_WORK = 600
"""The most that a crash costs, and the longest wait for the last worker at the end of a run."""
_PASSING_MEGAPIXEL = 0.08
"""The cost of decoding a frame of a megapixel (4 ms), relative to that of mining it (50 ms)."""
_NEAR = 0.1
"""A segment begins at a keyframe if that changes its work by no more than this fraction."""
_MAX_WASTED = 0.12
"""The fraction of a segment's work that may go into decoding frames of the segment before it."""

_UNINDEXED = ("mpegts", "mpegps")
"""Containers in which ffmpeg seeks to any packet near a time, not to a keyframe."""
_LEAD_S = 0.3
_SEEK_BIAS_S = 0.135
"""ffmpeg seeks 3/23 s too early where frames are stored out of order. Source: fftools/ffmpeg_demux.c."""
_TRIAL_FRAMES = 8
"""Enough to notice a decoder that loses every second frame."""
_STEPS_BACK = (0, 8)
"""Where decoding begins, in keyframes before the first wanted frame; the next place is tried if one does not
give that frame. The last attempt begins at the start of the file."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of a video, and which of its frames are wanted.

    Args:
        number: 0-based, in the order of the video.
        time_base: seconds of one unit of `pts`.
        indices: of the wanted frames, ascending.
        pts: of the wanted frames, ascending.
        zero: the pts of the start of the file.
        by_pts: as in `FrameTimes`.
        seeks_s: where ffmpeg begins, best first; the last is None, the start of the file.
        end_pts: of the first frame after the segment; None if there is none, or it is not known.
        only_keyframes: whether all wanted frames are keyframes.
        version: of the file when it was probed.
    """

    number: int
    time_base: Fraction
    indices: array[int]
    pts: array[int]
    zero: int
    by_pts: bool
    seeks_s: tuple[float | None, ...]
    end_pts: int | None
    only_keyframes: bool
    version: FileVersion

    def __len__(self) -> int:
        return len(self.indices)

    @property
    def keys(self) -> array[int]:
        """What identifies the wanted frames to ffmpeg: their pts, or numbers from the start of the file."""
        return self.pts if self.by_pts else self.indices

    def seconds(self, place: int) -> float:
        """When a wanted frame is shown, in seconds from the start of the file."""
        return float((self.pts[place] - self.zero) * self.time_base)


def plan_segments(video: Video, chosen: array[int], *, split: bool = True) -> list[Segment]:
    """Split a video into segments of about equal work.

    Args:
        video: the probed video.
        chosen: indices of the wanted frames, ascending.
        split: False makes it one segment.
    Returns: all wanted frames in order, at least one in each segment; an empty list without wanted frames.
    """
    if not chosen:
        return []
    times = video.times
    bounds = _bounds(video, chosen) if split and times.by_pts else [0]
    segments: list[Segment] = []
    for first, beyond in pairwise([*bounds, len(times)]):
        wanted = chosen[bisect_left(chosen, first) : bisect_left(chosen, beyond)]
        if wanted:
            segments.append(_segment(len(segments), video, wanted))
    return segments


def _bounds(video: Video, chosen: array[int]) -> list[int]:
    """Indices of the frames at which segments begin; the first is 0.

    A segment may begin at any frame: decoding then begins at the keyframe before it. Each bound lies where it
    divides the work evenly, unless moving it to a keyframe costs less than decoding up to it.
    """
    times = video.times
    width, height = video.facts.size_wh
    passing = _PASSING_MEGAPIXEL * width * height / 1e6
    origin = chosen[0] - times.since_keyframe(chosen[0])

    def work_before(index: int) -> float:
        """The cost of the frames before this one, in mined frames."""
        return bisect_left(chosen, index) + passing * max(0, index - origin)

    total = work_before(chosen[-1] + 1)
    count = next((count for count in SEGMENT_COUNTS if total >= count * MIN_WORK), 1)
    count = max(count, math.ceil(total / MAX_WORK))
    work = total / count
    bounds = {0}
    for number in range(1, count):
        goal = total * number / count
        frame = bisect_left(range(len(times)), goal, key=work_before)
        wasted = passing * times.since_keyframe(frame)
        keyframe = min(_keyframes_around(times, frame), key=lambda index: abs(work_before(index) - goal))
        uneven = abs(work_before(keyframe) - goal)
        if uneven <= work * _NEAR or wasted > min(uneven, work * _MAX_WASTED):
            frame = keyframe
        bounds.add(frame)
    return sorted(bounds)


def _keyframes_around(times: FrameTimes, index: int) -> list[int]:
    """Indices of the keyframes before and after a frame; before the first one, the start."""
    at = times.keyframe_before(index)
    return [index - times.since_keyframe(index), *times.keyframes[at + 1 : at + 2]]


def _segment(number: int, video: Video, wanted: array[int]) -> Segment:
    times = video.times
    beyond = wanted[-1] + 1
    return Segment(
        number=number,
        time_base=times.time_base,
        indices=wanted,
        pts=array("q", (times.pts[index] for index in wanted)),
        zero=times.zero,
        by_pts=times.by_pts,
        seeks_s=_seeks(video, wanted[0]),
        end_pts=times.pts[beyond] if times.by_pts and beyond < len(times) else None,
        only_keyframes=times.by_pts and all(_is_keyframe(times, index) for index in wanted),
        version=video.version,
    )


def trial_segment(video: Video, segment: Segment) -> Segment:
    """The first frames of a segment, wanted or not, to find out whether decoding can begin there."""
    first = segment.indices[0]
    return _segment(0, video, array("q", range(first, min(first + _TRIAL_FRAMES, len(video.times)))))


def _is_keyframe(times: FrameTimes, index: int) -> bool:
    at = bisect_left(times.keyframes, index)
    return at < len(times.keyframes) and times.keyframes[at] == index


def _seeks(video: Video, first: int) -> tuple[float | None, ...]:
    if not video.times.by_pts:
        return (None,)
    at = video.times.keyframe_before(first)
    places = [at - steps for steps in _STEPS_BACK if at - steps > 0]
    return (*(_seek(video, place) for place in places), None)


def _seek(video: Video, place: int) -> float:
    """The time at which ffmpeg seeks to a keyframe or a little before it, never after it."""
    times = video.times
    here, before = times.keyframes[place], times.keyframes[place - 1]
    time_s = float(times.pts[here] * times.time_base)  # as it stands in the file, whatever the zero
    if video.facts.container in _UNINDEXED:
        gap_s = float((times.pts[here] - times.pts[before]) * times.time_base)
        return time_s - min(_LEAD_S, gap_s / 2)
    if place + 1 == len(times.keyframes):
        return time_s + _SEEK_BIAS_S
    gap_s = float((times.pts[times.keyframes[place + 1]] - times.pts[here]) * times.time_base)
    return time_s + (_SEEK_BIAS_S if gap_s > 2 * _SEEK_BIAS_S else 0.0)
