from __future__ import annotations

import pytest

from pipeline.detections import Box, Detection, Label
from recognizers.corrections.applying import corrected_detections
from recognizers.corrections.lookup import Corrections
from recognizers.corrections.store import CorrectionStore, FacePicture
from recognizers.faces.facekey import FaceKey

PHOTO, OTHER = "ab" * 32, "cd" * 32
POINTS = ((1, 1), (2, 1), (1, 2), (1, 3), (2, 3))
BOB = Detection(
    Box(0, 0, 50, 50), (Label("bob", None, "lbp", 40.0), Label("ann", None, "eigen", 9.0)), POINTS
)
ANN = Detection(Box(100, 0, 150, 50), (Label("ann", None, "embedding", 0.7),))


@pytest.fixture
def store(tmp_path):
    return CorrectionStore(tmp_path / "m-corrections")


def face(detection, sha256=PHOTO, frame=0):
    return [FacePicture(FaceKey(sha256, frame, detection.box.xyxy), 99, "/a.jpg")]


def apply(store, sha256=PHOTO, frame=0):
    return corrected_detections(Corrections(store.entries()), sha256, frame, [BOB, ANN])


def test_a_name_replaces_all_labels_and_keeps_the_landmarks(store):
    store.name(face(BOB), "carl")
    assert apply(store) == [Detection(BOB.box, (Label("carl", method="correction"),), POINTS), ANN]


def test_a_wrong_name_becomes_unknown_in_every_strategy(store):
    store.not_name(face(BOB), "ann")
    first, second = apply(store)
    assert [(label.text, label.method) for label in first.labels] == [("bob", "lbp"), ("unknown", "eigen")]
    assert second == ANN


def test_what_is_no_face_is_left_out(store):
    store.not_a_face(face(BOB))
    assert apply(store) == [ANN]


@pytest.mark.parametrize(("sha256", "frame"), [(OTHER, 0), (PHOTO, 1), (None, 0)])
def test_other_pictures_stay_as_they_are(store, sha256, frame):
    store.not_a_face(face(BOB))
    store.name(face(ANN), "carl")
    assert apply(store, sha256, frame) == [BOB, ANN]
