from __future__ import annotations

import json
import os
from pathlib import Path

import cv2
import numpy as np
import pytest

from pipeline.errors import ModelError
from recognizers.faces.faceimage import looks_equalized
from recognizers.model.facemodel import read_facemodel
from recognizers.model.gallery import Gallery
from recognizers.model.strategies import CLASSIC, model_file_name


def probe(face, person, picture):
    return np.asarray(face(person, picture).resize((32, 32), 4))


@pytest.mark.parametrize("strategy", CLASSIC)
def test_a_gallery_read_back_names_faces_that_it_has_not_seen(model_directory, face, strategy):
    directory = model_directory()
    gallery = Gallery.read(directory, read_facemodel(directory), strategy)
    answers = [gallery.nearest(probe(face, person, 50 + i)).number for person in range(4) for i in range(5)]
    right = sum(answer == person for answer, person in zip(answers, np.repeat(range(4), 5), strict=True))
    assert right >= 18
    taught = gallery.nearest(probe(face, 2, 0))
    assert taught.number == 2
    assert taught.distance < gallery.nearest(probe(face, 2, 50)).distance


def test_a_directory_whose_name_is_not_utf8(model_directory, face):
    directory = model_directory(b"faces \xff\xfe")
    for strategy in CLASSIC:
        gallery = Gallery.read(directory, read_facemodel(directory), strategy)
        assert gallery.nearest(probe(face, 1, 0)).number == 1


def spoil(path: Path, strategy: str, how: str) -> None:
    content = path.read_bytes()
    path.write_bytes(
        {
            "cut": content[: len(content) // 2],
            "empty": b"",
            "text": b"not a gallery at all",
            "infinite": content.replace(b"data: [ ", b"data: [ .Inf, ", 1),
        }[how]
    )


@pytest.mark.parametrize("strategy", CLASSIC)
@pytest.mark.parametrize("how", ["cut", "empty", "text", "infinite"])
def test_a_damaged_gallery_is_one_sentence(model_directory, strategy, how):
    directory = model_directory()
    path = Path(directory, model_file_name(strategy))
    spoil(path, strategy, how)
    model = read_facemodel(directory)
    with pytest.raises(ModelError, match=r"not the file that model\.json was written with"):
        Gallery.read(directory, model, strategy)
    # Models of the 2017 program have no digest: OpenCV itself has to stumble over the damage.
    with pytest.raises(ModelError, match=rf"{path.name}: .*; train it again") as caught:
        Gallery.read(directory, model.model_copy(update={"methods": None}), strategy)
    assert "\n" not in str(caught.value)


def test_a_gallery_of_another_size_or_with_nameless_numbers(model_directory):
    directory = model_directory()
    model = read_facemodel(directory)
    with pytest.raises(ModelError, match=r"1024 pixels, model\.json says 32x40"):
        Gallery.read(directory, model.model_copy(update={"height": 40}), "eigen")
    with pytest.raises(ModelError, match="label number 3 has no name"):
        Gallery.read(directory, model.model_copy(update={"labels": {0: "a", 1: "b", 2: "c"}}), "lbp")


@pytest.mark.parametrize("strategy", CLASSIC)
def test_files_as_opencv_before_3_3_wrote_them(model_directory, face, strategy):
    """They have the same keys without the level above them that later readers ask for."""
    directory = model_directory()
    model = read_facemodel(directory).model_copy(update={"methods": None})
    modern = Gallery.read(directory, model, strategy).nearest(probe(face, 3, 60))
    path = Path(directory, model_file_name(strategy))
    lines = path.read_text().splitlines()
    assert lines[2].startswith("opencv_")
    path.write_text("\n".join(lines[:2] + [line.removeprefix("   ") for line in lines[3:]]) + "\n")
    assert Gallery.read(directory, model, strategy).nearest(probe(face, 3, 60)) == modern


def test_equalized_faces_show_in_the_taught_brightness(face):
    faces = [probe(face, person, picture) for person in range(3) for picture in range(4)]
    flat = [cv2.equalizeHist(one) for one in faces]
    numbers = list(np.repeat(range(3), 4))
    for pixels, equalized in ((faces, False), (flat, True)):
        each = Gallery.trained("eigen", pixels, numbers).taught_brightness()
        assert np.allclose(each, [one.mean() for one in pixels], atol=0.1)
        assert looks_equalized(each) is equalized
        mean = Gallery.trained("fischer", pixels, numbers).taught_brightness()
        assert np.allclose(mean, np.mean(pixels), atol=0.01)
    assert Gallery.trained("lbp", faces, numbers).taught_brightness().size == 0


def test_what_is_written_is_a_file_that_opencv_itself_reads(model_directory, tmp_path):
    directory = model_directory()
    recognizer = cv2.face.FisherFaceRecognizer.create()
    recognizer.read(os.path.join(directory, "fischer.yml"))
    assert not recognizer.empty()
    assert set(json.loads(Path(directory, "model.json").read_text())) >= {"width", "height", "labels"}
