"""Structures of real containers: edit lists, apertures, mirrors, tracks, splices, lost frames."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import pytest

from pipeline.videos import segments as videosegments
from tests.charts import make_clip
from tests.isomedia import Movie
from tests.packedavi import make_packed
from tests.videos import RATE, SIZE_WH, ReadVideo, ffmpeg, make_video, read_video

X264 = ("-c:v", "libx264", "-preset", "veryfast", "-g", "20", "-bf", "2", "-sc_threshold", "0")


@pytest.fixture(autouse=True)
def small_segments(monkeypatch: pytest.MonkeyPatch) -> None:
    """Segments of some twenty frames."""
    monkeypatch.setattr(videosegments, "MIN_WORK", 20)


def corners(video: ReadVideo) -> list[float]:
    """The grays of the first frame: upper left, upper right, lower left, lower right."""
    width, height = video.video.facts.size_wh
    gray = np.frombuffer(video.frames[0].pixels, np.uint8).reshape(height, width, 3)[..., 1]
    places = ((y, x) for y in (height // 4, height * 3 // 4) for x in (width // 4, width * 3 // 4))
    return [float(gray[place]) for place in places]


@pytest.mark.parametrize("container", ["mp4", "mov"])
def test_a_trimmed_end_is_no_part_of_the_duration(container: str, tmp_path: Path) -> None:
    path = make_video(tmp_path / f"v.{container}", *X264, frames=200)
    movie = Movie(path)
    movie.set_edits([(4000, 1024)])  # of 8 s
    video = read_video(movie.save())
    assert video.numbers == list(range(100))
    assert video.video.facts.duration_s == pytest.approx(4.0, abs=0.001)
    assert video.video.facts.declared_frames == 100
    assert not video.stats.is_partial
    assert not video.video.facts.is_cut_off


def test_a_gap_of_an_edit_list_shows_nothing(tmp_path: Path) -> None:
    movie = Movie(make_video(tmp_path / "v.mp4", *X264, frames=200))
    unit = 12800
    movie.set_edits([(2000, 1024), (1500, -1), (4000, 1024 + 2 * unit)])
    video = read_video(movie.save())
    assert video.numbers == list(range(150))
    assert video.indices == list(range(150))
    expected = [number / RATE + (1.5 if number >= 50 else 0) for number in range(150)]
    assert video.times == pytest.approx(expected, abs=0.001)
    assert video.video.facts.duration_s == pytest.approx(7.5, abs=0.001)
    assert not video.stats.is_partial


def test_an_edit_list_that_begins_late_has_no_gap(tmp_path: Path) -> None:
    movie = Movie(make_video(tmp_path / "v.mp4", *X264, frames=50))
    movie.set_edits([(1500, -1), (2000, 1024)])
    assert read_video(movie.save()).numbers == list(range(50))


@pytest.mark.parametrize(
    ("matrix", "rotation", "mirrored", "seen"),
    [
        ((1, 0, 0, 1), 0, False, "1234"),
        ((-1, 0, 0, -1), 180, False, "4321"),
        ((0, 1, -1, 0), 90, False, "3142"),
        ((0, -1, 1, 0), 270, False, "2413"),
        ((-1, 0, 0, 1), 0, True, "2143"),
        ((1, 0, 0, -1), 0, True, "3412"),
        ((0, 1, 1, 0), 270, True, "1324"),
        ((0, -1, -1, 0), 90, True, "4231"),
    ],
)
def test_turned_and_mirrored(matrix, rotation, mirrored, seen, tmp_path: Path) -> None:
    quadrants = np.full((32, 64, 3), 50, np.uint8)
    quadrants[:16, 32:], quadrants[16:, :32], quadrants[16:, 32:] = 100, 150, 200
    to_yuv = "scale=out_range=tv,format=yuv444p"
    path = make_clip(tmp_path / "v.mp4", quadrants, to_yuv, "-c:v", "libx264", "-qp", "0")
    movie = Movie(path)
    movie.set_matrix(*matrix)
    video = read_video(movie.save())
    facts = video.video.facts
    assert (facts.rotation, facts.is_mirrored) == (rotation, mirrored)
    assert facts.size_wh == ((32, 64) if rotation in (90, 270) else (64, 32))
    assert corners(video) == pytest.approx([50 * int(number) for number in seen], abs=3)


@pytest.mark.parametrize("matrix", [(1, 0, 0, 1), (0, 1, -1, 0)])
def test_a_clean_aperture_keeps_pixels_square(matrix: tuple[int, int, int, int], tmp_path: Path) -> None:
    movie = Movie(make_video(tmp_path / "v.mp4", *X264, frames=10))
    movie.set_clean_aperture(144, 80)
    movie.set_shown_size(144, 80)
    movie.set_matrix(*matrix)
    facts = read_video(movie.save()).video.facts
    assert facts.size_wh == ((144, 80) if matrix[0] else (80, 144))
    assert facts.sample_aspect == 1


def test_a_track_that_is_not_enabled_gives_way_to_one_that_is(tmp_path: Path) -> None:
    small = make_video(tmp_path / "small.mp4", *X264, frames=50, filters=["scale=64:48"])
    whole = make_video(tmp_path / "whole.mp4", *X264, frames=50)
    path = tmp_path / "both.mp4"
    ffmpeg("-i", small, "-i", whole, "-map", "0", "-map", "1", "-c", "copy", path)
    movie = Movie(path)
    movie.set_enabled(False, track=0)
    movie.set_enabled(True, track=1)
    video = read_video(movie.save())
    assert video.numbers == list(range(50))
    assert video.video.facts.size_wh == SIZE_WH
    assert video.video.facts.streams.videos == 2
    assert not video.video.facts.is_cut_off


def test_a_picture_before_the_video_gives_way_even_if_it_is_enabled(tmp_path: Path) -> None:
    poster, whole, path = tmp_path / "poster.mov", tmp_path / "whole.mov", tmp_path / "both.mov"
    ffmpeg("-f", "lavfi", "-i", "color=red:size=64x64", "-frames:v", "1", "-c:v", "mjpeg", poster)
    make_video(whole, *X264, frames=50)
    ffmpeg("-i", poster, "-i", whole, "-map", "0", "-map", "1", "-c", "copy", path)
    movie = Movie(path)
    for track in (0, 1):
        movie.set_enabled(True, track=track)
    video = read_video(movie.save())
    assert video.numbers == list(range(50))
    assert not video.video.facts.is_cut_off


def test_colours_that_change_lose_no_frame(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    tags = "setparams=colorspace=bt709:color_primaries=bt709:color_trc=bt709"
    one = make_video(tmp_path / "one.ts", *X264, frames=100)
    two = make_video(tmp_path / "two.ts", *X264, "-output_ts_offset", "4.08", frames=100, filters=[tags])
    path = tmp_path / "both.ts"
    path.write_bytes(one.read_bytes() + two.read_bytes())
    video = read_video(path)
    assert video.numbers == [*range(100), *range(100)]
    assert video.segments > 1
    assert not video.stats.is_partial
    assert not video.video.facts.is_cut_off


def test_packed_pictures_whose_mark_stands_in_the_first_packet_alone(tmp_path: Path) -> None:
    video = read_video(make_packed(tmp_path / "v.avi"))
    assert video.numbers == list(range(120))
    assert video.times == pytest.approx([number / RATE for number in range(120)], abs=0.001)
    assert not video.stats.is_partial


def test_stream_numbers_that_change_are_followed(tmp_path: Path) -> None:
    parts = [
        make_video(
            tmp_path / f"{version}.ts",
            *(*X264, "-mpegts_start_pid", str(256 + 16 * version), "-tables_version", str(version)),
            *("-output_ts_offset", str(4.08 * version)),
            frames=100,
        ).read_bytes()
        for version in (0, 1)
    ]
    path = tmp_path / "both.ts"
    path.write_bytes(b"".join(parts))
    video = read_video(path)
    assert video.numbers == [*range(99), *range(100)]  # ffmpeg never completes the one before
    assert not video.video.facts.goes_on


@pytest.mark.parametrize("version", [0, 1], ids=["the same tables", "new tables"])
def test_another_programme_behind_the_first_is_noticed(version: int, tmp_path: Path) -> None:
    one = make_video(tmp_path / "one.ts", *X264, frames=100)
    other = ("-mpegts_service_id", "5", "-mpegts_start_pid", "300", "-tables_version", str(version))
    two = make_video(tmp_path / "two.ts", *X264, *other, "-output_ts_offset", "4.08", frames=100)
    path = tmp_path / "both.ts"
    path.write_bytes(one.read_bytes() + two.read_bytes())
    assert read_video(path).video.facts.goes_on
    assert not read_video(one).video.facts.goes_on


def test_two_programmes_at_once_do_not_go_on(tmp_path: Path) -> None:
    one, path = make_video(tmp_path / "one.ts", *X264, frames=100), tmp_path / "both.ts"
    programmes = ("-program", "title=one:st=0", "-program", "title=two:st=1")
    ffmpeg("-i", one, "-i", one, "-map", "0", "-map", "1", "-c", "copy", *programmes, path)
    facts = read_video(path).video.facts
    assert facts.streams.videos == 2
    assert not facts.goes_on


def test_sound_that_begins_before_a_clock_that_starts_again(tmp_path: Path) -> None:
    pictures = make_video(tmp_path / "pictures.ts", *X264, frames=100)
    late = ("-f", "lavfi", "-i", "sine=duration=6", "-itsoffset", "1.5", "-i", pictures)
    copy = ("-map", "1", "-map", "0", "-c:v", "copy", "-c:a", "mp2")
    plain, wrapped = tmp_path / "plain.ts", tmp_path / "wrapped.ts"
    ffmpeg(*late, *copy, plain)
    ffmpeg(*late, *copy, "-output_ts_offset", f"{(1 << 33) / 90000 - 2.6:.3f}", wrapped)
    expected, video = read_video(plain), read_video(wrapped)
    assert expected.times[0] == pytest.approx(1.5, abs=0.1)
    assert video.times == pytest.approx(expected.times, abs=0.001)
    assert video.numbers == expected.numbers == list(range(100))
