from __future__ import annotations

import shutil

import cv2
import numpy as np
import pytest
from PIL import Image

from pipeline.errors import UsageError
from recognizers.faces.dataset import Example, list_face_folder
from recognizers.faces.folderrecord import FolderRecord, write_record
from recognizers.teaching.training import (
    check_teachable,
    model_record,
    read_faces,
    read_pictures,
    same_picture_twice,
    train_strategy,
)


def faces_of(examples, **options):
    return read_faces(read_pictures(examples), **options)


def test_a_model_knows_what_it_was_taught(face_folder):
    faces = faces_of(list_face_folder(str(face_folder(4, 5))).examples())
    trained = [train_strategy(faces, strategy, 0.02) for strategy in ("eigen", "lbp")]
    methods = {gallery.strategy: method for gallery, method in trained}
    model = model_record(faces, methods, 0.02, faces=faces)
    assert model.size_wh == (96, 96)
    assert model.labels == {number: f"person-{number}" for number in range(4)}
    assert model.images_per_label == dict.fromkeys(model.labels.values(), 5)
    assert list(model.methods) == ["eigen", "lbp"]
    assert all(method.unknown_distance > 0 for method in methods.values())
    assert len(model.training_files) == 20
    assert model.opencv == cv2.__version__
    assert model.equalized is False
    assert model.false_accept_rate == 0.02
    assert [gallery.nearest(faces.pixels[7]).number for gallery, _ in trained] == [1, 1]


def equalize_in_place(top):
    for path in top.rglob("*.png"):
        Image.fromarray(cv2.equalizeHist(np.asarray(Image.open(path)))).save(path)


def test_whether_the_pictures_were_equalized(face_folder):
    top = face_folder(3, 2)
    examples = list_face_folder(str(top)).examples()
    assert faces_of(examples).equalized is False
    assert faces_of(examples, equalized=True).equalized is True
    equalize_in_place(top)
    assert faces_of(examples).equalized is True
    write_record(str(top), FolderRecord(equalized=False, margin=0.3))
    faces = faces_of(examples)
    assert faces.equalized is False
    assert model_record(faces, {}, 0.01, faces=faces).margin == 0.3


def test_odd_sizes_are_named_with_the_command_that_helps(face_folder, face):
    top = face_folder(2, 4)
    face(0, 9, 50).save(top / "person-0" / "odd.png")
    with pytest.raises(UsageError) as caught:
        faces_of(list_face_folder(str(top)).examples())
    assert f"1 of 9 pictures are not 96x96 as most are: {top}/person-0/odd.png (50x50)" in str(caught.value)
    assert f"facerec_train.py resize {top} RESIZED 96 96 1 0" in str(caught.value)


def test_a_damaged_picture_is_named(face_folder):
    top = face_folder(2, 2)
    path = top / "person-1" / "0.png"
    path.write_bytes(path.read_bytes()[:3000])
    with pytest.raises(UsageError, match=r"person-1/0\.png: the PNG file ends too early"):
        faces_of(list_face_folder(str(top)).examples())


def examples(**counts: int) -> list[Example]:
    return [
        Example(f"/{label}/{index}.png", label, number)
        for number, (label, count) in enumerate(counts.items())
        for index in range(count)
    ]


@pytest.mark.parametrize(
    ("counts", "strategies", "says"),
    [
        ({"ann": 5}, ("eigen", "fischer"), '"ann" is the only label, and Fisherfaces needs two'),
        ({"ann": 1, "bob": 1}, ("fischer",), "needs a label with two training pictures"),
        ({"ann": 5, "unknown": 5}, ("lbp",), "is reserved for strangers"),
    ],
)
def test_people_who_cannot_be_told_apart(counts, strategies, says):
    with pytest.raises(UsageError, match=says):
        check_teachable(examples(**counts), strategies)


def test_people_who_can():
    check_teachable(examples(ann=2, bob=1), ("eigen", "fischer", "lbp"))
    check_teachable(examples(ann=1), ("eigen", "lbp"))


def test_the_least_that_fischerfaces_takes_can_be_trained(face_folder):
    faces = faces_of(list_face_folder(str(face_folder(2, 2))).examples()[:3])
    gallery, method = train_strategy(faces, "fischer", 0.01)
    assert method.unknown_distance is None
    assert gallery.nearest(faces.pixels[2]).number == 1


def test_faces_too_small_for_lbph(tmp_path, face):
    for person in range(2):
        (tmp_path / f"p{person}").mkdir()
        for picture in range(2):
            face(person, picture).resize((9, 12)).save(tmp_path / f"p{person}" / f"{picture}.png")
    faces = faces_of(list_face_folder(str(tmp_path)).examples())
    with pytest.raises(UsageError, match="the faces are 9x12, and LBPH needs 10 pixels each way"):
        train_strategy(faces, "lbp", 0.01)


def test_a_picture_under_two_names_is_told(face_folder):
    top = face_folder(2, 2)
    shutil.copy(top / "person-0" / "1.png", top / "person-1" / "copy.png")
    (sentence,) = same_picture_twice(read_pictures(list_face_folder(str(top)).examples()))
    assert "person-1/copy.png: the same picture as" in sentence
