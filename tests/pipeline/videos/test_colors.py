"""Colours of frames: HDR, and videos that do not say which matrix they were made with."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pipeline.frame import RgbArray
from pipeline.source import Limits
from pipeline.videos.probe import probe_file
from pipeline.videos.reader import ReadStats, iter_frames, split_video
from pipeline.videos.sampling import Sampling
from tests.charts import (
    PATCHES,
    chart,
    in_primaries,
    make_chart,
    make_clip,
    make_exact_hdr_chart,
    make_hdr_chart,
    patches_in,
)
from tests.videos import source_of

X264 = ("-c:v", "libx264", "-preset", "ultrafast", "-qp", "4")
X265 = ("-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "qp=4:log-level=none")
HD, SD = (1280, 720), (704, 576)


def last_frame(path: Path, at_least_wh: tuple[int, int] | None = None) -> RgbArray:
    """The last frame of a short video."""
    source = source_of(path)
    video = probe_file(source, Limits())
    (segment,) = split_video(source, video, Sampling())
    frames = list(iter_frames(source, video.facts, segment, ReadStats(), at_least_wh=at_least_wh))
    assert len(frames) == 5
    return frames[-1].rgb_covering(at_least_wh or video.facts.size_wh)


def error_of(rgb: RgbArray) -> int:
    """The greatest difference of a patch's middle from what it should be."""
    return int(np.abs(patches_in(rgb) - PATCHES).max())


@pytest.mark.parametrize("transfer", ["pq", "hlg"])
@pytest.mark.parametrize("at_least_wh", [None, (80, 48)], ids=["full size", "scaled down"])
@pytest.mark.parametrize(("name", "encoding"), [("v.mp4", X265), ("v.mkv", ("-c:v", "ffv1"))])
def test_hdr_looks_as_it_should(tmp_path, transfer, at_least_wh, name, encoding) -> None:
    rgb = last_frame(make_hdr_chart(tmp_path / name, transfer, *encoding), at_least_wh)
    assert rgb.dtype == np.uint8
    assert rgb.shape == ((192, 320, 3) if at_least_wh is None else (48, 80, 3))
    assert error_of(rgb) <= 15


@pytest.mark.parametrize("transfer", ["pq", "hlg"])
@pytest.mark.parametrize("range_", ["tv", "pc"])
def test_the_middle_tones_of_exact_hdr_are_exact(tmp_path, transfer, range_) -> None:
    """Code values as a camera's, not as ffmpeg's scaler makes them, whose error its way back would hide."""
    rgb = last_frame(make_exact_hdr_chart(tmp_path / "v.mkv", transfer, range_))
    errors = np.abs(patches_in(rgb) - PATCHES)
    assert errors[0, 1:].max() <= 1, "grays"
    assert errors.max() <= 5


def test_hdr_that_names_its_transfer_alone(tmp_path: Path) -> None:
    path = make_hdr_chart(tmp_path / "v.mkv", "pq", "-c:v", "ffv1")
    bare = tmp_path / "bare.mkv"
    content = path.read_bytes()
    for element, value in ((b"\x55\xb1", 9), (b"\x55\xbb", 9)):  # MatrixCoefficients, Primaries
        assert content.count(element + b"\x81" + bytes([value])) == 1
        content = content.replace(element + b"\x81" + bytes([value]), element + b"\x81\x02")
    bare.write_bytes(content)
    assert error_of(last_frame(bare)) <= 15


@pytest.mark.parametrize(("primaries", "name"), [(9, "bt2020"), (12, "smpte432")])
def test_wide_primaries_of_sdr_look_as_they_should(tmp_path, primaries, name) -> None:
    tags = f"color_primaries={name}:color_trc=iec61966-2-1:colorspace=bt709:range=tv"
    to_yuv = f"scale=out_color_matrix=bt709:out_range=tv,format=yuv444p,setparams={tags}"
    pixels = in_primaries(chart((320, 192)), primaries)
    path = make_clip(tmp_path / "v.mkv", pixels, to_yuv, "-c:v", "ffv1")
    assert error_of(last_frame(path)) <= 5
    assert np.abs(patches_in(pixels) - PATCHES).max() > 10


@pytest.mark.parametrize(("size_wh", "matrix"), [(HD, "bt709"), (SD, "bt601")])
def test_video_without_colour_tags_has_the_matrix_of_its_size(tmp_path, size_wh, matrix) -> None:
    to_yuv = f"scale=out_color_matrix={matrix}:out_range=tv,format=yuv444p,setparams=colorspace=unknown"
    path = make_chart(tmp_path / "v.mp4", to_yuv, *X264, size_wh=size_wh)
    assert error_of(last_frame(path)) <= 4
    assert error_of(last_frame(path, (320, 180))) <= 4


@pytest.mark.parametrize("matrix", ["bt709", "smpte170m", "bt2020nc"])
@pytest.mark.parametrize("size_wh", [HD, SD])
@pytest.mark.parametrize("range_", ["tv", "pc"])
def test_colour_tags_are_believed(tmp_path, matrix, size_wh, range_) -> None:
    scale = f"scale=out_color_matrix={matrix}:out_range={range_}"
    to_yuv = f"{scale},format=yuv444p,setparams=colorspace={matrix}:range={range_}"
    assert error_of(last_frame(make_chart(tmp_path / "v.mp4", to_yuv, *X264, size_wh=size_wh))) <= 4


@pytest.mark.parametrize(
    ("name", "encoding"),
    [
        ("rgb.avi", ("-c:v", "rawvideo", "-pix_fmt", "bgr24")),
        ("rgb.mp4", ("-c:v", "libx264rgb", "-qp", "4")),
        ("jpeg.avi", ("-c:v", "mjpeg", "-pix_fmt", "yuvj444p", "-q:v", "1")),
    ],
)
def test_hd_codings_that_have_no_choice_of_matrix(tmp_path, name, encoding) -> None:
    assert error_of(last_frame(make_chart(tmp_path / name, "null", *encoding, size_wh=HD))) <= 5
