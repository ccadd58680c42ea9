"""Which sound annotated videos get, and when it is heard, where a file has several or an odd clock."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.outcome import Status
from tests.annotators.test_videowriter import (
    NUMBERS,
    annotated,
    loud_from,
    make_loud_from,
    sound_in,
    video,
)
from tests.minedvideos import SHORT_GOPS, mine_one
from tests.videos import ffmpeg, make_video, read_video


@pytest.mark.parametrize("place", [0, 1])
def test_the_default_sound_is_copied(tmp_path, place):
    loud = make_loud_from(tmp_path / "loud.mkv", 2.0, "-c:a", "aac")
    silence = ("-f", "lavfi", "-i", "anullsrc=d=4")
    order = ("-map", "0:v", *(("-map", "1", "-map", "0:a") if place else ("-map", "0:a", "-map", "1")))
    marks = ("-disposition:a", "0", f"-disposition:a:{place}", "default")
    ffmpeg("-i", loud, *silence, *order, "-c:v", "copy", "-c:a", "aac", *marks, tmp_path / "v.mkv")
    assert mine_one(tmp_path, tmp_path / "v.mkv", NUMBERS, video()).status is Status.MINED
    assert loud_from(annotated(tmp_path)) == pytest.approx(2.0, abs=0.05)


def test_sound_before_a_clock_that_starts_again_is_kept(tmp_path):
    pictures = make_video(tmp_path / "pictures.ts", *SHORT_GOPS, frames=100)
    tone = "aevalsrc=if(gte(t\\,3)\\,sin(2764*t)\\,0):d=5.5"
    late = ("-f", "lavfi", "-i", tone, "-itsoffset", "1.5", "-i", pictures)
    wraps = ("-output_ts_offset", f"{(1 << 33) / 90000 - 2.6:.3f}")
    ffmpeg(*late, "-map", "1", "-map", "0", "-c:v", "copy", "-c:a", "mp2", *wraps, tmp_path / "v.ts")
    assert mine_one(tmp_path, tmp_path / "v.ts", NUMBERS, video()).status is Status.MINED
    made = annotated(tmp_path)
    before, after = read_video(tmp_path / "v.ts"), read_video(made)
    assert after.times == pytest.approx(before.times, abs=0.002)
    assert loud_from(made) == pytest.approx(3.0, abs=0.05)
    assert len(sound_in(made)) / 8000 == pytest.approx(5.5, abs=0.1)
    assert np.abs(sound_in(made)[:8000]).max() < 1000
