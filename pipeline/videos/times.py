"""The times of a video's frames, from its packets or from a decoding of it."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from statistics import median

from pipeline.videos.facts import FrameTimes
from pipeline.videos.isomedia import Track
from pipeline.videos.packets import NO_TIME, Packets

_LONGEST_STEP_S = 10
"""Beyond it, or backwards, a time is a jump of the clock. Source: ffmpeg's -dts_delta_threshold."""

_LONGEST_DELAY = 16
"""How many frames a decoder may take in before it gives the first. Source: H.264, A.3, MaxDpbFrames."""


def times_of_packets(packets: Packets, first_pts: Sequence[int]) -> FrameTimes | None:
    """The times of all frames, if each packet is one frame and has the time at which it is shown.

    Args:
        packets: of the whole file.
        first_pts: when the first frames that really decode are shown. What comes before the first of them,
            such as pictures that refer to a part of a recording that is not there, is no frame of this video.
    Returns: None if packets have no time, equal times or jumping times, or not the times of the frames.
    """
    pts = sorted(packets.pts)
    if NO_TIME in first_pts or pts[0] == NO_TIME or not packets.in_order:
        return None
    if any(early == late for early, late in pairwise(pts)):
        return None
    pts = pts[bisect_left(pts, first_pts[0]) :]
    if pts[: len(first_pts)] != list(first_pts):
        return None
    return _times(packets, array("q", pts), packets.keyframe_pts)


def times_of_decoded(packets: Packets, pts: array[int], keyframe_pts: Iterable[int]) -> FrameTimes:
    """The times of all frames of a video that was decoded for them.

    Args:
        packets: of the whole file.
        pts: of each decoded frame, in order; at least one.
        keyframe_pts: of those at which decoding can begin.
    """
    if all(early < late for early, late in pairwise(pts)):
        return _times(packets, pts, keyframe_pts)
    time_base = packets.streams[0].time_base
    straight = _straightened(pts, time_base)
    return FrameTimes(time_base, straight, array("q", [0]), first_zero(packets, straight), by_pts=False)


def without_gaps(times: FrameTimes, track: Track) -> FrameTimes:
    """Leave out frames that ffmpeg shows where the edit list shows nothing; it repeats earlier ones there.

    Args:
        times: of all frames that ffmpeg shows.
        track: the track that is mined.
    """
    if not times.by_pts:
        return times
    bounds = [tuple((at - track.tick_s) / times.time_base for at in gap) for gap in track.gaps]

    def is_shown(pts: int) -> bool:
        return not any(start <= pts < end for start, end in bounds)

    keys = {times.pts[index] for index in times.keyframes}
    pts = array("q", filter(is_shown, times.pts))
    keyframes = array("q", (index for index, time in enumerate(pts) if time in keys))
    return replace(times, pts=pts, keyframes=keyframes) if pts else times


def _times(packets: Packets, pts: array[int], keyframe_pts: Iterable[int]) -> FrameTimes:
    places = (bisect_left(pts, key) for key in sorted(set(keyframe_pts)) if key >= pts[0])
    keyframes = array("q", (at for at in places if at < len(pts)))
    return FrameTimes(packets.streams[0].time_base, pts, keyframes, first_zero(packets, pts))


def first_zero(packets: Packets, pts: array[int]) -> int:
    """The time at which the file begins: with its first frame, or with its sound where that comes first.

    Args:
        packets: of the file, or of its beginning.
        pts: of the first frames that are shown, at least one.
    """
    sound_s = packets.sound_start_s
    if sound_s is None:
        return pts[0]
    sound = int(sound_s // packets.streams[0].time_base)
    delay = pts[min(_LONGEST_DELAY, len(pts) - 1)] - pts[0]
    if packets.pts[:1] == array("q", [NO_TIME]) and pts[0] - sound <= delay:
        return pts[0]  # AVI and its like: the first frame's time is only the decoder's delay
    return min(pts[0], sound)


def _straightened(pts: array[int], time_base: Fraction) -> array[int]:
    """Replace jumps of the recording's clock by one median step after the frame before."""
    steps = [late - early for early, late in pairwise(pts) if 0 < late - early < _LONGEST_STEP_S / time_base]
    step = max(1, round(median(steps))) if steps else 1
    straight = array("q", pts[:1])
    for early, late in pairwise(pts):
        going_on = 0 < late - early < _LONGEST_STEP_S / time_base
        straight.append(straight[-1] + (late - early if going_on else step))
    return straight
