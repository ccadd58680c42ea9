from __future__ import annotations

import numpy as np
import pytest

from annotators.drawing import draw_detections
from annotators.palette import UNLABELLED, color_of
from annotators.subjects import choose_subjects
from pipeline.detections import Box, Detection, Label, Region

SIZE = (400, 300)
FACE = Box(100, 50, 160, 130)
EYES = ((115, 80), (145, 80), (130, 95), (118, 110), (142, 110))
PERSON = Detection(Box(60, 30, 220, 290), (Label("person", 0.9),))
FOUND = Detection(FACE, (Label("face", 0.91),), EYES)


def named(*texts, method="embedding", box=FACE):
    return Detection(box, tuple(Label(text, method=method, distance=0.4) for text in texts))


def subjects(*detections, shown="plain"):
    return {one.box: one for one in choose_subjects(detections, SIZE, SIZE, shown)}


def said(subject):
    return [(line.text, line.detail) for line in subject.lines]


def test_a_named_face_shows_its_name_alone_and_once():
    found = subjects(FOUND, named("Ann"), named("Ann", method="lbp"), PERSON)
    assert said(found[FACE]) == [("Ann", "")]
    assert found[FACE].color == color_of("Ann") and not found[FACE].is_thin


def test_a_stranger_is_thin_and_has_no_label():
    for found in (subjects(FOUND), subjects(FOUND, named("unknown"))):
        assert said(found[FACE]) == [] and found[FACE].is_thin


def test_strategies_that_disagree_give_both_names():
    votes = Detection(
        FACE, (Label("Ann", method="lbp"), Label("unknown", method="eigen"), Label("Tom", method="x"))
    )
    assert said(subjects(FOUND, votes)[FACE]) == [("Ann", ""), ("Tom", "")]


def test_a_person_around_a_recognized_face_is_thin():
    assert subjects(PERSON, FOUND, named("unknown"))[PERSON.box].is_thin
    assert said(subjects(PERSON, FOUND)[PERSON.box]) == [("person", "")]
    elsewhere = named("Ann", box=Box(300, 10, 340, 50))
    assert said(subjects(PERSON, elsewhere)[PERSON.box]) == [("person", "")]


def test_things_have_their_labels_without_details():
    dog = Detection(Box(10, 10, 50, 50), (Label("dog", 0.7), Label("wolf", 0.3)))
    assert said(subjects(dog)[dog.box]) == [("dog", ""), ("wolf", "")]


def test_full_shows_every_label_with_its_details():
    found = subjects(PERSON, FOUND, named("unknown"), shown="full")
    assert said(found[FACE]) == [("face", "0.91"), ("unknown", "embedding")]
    assert said(found[PERSON.box]) == [("person", "0.90")]
    assert not any(subject.is_thin for subject in found.values())


def test_names_shows_faces_alone():
    stranger = named("unknown", box=Box(200, 50, 240, 90))
    found = subjects(PERSON, FOUND, named("Ann"), stranger, shown="names")
    assert {box: said(subject) for box, subject in found.items()} == {FACE: [("Ann", "")], stranger.box: []}


def test_eyes_are_those_of_the_landmarks_or_the_upper_part_of_the_face():
    eyes = subjects(FOUND)[FACE].eyes
    assert eyes.x1 < 115 and eyes.x2 > 145 and eyes.y1 < 80 < eyes.y2 < 110
    assert subjects(Detection(FACE, (Label("cat face"),)))[FACE].eyes == Box(100, 50, 160, 98)
    assert subjects(PERSON)[PERSON.box].eyes is None


def test_a_recognizers_detection_alone_knows_where_the_eyes_are():
    region = Region(*FACE.xyxy, landmarks=EYES)
    assert subjects(named("Ann", box=region))[FACE].eyes == subjects(FOUND)[FACE].eyes


@pytest.mark.parametrize("shown", ["plain", "full"])
def test_a_row_of_people_keeps_its_eyes_in_the_picture(shown):
    """Faces side by side at the upper edge, as in a group photo: no label box is on eyes."""
    boxes = [Box(5 + 62 * i, 2, 65 + 62 * i, 82) for i in range(6)]
    detections = [
        Detection(
            box,
            (Label("face", 0.9), Label(f"Maximilian {i}", method="embedding")),
            tuple((box.x1 + x, box.y1 + y) for x, y in ((15, 30), (45, 30), (30, 45), (18, 60), (42, 60))),
        )
        for i, box in enumerate(boxes)
    ]
    gray = np.full((300, 400, 3), 90, np.uint8)
    drawn = draw_detections(gray, detections, SIZE, shown)
    for box in boxes:
        eyes = drawn[box.y1 + 22 : box.y1 + 38, box.x1 + 8 : box.x1 + 52]
        assert (eyes == 90).all()


def test_the_frame_of_a_stranger_is_thinner_than_that_of_a_known_person():
    gray = np.full((900, 1200, 3), 90, np.uint8)

    def width(*detections):
        row = draw_detections(gray, detections, (1200, 900), "plain")[100, :130]
        return int((row != 90).any(axis=1).sum())

    assert 0 < width(FOUND) < width(FOUND, named("Ann"))
    assert (draw_detections(gray, [FOUND], (1200, 900), "plain") == UNLABELLED).all(axis=2).any()
