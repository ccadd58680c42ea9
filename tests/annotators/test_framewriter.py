from __future__ import annotations

import pytest
from pydantic import ValidationError

from annotators.framewriter import FrameWriter, FrameWriterParams
from pipeline.source import MediaFacts, Source, SourceKind


def test_it_makes_nothing_of_a_photo(tmp_path):
    writer = FrameWriter("frames", FrameWriterParams(format="jpg", size={"width": 128, "height": 96}))
    writer.load()
    photo = Source("/in/a.jpg", "a.jpg", SourceKind.PHOTO, "jpeg", 1, 0)
    assert writer.open(photo, MediaFacts((640, 480), "jpeg"), tmp_path) is None
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("wrong", [{"format": "mp4"}, {"size": {"width": -1, "height": 2}}, {"fps": 10}])
def test_wrong_params_are_refused(wrong):
    with pytest.raises(ValidationError):
        FrameWriterParams(**wrong)
