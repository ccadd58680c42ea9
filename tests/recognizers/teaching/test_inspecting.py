"""Faces in wrong folders, found by their descriptors."""

from __future__ import annotations

import numpy as np

from recognizers.faces.dataset import Example
from recognizers.networks.base import ImpostorDistances
from recognizers.teaching.inspecting import DescribedFaces, misplaced_faces, mixed_people, unnamed_groups

IMPOSTORS = ImpostorDistances(1.3, 0.08)


def described(people: list[str], labels: list[str], judged: int | None = None) -> DescribedFaces:
    """Unit descriptors of people whose faces are about 0.5 apart, and 1.4 from those of others.

    Args:
        people: whom each face shows.
        labels: under which label it is.
        judged: how many of the last faces are judged; None: all.
    """
    random = np.random.default_rng(3)
    names = sorted(set(people))
    rows = np.stack([np.eye(64)[names.index(name)] + random.normal(0, 0.04, 64) for name in people])
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    known = sorted(set(labels))
    numbers = np.array([known.index(label) for label in labels], np.int32)
    examples = [
        Example(f"/{label}/{index}.png", label, int(number))
        for index, (label, number) in enumerate(zip(labels, numbers, strict=True))
    ]
    first = 0 if judged is None else len(labels) - judged
    return DescribedFaces(
        rows.astype(np.float32), numbers, examples[first:], dict(enumerate(known)), IMPOSTORS
    )


def test_right_folders_are_right() -> None:
    faces = described(["ann"] * 4 + ["bob"] * 3 + ["cid"], ["ann"] * 4 + ["bob"] * 3 + ["cid"])
    assert misplaced_faces(faces) == mixed_people(faces) == []


def test_a_misplaced_face_is_named_with_its_person_and_its_mates_are_not() -> None:
    faces = described(["ann"] * 4 + ["bob"] * 3 + ["ann"], ["ann"] * 4 + ["bob"] * 4)
    (sentence,) = misplaced_faces(faces)
    assert sentence.startswith('/bob/7.png: looks like "ann", not like the other pictures of "bob"; move it')


def test_a_stranger_in_a_folder_is_not_somebody_else() -> None:
    assert misplaced_faces(described(["ann"] * 3 + ["bob"] * 3 + ["eve"], ["ann"] * 3 + ["bob"] * 4)) == []


def test_a_single_picture_is_not_judged() -> None:
    assert misplaced_faces(described(["ann"] * 4, ["ann"] * 3 + ["bob"])) == []


def test_two_people_under_one_name() -> None:
    (sentence,) = mixed_people(described(["ann"] * 5 + ["eve"] * 2 + ["bob"] * 3, ["ann"] * 7 + ["bob"] * 3))
    assert sentence == (
        '"ann": its pictures show 2 people; 2 of 7 show another person than most, such as /ann/5.png'
    )
    assert mixed_people(described(["ann"] * 5 + ["eve"], ["ann"] * 6)) == []


def test_only_new_faces_are_judged_but_with_the_old_ones() -> None:
    people, labels = ["bob"] + ["ann"] * 4 + ["bob"] * 3 + ["ann"], ["ann"] * 5 + ["bob"] * 4
    found = misplaced_faces(described(people, labels))
    assert [one.split(":")[0] for one in found] == ["/ann/0.png", "/bob/8.png"]
    assert misplaced_faces(described(people, labels, 1)) == found[1:]


def test_names_of_groups() -> None:
    labels = ["group-001", "group-12", "groupies", "my group-1", "ann"]
    examples = [Example(f"/{label}/1.png", label, n) for n, label in enumerate(labels)] * 2
    (sentence,) = unnamed_groups(examples)
    assert sentence.startswith('2 labels, such as "group-001", are names of groups; rename')
    (sentence,) = unnamed_groups([example for example in examples if example.label != "group-12"])
    assert sentence.startswith('the label "group-001" is the name of a group; rename')
    assert unnamed_groups([example for example in examples if not example.label.startswith("group-")]) == []
