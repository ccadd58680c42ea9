"""From packets, or decoded frames, to the times of all frames."""

from __future__ import annotations

from array import array
from fractions import Fraction

import pytest

from pipeline.videos.packets import NO_TIME, Packets, Stream
from pipeline.videos.times import times_of_decoded, times_of_packets

MS = Fraction(1, 1000)


def packets(
    *pts: int, keys: tuple[int, ...] = (), sound: int | None = None, in_order: bool = True
) -> Packets:
    """Packets of a video with these times, in milliseconds, and of sound that begins at this time."""
    streams = {0: Stream("video", time_base=MS)}
    if sound is not None:
        streams[1] = Stream("audio", time_base=MS, start=sound)
    return Packets(streams, array("q", pts), array("q", keys), in_order)


def test_stored_out_of_order() -> None:
    times = times_of_packets(packets(0, 120, 40, 80, 160, keys=(0, 120)), [0, 40, 80])
    assert times is not None
    assert list(times.pts) == [0, 40, 80, 120, 160]
    assert list(times.keyframes) == [0, 3]
    assert times.by_pts


def test_what_comes_before_the_first_frame_that_decodes_is_left_out() -> None:
    times = times_of_packets(packets(80, 0, 40, 120, 160, keys=(80,)), [80, 120])
    assert times is not None
    assert list(times.pts) == [80, 120, 160]
    assert list(times.keyframes) == [0]
    assert times.seconds(0) == 0


@pytest.mark.parametrize(
    ("odd", "first"),
    [
        (packets(0, 40, NO_TIME), [0, 40]),
        (packets(0, 40, 40, 80), [0, 40]),
        (packets(0, 40, 0, 40, in_order=False), [0, 40]),
        (packets(0, 20, 40, 60), [0, 40]),  # fields: two packets a frame
        (packets(0, 40, 80), [NO_TIME, 40]),
    ],
)
def test_packets_that_do_not_tell(odd: Packets, first: list[int]) -> None:
    assert times_of_packets(odd, first) is None


@pytest.mark.parametrize(
    ("sound", "expected"), [(None, 0.0), (1000, 0.5), (1500, 0.0), (2000, 0.0), (-20, 1.5)]
)
def test_the_clock_starts_with_what_begins_first(sound: int | None, expected: float) -> None:
    times = times_of_packets(packets(1500, 1540, sound=sound), [1500])
    assert times is not None
    assert times.seconds(0) == expected


def test_decoded() -> None:
    times = times_of_decoded(packets(0, NO_TIME, 80), array("q", [40, 80, 120]), [40, 120])
    assert list(times.keyframes) == [0, 2]
    assert times.by_pts
    assert [times.seconds(index) for index in range(3)] == [0, 0.04, 0.08]


@pytest.mark.parametrize(("pts", "expected"), [([40, 80, 120, 160], 0.0), ([1600, 1640, 1680], 1.6)])
def test_the_decoders_delay_is_not_the_videos(pts: list[int], expected: float) -> None:
    times = times_of_decoded(packets(NO_TIME, 0, 80, sound=0), array("q", pts), pts[:1])
    assert times.seconds(0) == expected


def test_decoded_with_a_clock_that_jumps() -> None:
    times = times_of_decoded(packets(0), array("q", [0, 40, 80, 0, 40, 80, 99_000, 99_040]), [0])
    assert list(times.pts) == [0, 40, 80, 120, 160, 200, 240, 280]
    assert not times.by_pts


def test_looking_up() -> None:
    times = times_of_packets(packets(0, 40, 80, 120, keys=(0, 80)), [0])
    assert times is not None
    assert [times.first_at(seconds) for seconds in (0, 0.02, 0.04, 0.12, 0.13)] == [0, 1, 1, 3, 4]
    assert [times.keyframe_before(index) for index in range(4)] == [0, 0, 1, 1]
    assert [times.since_keyframe(index) for index in range(4)] == [0, 1, 0, 1]
    assert len(times) == 4
