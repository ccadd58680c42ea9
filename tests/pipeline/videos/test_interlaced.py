"""Interlaced video: frames without combs, as many as there are, at their times."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pipeline.videos import segments as videosegments
from pipeline.videos.sampling import Sampling
from tests.videos import ReadVideo, ffmpeg, read_video

FRAMES = 60
SIZE_WH = (352, 288)
_BAR = "if(between(mod(X-N*8,352),0,80),220,30)"
MOVING_BAR = f"color=black:s=352x288:r=50,format=yuv420p,geq=lum='{_BAR}':cb=128:cr=128"
"""50 fields a second; a bar moves 8 pixels a field."""
MPEG2 = ("-c:v", "mpeg2video", "-flags", "+ildct+ilme", "-g", "12", "-q:v", "2")
X264 = ("-c:v", "libx264", "-preset", "veryfast", "-flags", "+ildct+ilme", "-g", "12", "-qp", "10")

ENCODINGS = {
    "tape.mpg": (*MPEG2, "-bf", "2"),
    "broadcast.ts": (*X264, "-x264-params", "tff=1"),
    "dvd.vob": (*MPEG2, "-f", "vob"),
    "avchd.mp4": (*X264, "-x264-params", "tff=1"),
    "tape.mkv": ("-c:v", "ffv1"),
}


def make_interlaced(path: Path, *encoding: str, marked: bool = True) -> Path:
    """A video whose frames hold two fields of a moving bar."""
    mark = "tff" if marked else "prog"
    fields = f"{MOVING_BAR},tinterlace=interleave_top,setparams=field_mode={mark}"
    ffmpeg("-f", "lavfi", "-i", fields, "-frames:v", str(FRAMES), *encoding, path)
    return path


def combs_in(video: ReadVideo) -> float:
    """How much lines differ from the lines above and below them, where these two are alike: 0 to 255."""
    pixels = np.frombuffer(b"".join(seen.pixels for seen in video.frames[2:]), np.uint8)
    gray = pixels.reshape(-1, SIZE_WH[1], SIZE_WH[0], 3)[..., 1].astype(int)
    above, middle, below = gray[:, :-2], gray[:, 1:-1], gray[:, 2:]
    comb = np.minimum(np.abs(middle - above), np.abs(middle - below))
    return float(comb.max(axis=2).mean())


@pytest.fixture(autouse=True)
def small_segments(monkeypatch: pytest.MonkeyPatch) -> None:
    """Segments of some twenty frames."""
    monkeypatch.setattr(videosegments, "MIN_WORK", 20)


@pytest.mark.parametrize("name", ENCODINGS)
def test_no_combs_and_every_frame_at_its_time(name: str, tmp_path: Path) -> None:
    video = read_video(make_interlaced(tmp_path / name, *ENCODINGS[name]))
    assert video.video.facts.coding.is_interlaced
    assert video.indices == list(range(FRAMES))
    assert video.times == pytest.approx([index / 25 for index in range(FRAMES)], abs=0.001)
    assert not video.stats.is_partial
    assert combs_in(video) < 40


@pytest.mark.parametrize("name", ["tape.mpg", "broadcast.ts", "avchd.mp4"])
@pytest.mark.parametrize("sampling", [Sampling(every=7), Sampling(keyframes=True), Sampling(start=1, end=2)])
def test_sampled_frames_have_none_either(name: str, sampling: Sampling, tmp_path: Path) -> None:
    path = make_interlaced(tmp_path / name, *ENCODINGS[name])
    every = read_video(path)
    sampled = read_video(path, sampling)
    assert sampled.times == [every.times[index] for index in sampled.indices]
    assert combs_in(sampled) < 40


def test_frames_that_are_not_marked_stay_as_they_are(tmp_path: Path) -> None:
    video = read_video(make_interlaced(tmp_path / "v.mkv", "-c:v", "ffv1", marked=False))
    assert not video.video.facts.coding.is_interlaced
    assert combs_in(video) > 100
