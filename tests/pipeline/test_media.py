from __future__ import annotations

import pytest

from pipeline.errors import FailureCode, SourceError
from pipeline.media import open_frames
from pipeline.source import Limits
from tests.pictures import SIZE_WH, encoded, patches, source_of


def test_a_photo_is_one_frame(tmp_path):
    (tmp_path / "a.png").write_bytes(encoded(patches(), "PNG"))
    media = open_frames(source_of(tmp_path / "a.png"), Limits())
    assert media.facts.size_wh == SIZE_WH
    (frame,) = media.frames
    assert (frame.size_wh, frame.index, frame.timestamp) == (SIZE_WH, 0, None)
    assert list(media.frames) == []


def test_what_the_header_shows_is_raised_at_once_and_the_rest_with_the_pixels(tmp_path):
    path = tmp_path / "a.png"
    path.write_bytes(encoded(patches(), "PNG")[:60])
    media = open_frames(source_of(path), Limits())
    with pytest.raises(SourceError, match="the PNG file ends too early") as caught:
        next(media.frames).rgb()
    assert caught.value.code is FailureCode.TRUNCATED
    with pytest.raises(SourceError) as caught:
        open_frames(source_of(path), Limits(max_pixels=10))
    assert caught.value.code is FailureCode.TOO_LARGE
