from __future__ import annotations

import pytest

from recognizers.corrections.lookup import Corrections
from recognizers.corrections.store import CorrectionStore, FacePicture, store_beside
from recognizers.faces.facekey import FaceKey

PHOTO, OTHER = "ab" * 32, "cd" * 32
BOX = (100, 100, 200, 200)


@pytest.fixture
def store(tmp_path):
    return CorrectionStore(store_beside(str(tmp_path / "m")))


def face(sha256=PHOTO, frame=0, box=BOX):
    return FacePicture(FaceKey(sha256, frame, box), 1234, "/a.jpg")


def read(store):
    return Corrections(store.entries())


def test_without_corrections_labels_stay(tmp_path):
    corrections = Corrections.beside(str(tmp_path / "m"))
    assert not corrections
    assert corrections.label(face().key, "ann") == "ann"
    assert corrections.digest(PHOTO) == ""
    assert not corrections.may_hold(1234)


def test_a_name_a_wrong_name_and_no_face(store):
    store.name([face()], "ann")
    assert read(store).label(face().key, "bob") == "ann"
    assert read(store).label(face().key, "unknown") == "ann"
    store.not_name([face()], "ann")
    assert read(store).label(face().key, "ann") == "unknown"
    assert read(store).label(face().key, "bob") == "bob"
    store.not_a_face([face()])
    assert read(store).label(face().key, "bob") is None
    store.name([face()], "ann")
    assert read(store).label(face().key, "bob") == "ann"
    store.undo()
    store.undo()
    assert read(store).label(face().key, "bob") == "bob"
    assert read(store).label(face().key, "ann") == "unknown"


def test_only_the_same_face_of_the_same_content_is_meant(store):
    store.name([face()], "ann")
    corrections = read(store)
    assert corrections.label(face(sha256=OTHER).key, "bob") == "bob"
    assert corrections.label(face(frame=1).key, "bob") == "bob"
    assert corrections.label(face(box=(90, 95, 195, 200)).key, "bob") == "ann"
    assert corrections.label(face(box=(160, 100, 260, 200)).key, "bob") == "bob"
    assert corrections.may_hold(1234)


def test_of_two_corrected_faces_the_nearer_one_counts(store):
    store.name([face(box=(100, 100, 200, 200))], "ann")
    store.name([face(box=(140, 100, 240, 200))], "bob")
    corrections = read(store)
    assert corrections.label(face(box=(110, 100, 210, 200)).key, "?") == "ann"
    assert corrections.label(face(box=(135, 100, 235, 200)).key, "?") == "bob"
    assert len(corrections.verdicts) == 2


def test_a_later_correction_of_a_moved_box_replaces_the_first(store):
    store.name([face()], "ann")
    store.name([face(box=(102, 101, 203, 202))], "bob")
    corrections = read(store)
    assert [verdict.name for verdict in corrections.verdicts] == ["bob"]
    assert corrections.label(face().key, "?") == "bob"


def test_the_digest_changes_with_what_holds_and_with_nothing_else(store):
    store.name([face()], "ann")
    first = read(store).digest(PHOTO)
    assert first
    store.name([face(sha256=OTHER)], "ann")
    store.merge([1, 2])
    store.name([face()], "ann")
    assert read(store).digest(PHOTO) == first
    store.name([face()], "bob")
    assert read(store).digest(PHOTO) not in ("", first)
    store.undo()
    assert read(store).digest(PHOTO) == first
    assert read(store).merges == [(1, 2)]
