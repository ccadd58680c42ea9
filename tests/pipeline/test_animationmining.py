"""Animated pictures mined as short videos."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pipeline.outcome import Status
from pipeline.photos.animation import probe_animation
from pipeline.source import Limits, SourceKind
from tests.hdrpictures import DISPLAY_P3, from_srgb
from tests.minedvideos import mine, report_of
from tests.pictures import encoded, exif_of, source_of
from tests.running import component, parts_in
from tests.videos import read_video

COLORS = ((200, 30, 30), (30, 200, 30), (30, 30, 200), (200, 200, 30))
NAMES = [",".join(map(str, color)) for color in COLORS]
DURATIONS_MS = (100, 250, 40, 500)
TIMES = [0.0, 0.1, 0.35, 0.39]
MIDDLE = component("middle", "tests.plugins.colors:MiddleColor")
REPORT = component("report", "jsonreportwriter", "middle")
COPY = component("copy", "videowriter", "middle")
PICTURES = component("pictures", "framewriter", "middle")
PHOTO = component("photo", "photowriter", "middle")
FORMATS = {"GIF": {}, "PNG": {}, "WEBP": {"lossless": True}, "AVIF": {"quality": 95}}


def plain(color: tuple[int, ...], size_wh: tuple[int, int] = (96, 64)) -> Image.Image:
    return Image.new("RGBA" if len(color) == 4 else "RGB", size_wh, color)


def animation(format_: str, colors=COLORS, durations=DURATIONS_MS, **options) -> bytes:
    first, *rest = (plain(color) for color in colors)
    options = FORMATS[format_] | options
    return encoded(first, format_, append_images=rest, duration=list(durations), **options)


def mined(folder: Path, content: bytes, *components: str, video: str = "animations: true", workers: int = 0):
    """The outcome and the report of a file of this content."""
    path = folder / "a"
    path.write_bytes(content)
    (outcome,) = mine(folder, [source_of(path)], *components, workers=workers, video=video)
    report = report_of(folder, "a", workers) if outcome.status is Status.MINED else {}
    return outcome, report


def labels(report) -> list[str]:
    return [frame["middle"][0]["labels"][0]["label"] for frame in report["frames"]]


@pytest.mark.parametrize("format_", FORMATS)
def test_each_frame_is_mined_at_its_time(format_, tmp_path):
    outcome, report = mined(tmp_path, animation(format_), MIDDLE, REPORT)
    assert (outcome.status, outcome.kind, outcome.frames) == (Status.MINED, SourceKind.VIDEO, 4)
    assert [frame["time"] for frame in report["frames"]] == TIMES
    assert labels(report) == NAMES
    assert (report["type"], report["width"], report["height"]) == ("video", 96, 64)
    assert (report["duration"], report["declared_frames"], report["sound"]) == (0.89, 4, False)
    assert report["sha256"] == outcome.sha256
    assert "sampling" not in report


def test_workers_mine_it_as_the_serial_executor_does(tmp_path):
    content = animation("GIF")
    assert (
        mined(tmp_path, content, MIDDLE, REPORT)[1] == mined(tmp_path, content, MIDDLE, REPORT, workers=2)[1]
    )


@pytest.mark.parametrize("cut", [False, True])
def test_no_unfinished_files_are_left(cut, tmp_path):
    content = animation("GIF")
    mined(tmp_path, content[: len(content) * 2 // 3] if cut else content, MIDDLE, REPORT, COPY)
    assert parts_in(tmp_path) == []


def test_without_the_word_its_first_picture_is_a_photo(tmp_path):
    outcome, report = mined(tmp_path, animation("GIF"), MIDDLE, REPORT, video="every: 2")
    assert (outcome.kind, report["type"], report["images"]) == (SourceKind.PHOTO, "photo", 4)
    assert labels(report) == NAMES[:1]


@pytest.mark.parametrize("format_", ["GIF", "PNG", "WEBP", "AVIF", "JPEG", "TIFF"])
def test_still_pictures_are_photos(format_, tmp_path):
    outcome, report = mined(tmp_path, encoded(plain(COLORS[0]), format_), MIDDLE, REPORT)
    assert (outcome.kind, report["type"]) == (SourceKind.PHOTO, "photo")


@pytest.mark.parametrize(
    ("sampling", "expected"),
    [("every: 2", [0, 2]), ("start: 0.2", [2, 3]), ("end: 0.35", [0, 1]), ("max_frames: 3", [0, 1, 2])],
)
def test_sampling_applies(sampling, expected, tmp_path):
    outcome, report = mined(tmp_path, animation("GIF"), MIDDLE, REPORT, video=f"animations: true, {sampling}")
    assert [frame["frame"] for frame in report["frames"]] == expected
    assert labels(report) == [NAMES[index] for index in expected]
    assert "animations" not in report["sampling"]
    assert outcome.frames == len(expected)


@pytest.mark.parametrize("sampling", ["", ", every: 2"])
def test_the_annotated_copy_shows_every_frame(sampling, tmp_path):
    mined(tmp_path, animation("PNG"), MIDDLE, REPORT, COPY, video=f"animations: true{sampling}")
    copy = read_video(tmp_path / "out-0" / "a-annotated.mp4")
    assert [round(frame.timestamp, 2) for frame in copy.frames] == TIMES


def test_frames_are_pictures_and_no_photo_is_written(tmp_path):
    outcome, _ = mined(tmp_path, animation("WEBP"), MIDDLE, REPORT, PICTURES, PHOTO)
    pictures = {f"a-frame-{index:06d}-annotated.jpg" for index in range(4)}
    assert set(outcome.outputs) == {"a.json", *pictures}


def test_a_frame_without_duration_is_shown_for_a_tenth_of_a_second(tmp_path):
    _, report = mined(tmp_path, animation("GIF", durations=(0, 0, 0, 0)), MIDDLE, REPORT)
    assert [frame["time"] for frame in report["frames"]] == [0.0, 0.1, 0.2, 0.3]
    assert report["duration"] == 0.4


def test_pngs_default_image_is_no_frame(tmp_path):
    content = animation("PNG", default_image=True, durations=DURATIONS_MS[1:])
    _, report = mined(tmp_path, content, MIDDLE, REPORT)
    assert labels(report) == NAMES[1:]
    assert [frame["time"] for frame in report["frames"]] == [0.0, 0.25, 0.29]


def test_colours_turns_and_transparency_as_of_photos(tmp_path):
    wide = from_srgb(np.array([COLORS], np.uint8), DISPLAY_P3)[0].tolist()
    content = animation("PNG", colors=[tuple(color) for color in wide], icc_profile=DISPLAY_P3)
    assert labels(mined(tmp_path, content, MIDDLE, REPORT)[1]) == NAMES
    _, turned = mined(tmp_path, animation("WEBP", exif=exif_of(6)), MIDDLE, REPORT)
    assert (turned["width"], turned["height"], turned["rotation"]) == (64, 96, 90)
    clear = animation("PNG", colors=[(0, 0, 0, 0), (10, 20, 30, 255)], durations=(100, 100))
    assert labels(mined(tmp_path, clear, MIDDLE, REPORT)[1]) == ["260,260,260", "10,20,30"]


@pytest.mark.parametrize("format_", ["GIF", "PNG"])
def test_an_animation_that_is_cut_is_mined_as_far_as_it_goes(format_, tmp_path):
    noise = np.random.default_rng(4).integers(0, 255, (6, 64, 96, 3), np.uint8)
    first, *rest = (Image.fromarray(picture).quantize(64) for picture in noise)
    content = encoded(first, format_, append_images=rest, duration=100)
    outcome, report = mined(tmp_path, content[: len(content) * 2 // 3], MIDDLE, REPORT)
    assert outcome.status is Status.MINED
    assert report["status"] == "partial"
    assert 2 <= outcome.frames < 6


def test_an_animation_that_is_too_large_fails(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(animation("GIF"))
    with pytest.raises(Exception, match=r"^96x64 is 0.0 megapixels; an animation's frames may have"):
        probe_animation(source_of(path), Limits(), 1000, lambda: None)


def test_a_broken_animation_fails_as_a_photo_does(tmp_path):
    outcome, _ = mined(tmp_path, animation("WEBP")[:60], MIDDLE, REPORT)
    assert outcome.status is Status.FAILED
