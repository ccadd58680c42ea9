"""The streams that a transport stream ends with."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.videos.transportstream import endings, goes_on
from tests.videos import make_video

X264 = ("-c:v", "libx264", "-preset", "ultrafast", "-bf", "0")


@pytest.mark.parametrize("options", [(), ("-mpegts_m2ts_mode", "1")], ids=["188 bytes", "192 bytes"])
@pytest.mark.parametrize("start", [0, 1, 100, 1000])
def test_the_last_pictures(options: tuple[str, ...], start: int, tmp_path: Path) -> None:
    timing = ("-output_ts_offset", "10", "-muxdelay", "0", "-muxpreload", "0")
    path = make_video(tmp_path / "v.ts", *X264, *options, *timing, "-mpegts_start_pid", "300", frames=50)
    (pid,) = found = endings(path.read_bytes()[start:])
    assert pid == (0x1011 if options else 300)  # AVCHD's number
    assert found[pid].first < found[pid].last
    assert found[pid].time == (10 + 49 / 25) * 90_000


def test_what_is_no_transport_stream_has_none() -> None:
    for content in (b"", b"G", bytes(1000), b"G" * 100, b"\x47" + bytes(187)):
        assert endings(content) == {}
    assert endings(b"\x47\x40\x00\x30\xff" * 1000) == {}  # adaptation fields longer than their packets


def test_a_stream_counts_that_begins_behind_the_mined_one(tmp_path: Path) -> None:
    one, two = (
        make_video(tmp_path / f"{pid}.ts", *X264, "-mpegts_start_pid", str(pid), frames=20).read_bytes()
        for pid in (300, 400)
    )
    time = endings(two)[400].time
    assert goes_on(one + two, 300, {400}, {time})
    assert goes_on(one + two, 300, set(), set())
    assert not goes_on(one + two, 300, set(), {time})  # ffmpeg read it on under the first number
    assert not goes_on(one + two, 400, {300}, set())
    assert not goes_on(one + two + one, 300, {400}, set())
    assert goes_on(two, 300, {400}, set())
    assert not goes_on(one, 300, set(), set())
