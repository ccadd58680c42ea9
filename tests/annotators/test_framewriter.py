from __future__ import annotations

import pytest
from PIL import Image
from pydantic import ValidationError

from annotators.framewriter import FrameWriter, FrameWriterParams
from pipeline.errors import FailureCode
from pipeline.outcome import Status
from pipeline.source import MediaFacts, Source, SourceKind, Stamp
from tests.minedvideos import REPORT, SHORT_GOPS, X264, mine_one, outputs
from tests.running import component
from tests.videos import make_video

NUMBERS = component("numbers", "tests.plugins.numbers:Numbers", every=4)


def frames(**params: object) -> str:
    return component("frames", "framewriter", "numbers", **params)


def test_it_makes_nothing_of_a_photo(tmp_path):
    writer = FrameWriter("frames", FrameWriterParams(format="jpg", size={"width": 128, "height": 96}))
    writer.load()
    photo = Source("/in/a.jpg", "a.jpg", SourceKind.PHOTO, "jpeg", Stamp(1, 0))
    assert writer.open(photo, MediaFacts((640, 480), "jpeg"), tmp_path) is None
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"format": "mp4"},
        {"size": {"width": -1, "height": 2}},
        {"fps": 10},
        {"only": "cats"},
        {"format": "png", "quality": 5},
    ],
)
def test_wrong_params_are_refused(wrong):
    with pytest.raises(ValidationError):
        FrameWriterParams(**wrong)


def test_a_picture_for_each_mined_frame(tmp_path):
    path = make_video(tmp_path / "v.mp4", *SHORT_GOPS, frames=120)
    for workers in (0, 2):
        outcome = mine_one(tmp_path, path, NUMBERS, REPORT, frames(), workers=workers, video="every: 10")
        assert outcome.status is Status.MINED
    made = outputs(tmp_path, 0)
    pictures = [f"v.mp4-frame-{index:06d}-annotated.jpg" for index in range(0, 120, 10)]
    assert sorted(made) == sorted([*pictures, "v.mp4.json"])
    assert made == outputs(tmp_path, 2)
    assert outcome.outputs == tuple(sorted(made))
    with Image.open(tmp_path / "out-0" / pictures[2]) as picture:
        assert picture.size == (160, 96)
        number = sum(1 << bit for bit in range(10) if picture.getpixel((bit * 16 + 8, 8))[0] > 127)
        assert number == 20


def test_only_frames_with_detections_smaller_and_as_png(tmp_path):
    path = make_video(tmp_path / "v.mp4", *X264, frames=10)
    mine_one(
        tmp_path,
        path,
        component("numbers", "tests.plugins.numbers:Numbers", every=4),
        frames(only="detections", format="png", size={"width": 80, "height": 80}),
    )
    made = [f"v.mp4-frame-{index:06d}-annotated.png" for index in (0, 4, 8)]
    assert sorted(outputs(tmp_path)) == made
    with Image.open(tmp_path / "out-0" / made[0]) as picture:
        assert picture.size == (80, 48)


def test_pictures_of_an_earlier_run_do_not_stay_behind(tmp_path):
    path = make_video(tmp_path / "v.mp4", *X264, frames=10)
    mine_one(tmp_path, path, NUMBERS, frames())
    others = [
        tmp_path / "out-0" / name
        for name in (
            "w.mp4-frame-000003-annotated.jpg",
            "v.mp4-frame-3.jpg",
            "v.mp4-a-frame-000003-annotated.jpg",
        )
    ]
    for other in others:
        other.touch()
    mine_one(tmp_path, path, NUMBERS, frames(format="webp", only="detections"))
    own = {f"v.mp4-frame-{index:06d}-annotated.webp" for index in (0, 4, 8)}
    assert set(outputs(tmp_path)) == own | {other.name for other in others}


def test_the_users_own_pictures_stay(tmp_path):
    path = make_video(tmp_path / "v.mp4", frames=20)
    own = {number: tmp_path / "out-0" / f"v.mp4-frame-{number:06d}-annotated.jpg" for number in (3, 999)}
    (tmp_path / "out-0").mkdir()
    for picture in own.values():
        picture.write_bytes(b"mine")
    outcome = mine_one(tmp_path, path, NUMBERS, frames())
    assert (outcome.status, outcome.code) == (Status.FAILED, FailureCode.OUTPUT_NAME_TAKEN)
    assert str(own[3]) in outcome.sentence
    own[3].rename(tmp_path / "kept.jpg")
    assert mine_one(tmp_path, path, NUMBERS, frames()).status is Status.MINED
    assert own[999].read_bytes() == b"mine"
    assert own[3].read_bytes() != b"mine"
