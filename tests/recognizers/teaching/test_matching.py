from __future__ import annotations

import hashlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from pipeline.errors import ModelError
from recognizers.faces.dataset import list_face_folder
from recognizers.faces.folderrecord import FolderRecord, write_record
from recognizers.teaching.matching import FaceMatcher

ALL = ("eigen", "fischer", "lbp")


def test_labelled_pictures_are_answered_in_order(model_directory, face_folder):
    matcher = FaceMatcher(
        model_directory(methods={"eigen": {"unknown_distance": 5.0}, "fischer": {}, "lbp": {}}), ALL
    )
    examples = list_face_folder(str(face_folder(4, 3))).examples()
    answers = matcher.answer(examples)
    assert [answer.example for answer in answers] == examples
    assert all(set(answer.nearest) == set(ALL) for answer in answers)
    right = sum(answer.named("vote") == answer.example.label for answer in answers)
    assert right >= 11
    assert matcher.limits == {"eigen": 5.0}


def test_a_missing_method_is_named(model_directory):
    directory = model_directory()
    Path(directory, "lbp.yml").unlink()
    with pytest.raises(ModelError, match=r"has no lbp\.yml \(it has eigen, fischer\)"):
        FaceMatcher(directory, ALL)


def test_pictures_are_equalized_once(model_directory, face, tmp_path):
    matcher = FaceMatcher(model_directory(equalized=True), ("eigen",))
    raw = face(1, 3)
    raw.save(tmp_path / "raw.png")
    flat = cv2.equalizeHist(np.asarray(raw))
    small = cv2.resize(flat, (32, 32), interpolation=cv2.INTER_AREA)
    assert (matcher.prepared(str(tmp_path / "raw.png")) == small).all()
    Image.fromarray(small).save(tmp_path / "small.png")
    assert (matcher.prepared(str(tmp_path / "small.png")) == small).all()
    (tmp_path / "done" / "ann").mkdir(parents=True)
    Image.fromarray(flat).save(tmp_path / "done" / "ann" / "flat.png")
    write_record(str(tmp_path / "done"), FolderRecord(equalized=True))
    assert (matcher.prepared(str(tmp_path / "done" / "ann" / "flat.png")) == small).all()
    asked = matcher.prepared(str(tmp_path / "raw.png"), equalize=False)
    assert (asked == cv2.resize(np.asarray(raw), (32, 32), interpolation=cv2.INTER_AREA)).all()


def test_a_model_of_2017_that_does_not_say_so_is_asked_equalized(model_directory, face, tmp_path):
    raw = face(1, 3)
    raw.save(tmp_path / "raw.png")
    flat = cv2.resize(cv2.equalizeHist(np.asarray(raw)), (32, 32), interpolation=cv2.INTER_AREA)
    # LBPH keeps no pixels to judge by; the 2017 program always equalized.
    old = FaceMatcher(model_directory(equalized=None), ("lbp",))
    assert (old.prepared(str(tmp_path / "raw.png")) == flat).all()
    plain = FaceMatcher(model_directory(equalized=None), ("eigen", "lbp"))
    assert (plain.prepared(str(tmp_path / "raw.png")) != flat).any()


def test_pictures_that_were_taught_are_told(model_directory, face_folder):
    examples = list_face_folder(str(face_folder(2, 2))).examples()
    taught = [hashlib.sha256(Path(e.path).read_bytes()).hexdigest()[:16] for e in examples[1:3]]
    matcher = FaceMatcher(model_directory(training_files=tuple(taught)), ALL)
    assert matcher.taught(examples) == examples[1:3]
    assert FaceMatcher(model_directory("old"), ALL).taught(examples) == []
