"""Colours of annotated videos: as in the source, and tagged as what they are."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import numpy as np
import pytest

from pipeline.host.ffmpeg import ffmpeg_path
from pipeline.outcome import Status
from tests.charts import PATCHES, make_chart, make_hdr_chart, patches_in
from tests.minedvideos import mine_one
from tests.running import component
from tests.videos import read_video

NOTHING = component("nothing", "tests.plugins.routes:Places", boxes=["0 0 1 1 x"], triggerlabels=["none"])
X265 = ("-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "qp=4:log-level=none")


def annotated(folder: Path, video: Path, format_: str) -> Path:
    """The annotated copy of a video, with nothing drawn on it."""
    writer = component("video", "videowriter", "nothing", format=format_, quality=95, triggerlabels=["none"])
    assert mine_one(folder, video, NOTHING, writer).status is Status.MINED
    return folder / "out-0" / f"{video.name}-annotated.{format_}"


def colors_of(path: Path) -> str:
    """What ffmpeg says of a video's colours, such as `tv, bt709`."""
    said = subprocess.run([ffmpeg_path(), "-i", path], capture_output=True, text=True).stderr
    found = re.search(r"Video: .*?yuv420p(?:\(([^)]*)\))?", said)
    assert found
    return (found[1] or "").removesuffix(", progressive").removesuffix("progressive")


def error_of(path: Path) -> int:
    """The greatest difference of a patch's middle from what it should be."""
    video = read_video(path)
    width, height = video.video.facts.size_wh
    rgb = np.frombuffer(video.frames[2].pixels, np.uint8).reshape(height, width, 3)
    return int(np.abs(patches_in(rgb) - PATCHES).max())


@pytest.mark.parametrize("format_", ["mp4", "mkv", "webm"])
def test_copies_of_hdr_are_sdr_and_say_so(tmp_path, format_):
    made = annotated(tmp_path, make_hdr_chart(tmp_path / "v.mp4", "hlg", *X265), format_)
    assert colors_of(made) == "tv, bt709"
    assert error_of(made) <= 15


@pytest.mark.parametrize("size_wh", [(1280, 720), (640, 480)])
@pytest.mark.parametrize("format_", ["mp4", "avi"])
def test_colours_stay_as_they_are(tmp_path, format_, size_wh):
    to_yuv = "scale=out_color_matrix=bt709:out_range=tv,format=yuv444p,setparams=colorspace=bt709"
    source = make_chart(tmp_path / "v.mp4", to_yuv, "-c:v", "libx264", "-qp", "4", size_wh=size_wh)
    made = annotated(tmp_path, source, format_)
    assert colors_of(made) == ("tv, bt709" if format_ == "mp4" else "")
    assert error_of(made) <= 8
