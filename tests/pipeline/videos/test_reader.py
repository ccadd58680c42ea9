"""Reading videos: every real frame once, in order, upright, at its true time, however the file is cut."""

from __future__ import annotations

import os
from contextlib import closing
from pathlib import Path

import numpy as np
import psutil
import pytest

from pipeline.errors import FailureCode, SourceError
from pipeline.source import Limits
from pipeline.videos import segments as videosegments
from pipeline.videos.probe import probe_file
from pipeline.videos.reader import ReadStats, iter_frames, reading_size, split_video
from pipeline.videos.sampling import Sampling, choose_frames
from pipeline.videos.segments import plan_segments
from tests.videos import (
    RATE,
    SIZE_WH,
    VARIABLE,
    ffmpeg,
    is_left,
    make_video,
    number_in,
    read_video,
    source_of,
)

FRAMES = 100

X264 = ("-c:v", "libx264", "-preset", "veryfast", "-g", "20", "-bf", "3", "-sc_threshold", "0")
OPEN_GOP = (*X264, "-x264-params", "open-gop=1")
X265 = ("-c:v", "libx265", "-preset", "veryfast", "-x265-params", "keyint=20:min-keyint=20:log-level=none")
"""x265's groups of pictures are open by default."""
MPEG2 = ("-c:v", "mpeg2video", "-g", "15", "-bf", "2", "-q:v", "3")
XVID = ("-c:v", "mpeg4", "-g", "20", "-bf", "2", "-q:v", "3")

ENCODINGS = {
    "closed.mp4": X264,
    "open.mp4": OPEN_GOP,
    "open.mov": OPEN_GOP,
    "open.mkv": OPEN_GOP,
    "open.ts": OPEN_GOP,
    "open.avi": OPEN_GOP,
    "open.flv": OPEN_GOP,
    "fragmented.mp4": (*X264, "-movflags", "frag_keyframe+empty_moov"),
    "hevc.mp4": X265,
    "hevc.ts": X265,
    "mpeg2.mpg": MPEG2,
    "mpeg2.ts": MPEG2,
    "b-frames.avi": XVID,
    "plain.avi": ("-c:v", "mpeg4", "-g", "20", "-q:v", "3"),
    "mjpeg.avi": ("-c:v", "mjpeg", "-q:v", "3"),
    "mjpeg.mov": ("-c:v", "mjpeg", "-q:v", "3"),
    "vp8.webm": ("-c:v", "libvpx", "-g", "20", "-b:v", "1M", "-deadline", "realtime", "-cpu-used", "8"),
    "vp9.webm": ("-c:v", "libvpx-vp9", "-g", "20", "-b:v", "1M", "-deadline", "realtime", "-cpu-used", "8"),
    "wmv2.wmv": ("-c:v", "wmv2", "-g", "20", "-q:v", "3"),
    "theora.ogv": ("-c:v", "libtheora", "-g", "20", "-q:v", "9"),
    "mpeg2.mxf": MPEG2,
    "intra.mxf": ("-c:v", "mpeg2video", "-g", "1", "-q:v", "3"),
}
"""What people have, by the kinds of timestamps, keyframes and indices that there are."""


@pytest.fixture(autouse=True)
def small_segments(monkeypatch: pytest.MonkeyPatch) -> None:
    """Segments of some twenty frames."""
    monkeypatch.setattr(videosegments, "MIN_WORK", 20)


def whole(path: Path) -> list[tuple[int, float, bytes]]:
    """A video read in one piece from its start."""
    source = source_of(path)
    video = probe_file(source, Limits())
    (segment,) = plan_segments(video, choose_frames(video.times, Sampling()), split=False)
    return [
        (frame.index, frame.timestamp or 0.0, frame.rgb().tobytes())
        for frame in iter_frames(source, video.facts, segment, ReadStats())
    ]


@pytest.mark.parametrize("name", ENCODINGS)
def test_segments_together_are_the_whole_video(name: str, tmp_path: Path) -> None:
    path = make_video(tmp_path / name, *ENCODINGS[name], frames=FRAMES)
    result = read_video(path)
    assert result.numbers == list(range(FRAMES))
    assert result.indices == list(range(FRAMES))
    assert result.times == pytest.approx([number / RATE for number in range(FRAMES)], abs=0.001)
    assert result.segments > 3
    assert not result.stats.is_partial
    assert [(seen.index, seen.timestamp, seen.pixels) for seen in result.frames] == whole(path)


@pytest.mark.parametrize("name", ["open.mp4", "open.mkv", "open.ts", "hevc.mp4", "vp9.webm", "wmv2.wmv"])
def test_variable_rate(name: str, tmp_path: Path) -> None:
    path = make_video(tmp_path / name, *ENCODINGS[name], frames=150, filters=[VARIABLE])
    expected = [number for number in range(150) if is_left(number)]
    result = read_video(path)
    assert result.numbers == expected
    assert result.indices == list(range(len(expected)))
    assert result.times == pytest.approx([number / RATE for number in expected], abs=0.001)
    assert result.segments > 1
    assert [seen.pixels for seen in result.frames] == [pixels for _, _, pixels in whole(path)]


def test_gif_animation(tmp_path: Path) -> None:
    result = read_video(make_video(tmp_path / "a.gif", frames=40, filters=[VARIABLE]))
    expected = [number for number in range(40) if is_left(number)]
    assert result.numbers == expected
    assert result.times == pytest.approx([number / RATE for number in expected], abs=0.001)
    assert len(result.video.times.keyframes) == 1  # each frame but the first changes the one before


@pytest.mark.parametrize("degrees", [90, 180, 270])
@pytest.mark.parametrize("ending", ["mp4", "mkv"])
def test_display_matrix_is_applied(degrees: int, ending: str, tmp_path: Path) -> None:
    turns = {90: ["transpose=1"], 180: ["hflip", "vflip"], 270: ["transpose=2"]}[degrees]
    lying = make_video(tmp_path / "lying.mp4", *X264, filters=turns)
    path = tmp_path / f"turned.{ending}"
    ffmpeg("-display_rotation", str(degrees), "-i", lying, "-c", "copy", path)
    result = read_video(path)
    assert result.video.facts.size_wh == SIZE_WH
    assert result.video.facts.rotation == 360 - degrees
    assert result.numbers == list(range(FRAMES))


def test_odd_size_is_read_as_it_is(tmp_path: Path) -> None:
    encoding = ("-c:v", "libx264", "-pix_fmt", "yuv444p", "-qp", "0")
    odd = make_video(
        tmp_path / "odd.mp4", *encoding, frames=10, filters=["format=yuv444p,pad=321:241:0:0:red"]
    )
    source = source_of(odd)
    video = probe_file(source, Limits())
    assert video.facts.size_wh == (321, 241)
    (segment,) = plan_segments(video, choose_frames(video.times, Sampling()), split=False)
    frames = list(iter_frames(source, video.facts, segment, ReadStats()))
    assert [number_in(frame.rgb()) for frame in frames] == list(range(10))
    assert frames[0].rgb().shape == (241, 321, 3)
    assert (np.abs(frames[0].rgb()[-1, -1].astype(int) - (255, 0, 0)) <= 6).all()


def test_pixels_that_are_not_square_are_made_so(tmp_path: Path) -> None:
    wide = make_video(tmp_path / "dv.mp4", *X264, frames=10, filters=["setsar=64/45"])
    result = read_video(wide)
    assert result.video.facts.size_wh == (round(SIZE_WH[0] * 64 / 45), SIZE_WH[1])
    assert len(result.frames[0].pixels) == result.video.facts.size_wh[0] * SIZE_WH[1] * 3


@pytest.mark.parametrize("name", ["open.ts", "open.mkv", "open.mp4", "open.flv", "vp8.webm", "wmv2.wmv"])
def test_file_that_starts_at_another_time(name: str, tmp_path: Path) -> None:
    path = make_video(tmp_path / name, *ENCODINGS[name], "-output_ts_offset", "1000")
    result = read_video(path)
    assert not result.video.facts.is_cut_off
    assert result.video.facts.duration_s == pytest.approx(FRAMES / RATE, abs=0.1)
    assert result.video.facts.declared_frames == FRAMES
    assert result.numbers == list(range(FRAMES))
    assert result.times == pytest.approx([number / RATE for number in range(FRAMES)], abs=0.001)


def test_sound_that_begins_before_the_pictures_starts_the_clock(tmp_path: Path) -> None:
    pictures = make_video(tmp_path / "pictures.mp4", *X264)
    path = tmp_path / "sound.mp4"
    sound = ("-f", "lavfi", "-i", "sine=duration=6")
    ffmpeg(*sound, "-itsoffset", "1", "-i", pictures, "-map", "1", "-map", "0", "-c:v", "copy", path)
    result = read_video(path)
    assert result.video.facts.has_sound
    assert result.numbers == list(range(FRAMES))
    assert result.times == pytest.approx([1 + number / RATE for number in range(FRAMES)], abs=0.001)


def test_avi_whose_sound_begins_long_before_the_pictures(tmp_path: Path) -> None:
    pictures = make_video(tmp_path / "pictures.avi", *XVID)
    path = tmp_path / "sound.avi"
    sound = ("-f", "lavfi", "-i", "sine=duration=6", "-itsoffset", "1.6", "-i", pictures)
    ffmpeg(*sound, "-map", "1", "-map", "0", *XVID, path)
    result = read_video(path)
    assert not result.video.facts.is_cut_off
    assert result.numbers == list(range(FRAMES))
    assert result.times == pytest.approx([1.6 + number / RATE for number in range(FRAMES)], abs=0.1)


@pytest.mark.parametrize("encoding", [OPEN_GOP, X265])
def test_edit_list(encoding: tuple[str, ...], tmp_path: Path) -> None:
    uncut = make_video(tmp_path / "uncut.mp4", *encoding)
    path = tmp_path / "cut.mp4"
    ffmpeg("-ss", "1", "-i", uncut, "-c", "copy", path)  # begins between keyframes: the first ones are hidden
    result = read_video(path)
    assert result.numbers == list(range(25, FRAMES))
    assert result.indices == list(range(75))
    assert result.times == pytest.approx([number / RATE for number in range(75)], abs=0.001)
    assert [seen.pixels for seen in result.frames] == [pixels for _, _, pixels in whole(path)]


def test_recording_that_begins_in_the_middle_of_a_group_of_pictures(tmp_path: Path) -> None:
    recording = make_video(tmp_path / "recording.ts", *MPEG2).read_bytes()
    path = tmp_path / "joined.ts"
    path.write_bytes(recording[188 * (len(recording) // 188 // 3) :])
    result = read_video(path)
    assert result.numbers == list(range(result.numbers[0], FRAMES))
    assert result.indices == list(range(len(result.numbers)))
    assert 20 < result.numbers[0] < 60


def test_clock_that_jumps_back(tmp_path: Path) -> None:
    one = make_video(tmp_path / "one.ts", *X264, frames=50).read_bytes()
    path = tmp_path / "two.ts"
    path.write_bytes(one + one)
    result = read_video(path)
    assert result.numbers == [*range(50), *range(50)]
    assert result.times == pytest.approx([number / RATE for number in range(100)], abs=0.001)


def test_picture_size_that_changes(tmp_path: Path) -> None:
    small = make_video(tmp_path / "small.ts", *X264, frames=20).read_bytes()
    large = make_video(tmp_path / "large.ts", *X264, frames=20, filters=["scale=320:192"]).read_bytes()
    path = tmp_path / "both.ts"
    path.write_bytes(small + large)
    assert read_video(path).numbers == [*range(20), *range(20)]


def test_keyframes_that_the_container_only_claims(tmp_path: Path) -> None:
    refreshed = ("-c:v", "libx264", "-bf", "0", "-x264-params", "intra-refresh=1:keyint=20")
    result = read_video(make_video(tmp_path / "refresh.mp4", *refreshed))
    assert len(result.video.times.keyframes) > 3
    assert result.segments == 1
    assert result.numbers == list(range(FRAMES))


SAMPLINGS = {
    "every": Sampling(every=7),
    "fps": Sampling(fps=3.7),
    "keyframes": Sampling(keyframes=True),
    "span": Sampling(start=1.01, end=2.5),
    "few": Sampling(every=2, start=1, max_frames=10),
    "odd steps": Sampling(fps=10, start="0:02"),
}


@pytest.mark.parametrize("name", ["closed.mp4", "open.mp4", "hevc.ts", "b-frames.avi"])
def test_sampled_frames_are_those_of_the_whole_video(name: str, tmp_path: Path) -> None:
    path = make_video(tmp_path / name, *ENCODINGS[name], frames=FRAMES)
    every = whole(path)
    for sampling in SAMPLINGS.values():
        result = read_video(path, sampling)
        chosen = choose_frames(result.video.times, sampling)
        assert [(seen.index, seen.timestamp, seen.pixels) for seen in result.frames] == [
            every[index] for index in chosen
        ]
        assert not result.stats.is_partial


def test_nothing_is_wanted(tmp_path: Path) -> None:
    result = read_video(make_video(tmp_path / "a.mp4", *X264, frames=10), Sampling(start=100))
    assert result.segments == 0


def test_scaled_by_ffmpeg(tmp_path: Path) -> None:
    source = source_of(make_video(tmp_path / "a.mp4", *X264, frames=5, filters=["scale=640:360,setsar=1"]))
    video = probe_file(source, Limits())
    (segment,) = split_video(source, video, Sampling())
    for frame in iter_frames(source, video.facts, segment, ReadStats(), at_least_wh=(208, 208)):
        assert frame.size_wh == (640, 360)
        assert frame.rgb_covering((208, 117)).shape == (208, 370, 3)
        with pytest.raises(ValueError, match="read at 370x208"):
            frame.rgb()


@pytest.mark.parametrize(
    ("at_least_wh", "expected"),
    [(None, (1280, 720)), ((416, 234), (416, 234)), ((416, 416), (740, 416)), ((1000, 10), (1280, 720))],
)
def test_reading_size(at_least_wh: tuple[int, int] | None, expected: tuple[int, int]) -> None:
    assert reading_size((1280, 720), at_least_wh) == expected


@pytest.mark.parametrize("name", ["open.mkv", "plain.avi", "wmv2.wmv", "closed.mp4", "open.flv"])
def test_file_that_is_cut_off_is_read_to_its_end(name: str, tmp_path: Path) -> None:
    encoding = (*ENCODINGS[name], *(("-movflags", "+faststart") if name.endswith("mp4") else ()))
    content = make_video(tmp_path / name, *encoding, frames=300).read_bytes()
    path = tmp_path / f"cut-{name}"
    path.write_bytes(content[: len(content) * 2 // 3])
    result = read_video(path)
    facts = result.video.facts
    assert facts.is_cut_off
    assert facts.declared_frames == pytest.approx(300, abs=2)
    assert facts.duration_s == pytest.approx(12, abs=0.1)
    assert 150 < result.stats.read < 250
    lost = [seen.index for seen in result.frames if seen.number != seen.index]
    assert all(index > result.indices[-1] - 3 for index in lost)  # the last may be half a picture


def test_damage_in_the_middle(tmp_path: Path) -> None:
    path = make_video(tmp_path / "a.mp4", *OPEN_GOP, frames=200)
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 3000] = os.urandom(3000)
    path.write_bytes(content)
    result = read_video(path)
    assert result.stats.is_partial
    assert result.stats.wanted == 200
    assert result.indices == sorted(set(result.indices))
    damaged = {seen.index for seen in result.frames if seen.number != seen.index}
    assert len(damaged) < 60
    assert {0, 199} <= set(result.indices) - damaged


def test_same_code_for_a_file_that_changes(tmp_path: Path) -> None:
    path = make_video(tmp_path / "a.mp4", *X264, frames=10)
    source = source_of(path)
    video = probe_file(source, Limits())
    segment = split_video(source, video, Sampling())[0]
    path.write_bytes(path.read_bytes() + b"\0")
    with pytest.raises(SourceError) as caught:
        next(iter_frames(source, video.facts, segment, ReadStats()))
    assert caught.value.code is FailureCode.CHANGED_WHILE_READING
    path.unlink()
    with pytest.raises(SourceError) as caught:
        next(iter_frames(source, video.facts, segment, ReadStats()))
    assert caught.value.code is FailureCode.VANISHED


def test_stopping_early_leaves_no_process_behind(tmp_path: Path) -> None:
    source = source_of(make_video(tmp_path / "a.mp4", *X264, filters=["scale=640:360,setsar=1"]))
    video = probe_file(source, Limits())
    segment = plan_segments(video, choose_frames(video.times, Sampling()), split=False)[0]
    others = set(psutil.Process().children())  # multiprocessing's own, if another test has used it here
    with closing(iter_frames(source, video.facts, segment, ReadStats())) as frames:
        next(frames)
        (running,) = set(psutil.Process().children()) - others
    assert not running.is_running()


def test_memory_does_not_grow_with_the_video(tmp_path: Path) -> None:
    path = tmp_path / "long.mp4"
    ffmpeg(
        "-f", "lavfi", "-i", "testsrc2=size=640x360:rate=25:duration=60", "-c:v", "mpeg4", "-g", "25", path
    )
    source = source_of(path)
    video = probe_file(source, Limits())
    (segment,) = plan_segments(video, choose_frames(video.times, Sampling()), split=False)
    myself, early = psutil.Process(), 0
    for frame in iter_frames(source, video.facts, segment, ReadStats()):
        if frame.index in (100, 1499):
            now = myself.memory_info().rss + sum(child.memory_info().rss for child in myself.children())
            early = early or now
    assert now < early + 30e6


def test_names_that_are_not_utf8_or_look_like_something_else(tmp_path: Path) -> None:
    made = make_video(tmp_path / "a.mp4", *X264, frames=5)
    for name in (
        b"caf\xe9 %03d.mp4",
        b"-i.mp4",
        b"concat:a|b.mp4",
        b'new\nline "q" \'.mp4',
        b"a:b,c;d[e].mp4",
    ):
        path = os.path.join(os.fsencode(tmp_path), name)
        os.link(made, path)
        assert read_video(Path(os.fsdecode(path))).numbers == list(range(5))
