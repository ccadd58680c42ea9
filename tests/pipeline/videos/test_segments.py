"""Cutting videos into segments."""

from __future__ import annotations

import pickle
from array import array
from fractions import Fraction

import pytest

from pipeline.videos.facts import FileVersion, FrameTimes, Video, VideoFacts
from pipeline.videos.segments import MAX_WORK, MIN_WORK, plan_segments


def video(
    frames: int,
    gop: int,
    container: str = "mp4",
    *,
    by_pts: bool = True,
    size_wh: tuple[int, int] = (768, 576),
) -> Video:
    """A video of 25 frames a second with a keyframe every so many frames."""
    facts = VideoFacts(size_wh, container, "h264", 0, Fraction(1), Fraction(25), frames / 25, frames, False)
    keyframes = array("q", range(0, frames, gop))
    times = FrameTimes(Fraction(1, 25), array("q", range(frames)), keyframes, by_pts=by_pts)
    return Video(facts, times, FileVersion(1, 2))


def every(frames: int) -> array[int]:
    """All frames."""
    return array("q", range(frames))


@pytest.mark.parametrize(("frames", "gop"), [(30, 10), (795, 12), (10_000, 250), (200_000, 48), (5000, 5000)])
def test_nothing_is_lost(frames: int, gop: int) -> None:
    segments = plan_segments(video(frames, gop), every(frames))
    assert [index for segment in segments for index in segment.indices] == list(range(frames))
    assert [segment.number for segment in segments] == list(range(len(segments)))
    assert [segment.end_pts for segment in segments] == [*(segment.pts[0] for segment in segments[1:]), None]


def test_sizes() -> None:
    assert len(plan_segments(video(MIN_WORK, 10), every(MIN_WORK))) == 1
    middling = plan_segments(video(795, 250), every(795))
    assert len(middling) == 12
    assert max(map(len, middling)) - min(map(len, middling)) <= 13
    assert len(plan_segments(video(500, 250), every(500))) == 8
    long = plan_segments(video(200_000, 48), every(200_000))
    assert max(map(len, long)) < MAX_WORK + 48


def test_bounds_are_keyframes_where_decoding_in_vain_costs_more_than_uneven_shares() -> None:
    assert any(segment.indices[0] % 250 for segment in plan_segments(video(795, 250), every(795)))
    large = plan_segments(video(7950, 30, size_wh=(3840, 2160)), every(7950))
    assert len(large) > 12
    assert all(segment.indices[0] % 30 == 0 for segment in large)
    endless = plan_segments(video(100_000, 100_000), every(100_000))  # no second keyframe at all
    assert len(endless) < 30
    assert endless[-1].indices[0] < 100_000 / 3


def test_frames_between_the_wanted_ones_cost_less() -> None:
    chosen = array("q", range(0, 100_000, 100))
    segments = plan_segments(video(100_000, 50), chosen)
    assert [index for segment in segments for index in segment.indices] == list(chosen)
    assert 12 <= len(segments) < 30


def test_keyframes_only() -> None:
    chosen = array("q", range(0, 10_000, 100))
    assert all(segment.only_keyframes for segment in plan_segments(video(10_000, 100), chosen))
    assert not any(segment.only_keyframes for segment in plan_segments(video(10_000, 101), chosen))


def test_in_one_piece() -> None:
    assert len(plan_segments(video(9000, 10), every(9000), split=False)) == 1
    (counted,) = plan_segments(video(9000, 10, by_pts=False), every(9000))
    assert counted.seeks_s == (None,)
    assert counted.keys == counted.indices
    assert plan_segments(video(9000, 10), array("q")) == []


def test_where_decoding_begins() -> None:
    chosen = array("q", [500])
    (segment,) = plan_segments(video(1000, 100), chosen)
    assert segment.seeks_s == (pytest.approx(20 + 0.135), None)
    (segment,) = plan_segments(video(1000, 10), chosen)
    assert segment.seeks_s == (pytest.approx(20 + 0.135), pytest.approx(16.8 + 0.135), None)
    (segment,) = plan_segments(video(1000, 1), chosen)  # the next keyframe is too near for ffmpeg's bias
    assert segment.seeks_s[0] == pytest.approx(20)
    (segment,) = plan_segments(video(1000, 100, "mpegts"), chosen)
    assert segment.seeks_s[0] == pytest.approx(20 - 0.3)
    (segment,) = plan_segments(video(1000, 100), array("q", [50]))
    assert segment.seeks_s == (None,)


def test_segments_travel_to_workers() -> None:
    (segment,) = plan_segments(video(500, 500), every(500), split=False)
    sent = pickle.dumps(segment)
    assert pickle.loads(sent) == segment
    assert len(sent) < 20 * 500
