from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from recognizers.faces.dataset import list_face_folder
from recognizers.faces.pictures import read_gray
from recognizers.teaching.grouping import LBP_DISTANCE, group_faces

ORL = Path(__file__).parents[4] / "shared" / "data" / "orl_faces"


def test_faces_of_one_person_come_together(face):
    people = [0, 1, 2, 3] * 4
    faces = [np.asarray(face(person, 10 * person + index)) for index, person in enumerate(people)]
    groups = group_faces(faces, range(16), 117.0)
    assert sorted(index for group in groups for index in group) == list(range(16))
    assert [len(group) for group in groups] == sorted(map(len, groups), reverse=True)
    together = [group for group in groups if len(group) > 1]
    assert together
    assert all(len({people[index] for index in group}) == 1 for group in together)


def test_two_faces_of_one_photo_are_two_people(face):
    pixels = np.asarray(face(0, 0))
    assert group_faces([pixels] * 4, [0, 1, 2, 3], 1.0) == [[0, 1, 2, 3]]
    groups = group_faces([pixels] * 4, [0, 0, 1, 1], 1.0)
    assert [len(group) for group in groups] == [2, 2]
    assert all({index // 2 for index in group} == {0, 1} for group in groups)


def test_few_faces_and_distances_that_join_nobody(face):
    assert group_faces([], [], 100.0) == []
    one = np.asarray(face(0, 0))
    assert group_faces([one], [0], 100.0) == [[0]]
    two = [one, np.asarray(face(1, 0))]
    assert group_faces(two, [0, 1], 1e-6) == [[0], [1]]
    assert group_faces(two, [0, 1], 1e9) == [[0, 1]]
    assert group_faces([np.zeros((1, 1), np.uint8), np.zeros((300, 2), np.uint8)], [0, 1], 1.0) == [[0, 1]]


def test_large_distances_join_everybody_whom_no_photo_keeps_apart(face):
    faces = [np.asarray(face(person, 0)) for person in range(9)]
    groups = group_faces(faces, [0, 0, 0, 1, 1, 1, 2, 2, 2], 1e9)
    assert [len(group) for group in groups] == [3, 3, 3]


@pytest.mark.skipif(not ORL.is_dir(), reason="needs the ORL faces")
def test_real_faces_are_hardly_mixed():
    examples = list_face_folder(str(ORL)).examples()
    groups = group_faces([read_gray(e.path) for e in examples], range(len(examples)), LBP_DISTANCE)
    together = [group for group in groups if len(group) > 1]
    pure = sum(len({examples[index].label for index in group}) == 1 for group in together)
    assert pure / len(together) > 0.95
    assert sum(map(len, together)) > 0.85 * len(examples)
