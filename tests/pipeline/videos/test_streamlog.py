"""Streams and colours in the log, as the installed ffmpeg prints them and as it always has."""

from __future__ import annotations

import pytest

from pipeline.videos.facts import PictureCoding, Streams
from pipeline.videos.streamlog import choose_streams, has_late_video, input_streams, picture_coding

LOG = """\
Input #0, mov,mp4,m4a,3gp,3g2,mj2, from 'file:a.mov':
  Stream #0:0[0x1]: Video: mjpeg (Baseline) (jpeg / 0x6765706A), yuvj444p(pc, bt470bg/unknown/unknown), 64x64
  Stream #0:1[0x2](eng): Audio: aac (LC) (mp4a / 0x6134706D), 48000 Hz, stereo, fltp, 128 kb/s
  Stream #0:2[0x3](und): Video: h264 (High) (avc1 / 0x31637661), yuv420p(tv, top first), 160x96 (default)
  Stream #0:3[0x4](und): Audio: aac (LC) (mp4a / 0x6134706D), 48000 Hz, stereo, fltp, 128 kb/s (default)
  Stream #0:4[0x0]: Video: png, rgba(pc, gbr/unknown/unknown), 200x200, 90k tbr, 90k tbn (attached pic)
  Stream #0:5[0x5]: Data: none (tmcd / 0x64636D74)
Output #0, framecrc, to 'pipe:4':
  Stream #0:0(und): Video: h264 (High) (avc1 / 0x31637661), yuv420p(tv), 160x96, q=2-31 (default)
""".splitlines()


def decoded(pixel_format: str) -> list[str]:
    """What ffmpeg prints of decoded frames."""
    return [
        f"  Stream #1:0(und): Video: rawvideo (I420 / 0x30323449), {pixel_format}, 1920x1080 [SAR 1:1], q=2"
    ]


def test_the_streams_of_the_input() -> None:
    streams = input_streams(LOG)
    assert [stream.identifier for stream in streams] == [1, 2, 3, 4, 0]
    assert [stream.is_video for stream in streams] == [True, False, True, False, True]
    assert [stream.is_default for stream in streams] == [False, False, True, True, False]
    assert [stream.is_cover for stream in streams] == [False] * 4 + [True]
    assert [stream.has_fields for stream in streams] == [False, False, True, False, False]
    assert choose_streams(streams) == Streams("V:1", "a:1", 2)
    assert choose_streams(input_streams(["  Stream #0:0: Video: mpeg2video, yuv420p"])) == Streams()
    assert choose_streams([]) == Streams()


@pytest.mark.parametrize(
    ("pixel_format", "coding"),
    [
        ("yuv420p", PictureCoding("bt709")),
        ("yuv420p(progressive)", PictureCoding("bt709")),
        ("yuv420p(tv, unknown/bt709/bt709, progressive)", PictureCoding("bt709")),
        ("yuv420p(tv, bt709, progressive)", PictureCoding()),
        ("yuv420p(smpte170m)", PictureCoding()),
        ("yuvj420p(pc, bt470bg/unknown/unknown, progressive)", PictureCoding()),
        ("gbrp(pc, gbr/unknown/unknown, progressive)", PictureCoding()),
        ("yuv420p10le(tv, bt2020nc/bt2020/smpte2084, progressive)", PictureCoding(space=(9, 16))),
        ("yuv420p10le(tv, bt2020nc/smpte432/arib-std-b67)", PictureCoding(space=(12, 18))),
        ("yuv420p10le(tv, unknown/unknown/smpte2084)", PictureCoding("bt2020", (2, 16))),
        ("yuv420p(tv, bt2020nc/bt2020/bt2020-10)", PictureCoding(space=(9, 1))),
        ("yuv420p(tv, bt709/smpte432/bt709)", PictureCoding(space=(12, 1))),
        ("yuv422p(tv, bt709, bottom coded first (swapped))", PictureCoding(is_interlaced=True)),
        ("yuv420p(top first)", PictureCoding("bt709", is_interlaced=True)),
    ],
)
def test_how_pictures_are_stored(pixel_format: str, coding: PictureCoding) -> None:
    assert picture_coding(decoded(pixel_format), (1920, 1080), has_fields=False) == coding


def test_small_pictures_and_what_the_header_says() -> None:
    assert picture_coding(decoded("yuv420p"), (720, 576), has_fields=False) == PictureCoding()
    assert picture_coding(decoded("yuv420p"), (1080, 1920), has_fields=False) == PictureCoding("bt709")
    assert picture_coding(decoded("yuv420p"), (720, 576), has_fields=True).is_interlaced
    assert picture_coding([], (720, 576), has_fields=False) == PictureCoding()


def test_a_stream_that_comes_late() -> None:
    assert has_late_video([*LOG, "New video stream with index 1 at pos:90616 and DTS:21.32s"])
    assert not has_late_video([*LOG, "New subtitle stream with index 1 at pos:90616 and DTS:21.32s"])
