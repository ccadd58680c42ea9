from __future__ import annotations

import gzip
import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from detectors.simpledetector import SimpleDetector, SimpleDetectorParams
from pipeline.detections import Box, Label
from pipeline.errors import ModelError
from pipeline.frame import Frame
from pipeline.models.cascades import iter_cascade_folders, resolve_cascade

FACES = "haarcascade_frontalface_default.xml"
FACE = Box(177, 66, 272, 161)


def detector(model: str = FACES, **params: Any) -> SimpleDetector:
    loaded = SimpleDetector("faces", SimpleDetectorParams(model=model, **params))
    loaded.load()
    return loaded


def test_finds_a_face_in_the_whole_photo(astronaut: Frame) -> None:
    (found,) = detector(outputlabel="humanface").detect(astronaut, [astronaut.whole])
    assert found.box.iou(FACE) > 0.8
    assert found.labels == (Label("humanface", None),)


@pytest.mark.parametrize("region", [Box(100, 0, 400, 300), Box(150, 40, 300, 200), Box(0, 0, 290, 512)])
def test_finds_it_inside_a_region_in_the_photos_pixels(region: Box, astronaut: Frame) -> None:
    (found,) = detector().detect(astronaut, [region])
    assert found.box.iou(FACE) > 0.8


def test_finds_nothing_outside(astronaut: Frame) -> None:
    assert detector().detect(astronaut, [Box(300, 250, 512, 512)]) == []


def test_tells_a_face_in_two_regions_once(astronaut: Frame) -> None:
    regions = [Box(100, 0, 400, 300), astronaut.whole, Box(120, 10, 380, 290)]
    assert len(detector().detect(astronaut, regions)) == 1
    assert len(detector().detect(astronaut, [astronaut.whole, Box(300, 250, 512, 512)])) == 1


def test_without_neighbors_every_hit_counts(astronaut: Frame) -> None:
    every_hit = detector(min_neighbors=0).detect(astronaut, [astronaut.whole])
    assert len(every_hit) > 10
    assert sum(hit.box.iou(FACE) > 0.5 for hit in every_hit) > 5
    assert detector(min_neighbors=100).detect(astronaut, [astronaut.whole]) == []


def test_finds_nothing_smaller_than_asked_for(astronaut: Frame) -> None:
    assert detector(min_size=120).detect(astronaut, [astronaut.whole]) == []
    assert len(detector(min_size=80).detect(astronaut, [astronaut.whole])) == 1
    sizes = {
        hit.box.width for hit in detector(min_size=60, min_neighbors=0).detect(astronaut, [astronaut.whole])
    }
    assert min(sizes) >= 60


@pytest.mark.parametrize(
    ("size_wh", "least_wh"),
    [((4000, 3000), (50, 50)), ((300, 200), (30, 20)), ((500, 60), (50, 6)), ((9, 9), (0, 0))],
)
def test_least_size_is_the_whole_photos_tenth_and_no_more_than_fifty(
    size_wh: tuple[int, int], least_wh: tuple[int, int]
) -> None:
    frame = Frame.from_rgb(np.zeros((*size_wh[::-1], 3), np.uint8))
    asked: list[Any] = []
    looking = detector()

    class Cascade:
        def detectMultiScale(self, gray: np.ndarray, **options: Any) -> tuple[()]:
            asked.append((gray.shape, options["minSize"]))
            return ()

    looking._cascade = Cascade()
    looking.detect(frame, [Box(0, 0, 5, 3)])
    assert asked == [((3, 5), least_wh)]


@pytest.mark.parametrize("min_size", [None, 1, 400])
def test_takes_regions_of_any_size(min_size: int | None, astronaut: Frame) -> None:
    looking = detector(min_size=min_size, min_neighbors=0)
    for width, height in [(1, 1), (1, 512), (512, 1), (23, 24), (24, 23), (25, 25), (3, 300)]:
        for found in looking.detect(astronaut, [Box(0, 0, width, height)]):
            assert found.box.clipped((width, height)) == found.box


def test_is_the_same_every_time_and_in_every_order(astronaut: Frame) -> None:
    looking = detector(min_neighbors=0)
    first = looking.detect(astronaut, [astronaut.whole])
    assert looking.detect(astronaut, [astronaut.whole]) == first
    assert [hit.box.y1 for hit in first] == sorted(hit.box.y1 for hit in first)


def test_reads_a_cascade_whose_path_is_not_utf8(tmp_path: Path, astronaut: Frame) -> None:
    folder = tmp_path / os.fsdecode(b"caf\xe9")
    folder.mkdir()
    shutil.copy(resolve_cascade(FACES), folder / "mine.xml")
    params = SimpleDetectorParams.model_validate({"model": "mine.xml"}, context={"folder": str(folder)})
    looking = SimpleDetector("faces", params)
    looking.load()
    assert len(looking.detect(astronaut, [astronaut.whole])) == 1


def test_reads_a_cascade_with_comments_that_are_not_utf8(tmp_path: Path, astronaut: Frame) -> None:
    path = tmp_path / "a.xml"
    content = resolve_cascade(FACES).read_bytes()
    path.write_bytes(content.replace(b"<!--", b"<!-- Ren\xe9e ", 1))
    assert len(detector(str(path)).detect(astronaut, [astronaut.whole])) == 1


GOOD = resolve_cascade(FACES).read_bytes()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"hello",
        b"\0" * 1000,
        GOOD[: len(GOOD) // 2],
        GOOD[:200],
        gzip.compress(GOOD),
        b"<html><body>404</body></html>",
        b'<?xml version="1.0"?><opencv_storage><a>1</a></opencv_storage>',
        b"%YAML:1.0\n---\na: 1\n",
        b'{"a": 1}',
        GOOD.replace(b"<height>24</height>", b"<height>-24</height>", 1),
        GOOD.replace(b"<width>24</width>", b"<width>999999999</width>", 1),
    ],
    ids=[
        "empty",
        "text",
        "nul",
        "half",
        "head",
        "gzip",
        "html",
        "other xml",
        "yaml",
        "json",
        "negative",
        "giant",
    ],
)
def test_refuses_what_is_no_cascade_in_one_sentence(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "a.xml"
    path.write_bytes(content)
    with pytest.raises(ModelError) as caught:
        detector(str(path))
    assert str(caught.value) == (
        f"{path}: is no cascade of the kind that OpenCV 4 reads; give the .xml file of a Haar or LBP cascade"
    )


def test_check_tells_of_a_missing_file() -> None:
    (problem,) = SimpleDetector.check(SimpleDetectorParams(model="no_such_cascade.xml"))
    assert problem.key == "model"
    assert problem.sentence.startswith("no_such_cascade.xml: ")
    assert list(SimpleDetector.check(SimpleDetectorParams(model=FACES))) == []
    assert SimpleDetector.model_files(SimpleDetectorParams(model=FACES)) == [resolve_cascade(FACES)]


@pytest.mark.parametrize("content", [b"", b"root:x:0:0:", b"<html></html>", GOOD[:200], gzip.compress(GOOD)])
def test_check_tells_of_a_file_that_does_not_begin_as_a_cascade(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "a.xml"
    path.write_bytes(content)
    (problem,) = SimpleDetector.check(SimpleDetectorParams(model=str(path)))
    assert problem.key == "model"
    assert problem.sentence.startswith(f"{path}: is no cascade of the kind that OpenCV 4 reads; give")


def test_check_takes_every_cascade_that_is_here() -> None:
    found = [path for folder in iter_cascade_folders() for path in folder.glob("*.xml")]
    assert len(found) >= 17
    for path in found:
        assert list(SimpleDetector.check(SimpleDetectorParams(model=str(path)))) == []


@pytest.mark.parametrize("params", [{"scaledown_factor": 1.0}, {"scaledown_factor": 1.0001}, {"min_size": 0}])
def test_refuses_params_that_would_never_end(params: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        SimpleDetectorParams(model=FACES, **params)
