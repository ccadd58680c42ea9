"""ffmpeg's `framecrc` output, as the installed ffmpeg writes it and as it has always been written."""

from __future__ import annotations

import subprocess
from fractions import Fraction
from pathlib import Path

import pytest

from pipeline.errors import SourceError
from pipeline.host.ffmpeg import ffmpeg_path
from pipeline.videos import packets as packets_module
from pipeline.videos.packets import NO_TIME, parse_framecrc
from tests.videos import make_video

TEXT = b"""#extradata 0:       46, 0x34b10f92
#software: Lavf63.1.102
#tb 0: 1/12800
#media_type 0: video
#codec_id 0: h264
#dimensions 0: 720x576
#sar 0: 64/45
#tb 1: 1/44100
#media_type 1: audio
#codec_id 1: aac
#sample_rate 1: 44100
#channel_layout_name 1: mono
0,      -1024,          0,      512,     4975, 0xfcef316a
1,      -1024,      -1024,     1024,      100, 0xfcef316a, F=0x5
0,       -512,       1536,      512,     2089, 0x03221594, F=0x0
1,          0,          0,     1024,      100, 0xfcef316a
0,          0,        512,      512,     1074, 0xfdf90f06, F=0x2, S=1, MPEGTS Stream ID,        1, 0x00e000e0
0,        512, -9223372036854775808,  512,   10898, 0xe7347aa0
0,       1024,       2560,      512,     1074, 0xfdf90f06, F=0x4
0,       1536,       30"""


def test_all_that_it_says() -> None:
    packets = parse_framecrc(TEXT.splitlines())
    video, sound = packets.streams[0], packets.streams[1]
    assert (video.kind, video.codec, video.size_wh) == ("video", "h264", (720, 576))
    assert (video.sample_aspect, video.time_base) == (Fraction(64, 45), Fraction(1, 12800))
    assert (sound.kind, sound.codec, sound.sample_aspect) == ("audio", "aac", 1)
    assert list(packets.pts) == [0, 1536, 512, NO_TIME]
    assert list(packets.keyframe_pts) == [0, NO_TIME]
    assert packets.corrupt == 1
    assert packets.in_order
    assert packets.end_s == float(Fraction(1536 + 512, 12800))  # an edit list hides the last one
    assert packets.sound_start_s == 0


@pytest.mark.parametrize(
    ("dts", "keys", "damaged"),
    [
        ([0, 10, 20, 30, 40], {0, 30}, False),  # joined recordings, the second one with a keyframe first
        ([0, 10, 20, 0, 10], {0, 30}, False),  # the same, its clock its own
        ([0, 10, 20, 100, 110], {0, 30}, True),  # packets are missing before the keyframe
        ([0, 10, 20, 30, 40], {0}, True),  # no keyframe follows
    ],
)
def test_a_damaged_packet_is_damage_unless_a_splice_follows(dts, keys, damaged) -> None:
    lines = [
        b"0, %d, %d, 10, 9, 0x0, F=0x%x" % (at, at, (place == 1) * 2 + (place * 10 in keys))
        for place, at in enumerate(dts)
    ]
    packets = parse_framecrc([b"#tb 0: 1/100", *lines])
    assert packets.corrupt == 1
    assert packets.is_damaged is damaged


def test_times_that_go_back() -> None:
    assert not parse_framecrc([b"0, 5, 5, 1, 9, 0x0", b"0, 4, 4, 1, 9, 0x0"]).in_order


def test_endless_files_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packets_module, "MAX_PACKETS", 10)
    with pytest.raises(SourceError, match="more than 10 frames"):
        parse_framecrc(b"0, %d, %d, 1, 9, 0x0" % (number, number) for number in range(100))


def test_the_installed_ffmpeg_writes_it(tmp_path: Path) -> None:
    path = make_video(
        tmp_path / "a.mp4", "-c:v", "libx264", "-g", "10", "-bf", "2", "-sc_threshold", "0", frames=30
    )
    command = [ffmpeg_path(), "-v", "error", "-i", path, "-c", "copy", "-copyts", "-f", "framecrc", "-"]
    packets = parse_framecrc(subprocess.run(command, capture_output=True).stdout.splitlines())
    assert sorted(packets.pts) == [512 * number for number in range(30)]
    assert list(packets.pts) != sorted(packets.pts)
    assert list(packets.keyframe_pts) == [0, 5120, 10240]
    assert packets.streams[0].size_wh == (160, 96)
