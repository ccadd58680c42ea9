"""Single frames are those that mining sees at the same time."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.errors import SourceError
from pipeline.videos.still import read_still
from tests.videos import RATE, SIZE_WH, VARIABLE, ffmpeg, make_video, number_in, read_video, source_of

FRAMES = 100
H264 = ("-c:v", "libx264", "-bf", "3", "-g", "30", "-x264-params", "scenecut=0:open-gop=1")
HEVC = ("-c:v", "libx265", "-x265-params", "log-level=error:keyint=30:bframes=3")
MPEG2 = ("-c:v", "mpeg2video", "-bf", "2", "-g", "12")

XVID = ("-c:v", "mpeg4", "-g", "20", "-bf", "2", "-q:v", "3")
REFRESHED = ("-c:v", "libx264", "-bf", "0", "-x264-params", "intra-refresh=1:keyint=20")
"""Decoding begins at its first frame alone, whatever its container says of keyframes."""


def cut(path: Path, folder: Path, start: str) -> Path:
    """The rest of a video from a moment between keyframes: an edit list hides the frames before it."""
    rest = folder / "rest.mp4"
    ffmpeg("-ss", start, "-i", path, "-c", "copy", rest)
    return rest


def behind_sound(path: Path, folder: Path) -> Path:
    """A video whose sound begins a second before its pictures."""
    with_sound = folder / "sound.mp4"
    sound = ("-f", "lavfi", "-i", "sine=duration=6")
    ffmpeg(*sound, "-itsoffset", "1", "-i", path, "-map", "1", "-map", "0", "-c:v", "copy", with_sound)
    return with_sound


def assert_stills_are_the_mined_frames(path: Path, numbers: slice = slice(None, None, 11)) -> None:
    """Compare single frames with those that mining reads, by index, time and pixels."""
    mined = read_video(path).frames
    for seen in [*mined[numbers], mined[0], mined[-1]]:
        still = read_still(source_of(path), round(seen.timestamp, 3), SIZE_WH)
        assert (number_in(still), still.tobytes() == seen.pixels) == (seen.number, True), seen.index


@pytest.mark.parametrize("encoding", [H264, HEVC])
def test_frames_of_a_video_with_an_edit_list(encoding: tuple[str, ...], tmp_path: Path) -> None:
    path = cut(make_video(tmp_path / "uncut.mp4", *encoding, frames=FRAMES), tmp_path, "1.3")
    assert read_video(path).numbers[0] > 30  # the first frames are hidden
    assert_stills_are_the_mined_frames(path)


def test_frames_of_a_video_whose_sound_begins_first(tmp_path: Path) -> None:
    path = behind_sound(make_video(tmp_path / "pictures.mp4", *H264, frames=FRAMES), tmp_path)
    assert_stills_are_the_mined_frames(path)


@pytest.mark.parametrize(
    ("name", "encoding"),
    [
        *(
            ("a.ts", MPEG2),
            ("a.mpg", MPEG2),
            ("a.mkv", H264),
            ("a.ts", H264),
            ("a.avi", XVID),
            ("a.avi", H264),
        ),
        ("a.mp4", REFRESHED),
    ],
)
def test_frames_of_other_containers(name: str, encoding: tuple[str, ...], tmp_path: Path) -> None:
    assert_stills_are_the_mined_frames(make_video(tmp_path / name, *encoding, frames=FRAMES))


def test_frames_of_a_video_of_changing_rate(tmp_path: Path) -> None:
    path = make_video(tmp_path / "a.mp4", *H264, frames=FRAMES, filters=[VARIABLE])
    assert_stills_are_the_mined_frames(path, slice(None, None, 5))


def test_frames_behind_a_jump_of_the_clock(tmp_path: Path) -> None:
    one = make_video(tmp_path / "one.ts", *H264, frames=50).read_bytes()
    path = tmp_path / "two.ts"
    path.write_bytes(one + one)
    assert_stills_are_the_mined_frames(path, slice(60, None, 15))


def test_a_time_behind_the_end_has_no_frame(tmp_path: Path) -> None:
    path = make_video(tmp_path / "a.mp4", *H264, frames=50)
    with pytest.raises(SourceError, match="no frame at this time"):
        read_still(source_of(path), 50 / RATE + 1, SIZE_WH)
