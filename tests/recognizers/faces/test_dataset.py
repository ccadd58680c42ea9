from __future__ import annotations

import os
import shutil

import pytest

from pipeline.errors import UsageError
from recognizers.faces.dataset import Example, check_present, list_face_folder, read_examples, write_examples
from recognizers.faces.folderrecord import FaceFacts

AWKWARD = ['a "quoted", name', "Zoë Ångström", "猫", "new\nline", "-dash", " space "]


def test_labels_are_folders_and_numbers_are_their_sorted_places(face_folder):
    folder = list_face_folder(str(face_folder(3, 2)))
    examples = folder.examples()
    assert [(e.label, e.number) for e in examples] == [
        (f"person-{number}", number) for number in range(3) for _ in range(2)
    ]
    assert all(os.path.isabs(e.path) for e in examples)
    assert list_face_folder(str(face_folder(3, 2))).examples() == examples


def test_what_is_no_picture_is_passed_over_and_named(face_folder, face, tmp_path):
    top = face_folder(2, 1)
    (top / "stray.txt").write_text("notes")
    (top / "person-0" / "notes.txt").write_text("notes")
    (top / "person-0" / "broken.jpg").write_text("no picture")
    (top / "_single").mkdir()
    face(5, 0).save(top / "_single" / "x.png")
    face(5, 0).save(top / "loose.png")
    (top / "person-1" / "2019").mkdir()
    face(1, 3).save(top / "person-1" / "2019" / "deep.png")
    folder = list_face_folder(str(top))
    assert {label: len(sources) for label, sources in folder.sources.items()} == {
        "person-0": 1,
        "person-1": 2,
    }
    told = "\n".join(folder.passed_over)
    for name in ("stray.txt", "notes.txt", "_single", "loose.png"):
        assert name in told
    assert "x.png" not in told
    assert [sentence.split(": ")[0] for sentence in folder.unreadable] == [
        str(top / "person-0" / "broken.jpg")
    ]


def test_folders_without_pictures_say_what_is_expected(tmp_path, face):
    with pytest.raises(UsageError, match=r"holds no pictures in folders of people; make a folder for each"):
        list_face_folder(str(tmp_path))
    with pytest.raises(UsageError, match="does not exist"):
        list_face_folder(str(tmp_path / "no"))
    face(0, 0).save(tmp_path / "a.png")
    with pytest.raises(UsageError, match="is not a folder"):
        list_face_folder(str(tmp_path / "a.png"))


@pytest.mark.parametrize("label", AWKWARD)
def test_any_label_survives_the_csv_file(tmp_path, face, label):
    (tmp_path / "faces" / label).mkdir(parents=True)
    face(0, 0).save(tmp_path / "faces" / label / "1, 2.png")
    examples = list_face_folder(str(tmp_path / "faces")).examples()
    write_examples(str(tmp_path / "list.csv"), examples)
    assert read_examples(str(tmp_path / "list.csv")) == examples
    assert examples[0].label == label


def test_names_that_are_not_utf8_keep_their_bytes_as_paths(tmp_path, face):
    folder = os.path.join(os.fsencode(tmp_path), b"faces", b"caf\xe9")
    os.makedirs(folder)
    with open(os.path.join(folder, b"\xff.png"), "wb") as stream:
        face(0, 0).save(stream, "PNG")
    examples = list_face_folder(str(tmp_path / "faces")).examples()
    write_examples(str(tmp_path / "list.csv"), examples)
    (read,) = read_examples(str(tmp_path / "list.csv"))
    assert os.fsencode(read.path) == os.path.join(folder, b"\xff.png")
    assert read.label == "caf\N{REPLACEMENT CHARACTER}"
    check_present([read])


def test_files_of_the_2017_program_read_alike(tmp_path):
    path = tmp_path / "old.csv"
    path.write_bytes(b'/a/1.png,ann,0\r\n\r\n"/a/b, c.png",bob,1\r\n')
    assert read_examples(str(path)) == [Example("/a/1.png", "ann", 0), Example("/a/b, c.png", "bob", 1)]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", "lists no pictures"),
        ("a.png,ann\n", "list.csv:1: expected path,label,number, found 2 fields"),
        ("a.png,ann,0\nb.png,ann,x\n", "list.csv:2: expected"),
        ("a.png,ann,-1\n", "list.csv:1: expected"),
        ("a.png,ann,9999999999\n", "too large"),
        ('a.png,"ann,0\n', "is not a CSV file"),
        ("a.png,ann,0\nb.png,bob,0\n", 'number 0 stands for "ann" and for "bob"'),
    ],
)
def test_a_wrong_file_is_one_sentence(tmp_path, content, says):
    path = tmp_path / "list.csv"
    path.write_text(content)
    with pytest.raises(UsageError) as caught:
        read_examples(str(path))
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def test_missing_files(tmp_path):
    with pytest.raises(UsageError, match="cannot be read"):
        read_examples(str(tmp_path / "none.csv"))
    gone = Example(str(tmp_path / "gone.png"), "ann", 0)
    with pytest.raises(UsageError, match=r"gone\.png: there is no such file, as for 2 of the 2 pictures"):
        check_present([gone, gone])


def test_folders_with_dates_that_crop_made_are_one_persons(tmp_path, face):
    for folder in ("2019", "2020-05", "2021_05_30"):
        (tmp_path / "ann" / folder).mkdir(parents=True)
        path = tmp_path / "ann" / folder / "1.png"
        face(1, 1).save(path)
        path.write_bytes(FaceFacts(margin=0.1).written_into(path.read_bytes()))
    assert {label: len(own) for label, own in list_face_folder(str(tmp_path / "ann")).sources.items()} == {
        "ann": 3
    }
    (tmp_path / "ann" / "bob").mkdir()
    shutil.copy(tmp_path / "ann" / "2019" / "1.png", tmp_path / "ann" / "bob" / "1.png")
    assert set(list_face_folder(str(tmp_path / "ann")).sources) == {"2019", "2020-05", "2021_05_30", "bob"}


def test_dates_are_labels_of_pictures_that_are_the_users_own(tmp_path, face):
    (tmp_path / "2019").mkdir()
    face(1, 1).save(tmp_path / "2019" / "1.png")
    assert set(list_face_folder(str(tmp_path)).sources) == {"2019"}
