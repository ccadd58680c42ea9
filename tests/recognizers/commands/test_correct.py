from __future__ import annotations

import csv
import json

import pytest

from recognizers.corrections.store import CorrectionStore
from recognizers.faces.folderrecord import read_facts
from recognizers.unknown.minedfaces import iter_mined_faces
from recognizers.unknown.pictures import ALIGNED, cut_faces, write_picture
from tests.recognizers.minedcollection import FACES, draw, draw_video, mine, names


@pytest.fixture
def family(facerec, tmp_path, monkeypatch, network_file):
    """A model of two people, trained with crops of mined photos, and a collection that it has named."""
    for picture in range(3):
        draw(tmp_path / "teaching", f"{picture}.png", [1, 12], picture)
    mine(tmp_path, photos="teaching", out="teaching-out")
    for one in cut_faces(list(iter_mined_faces(tmp_path / "teaching-out")), ALIGNED, []):
        write_picture(one, tmp_path / "faces" / ("ann" if one.face.box.x1 < 100 else "bob"))
    monkeypatch.chdir(tmp_path)
    assert facerec("csv", "faces", "list.csv").code == 0
    teach(facerec, network_file)
    draw(tmp_path / "photos", "party.png", [1, 12, 9], 5)
    draw_video(tmp_path / "photos", "clip.mkv", [1], 5)
    mine(tmp_path, FACES, *names(tmp_path / "familymodel"))
    return tmp_path


def teach(facerec, network_file, *more):
    said = facerec("train", "list.csv", 100, "test.csv", "familymodel", "--embedding", network_file, *more)
    assert said.code == 0, said.err
    return said.out


def labels_of(folder):
    return json.loads((folder / "familymodel" / "model.json").read_text())["images_per_label"]


def correct(facerec, *words):
    said = facerec("correct", "out", *words)
    assert said.code == 0, said.err
    return said.out


def test_faces_are_listed_from_left_to_right(facerec, family):
    out = correct(facerec, "party.png").splitlines()
    assert [line.split(" at ")[0] for line in out[:2]] == [
        "1: 48, 48, 144, 144: ann",
        "2: 240, 48, 336, 144: bob",
    ]
    assert out[2].startswith("3: 432, 48, 528, 144: ")
    assert correct(facerec, "clip.mkv").startswith("1: 48, 48, 144, 144, 0.0 s to 0.8 s: ann at distance")
    assert not (family / "familymodel-corrections").exists()


def test_a_name_is_kept_with_a_picture_and_the_next_training_learns_it(facerec, family, network_file):
    said = correct(facerec, family / "photos" / "party.png", "--face", 3, "--name", "Zoë")
    assert "correction 1: the face at 432, 48, 528, 144 in " in said
    assert '"Zoë" is new to the model' in said
    assert "3: 432, 48, 528, 144: Zoë as you corrected it" in correct(facerec, "party.png")
    (entry,) = CorrectionStore(family / "familymodel-corrections").entries()
    picture = CorrectionStore(family / "familymodel-corrections").picture_of(entry.faces[0])
    assert read_facts(str(picture)).key == entry.faces[0].key
    out = teach(facerec, network_file)
    assert "1 corrected face of mined photos are trained too" in out
    assert labels_of(family) == {"Zoë": 1, "ann": 3, "bob": 3}
    mine(family, FACES, *names(family / "familymodel"))
    assert "3: 432, 48, 528, 144: Zoë as you corrected it" in correct(facerec, "party.png")


def test_added_to_a_model_once(facerec, family, network_file):
    correct(facerec, "party.png", "--face", 3, "--name", "carl")
    for _ in range(2):
        facerec("train", "list.csv", 100, "test.csv", "familymodel", "--add")
        assert labels_of(family) == {"ann": 3, "bob": 3, "carl": 1}


def test_pictures_in_folders_obey_corrections_wherever_they_were_moved(facerec, family, network_file):
    for name, correction in (("0.png", "not-ann"), ("1.png", "not-a-face"), ("2.png", "bob")):
        said = facerec("correct", "teaching-out", name, "--face", 1, "--name", correction)
        if correction == "not-ann":
            assert said.code == 2
            assert "the face is not called so, but nobody" in said.err
        else:
            assert said.code == 0
    next((family / "faces" / "ann").glob("1.png*")).rename(family / "faces" / "ann" / "renamed.png")
    facerec("csv", "faces", "list.csv")
    out = teach(facerec, network_file)
    assert 'renamed.png: not trained as "ann", as corrected' in out
    assert ': trained as "bob", as corrected' in out
    assert labels_of(family) == {"ann": 1, "bob": 4}
    assert len(list(csv.reader((family / "list.csv").open()))) == 6


def test_a_video_is_corrected_in_all_frames_of_an_appearance(facerec, family):
    said = correct(facerec, "clip.mkv", "--face", 1, "--name", "not-ann")
    assert "it holds for 5 frames of the video, 0.0 s to 0.8 s" in said
    (entry,) = CorrectionStore(family / "familymodel-corrections").entries()
    assert [face.frame for face in entry.faces] == [0, 1, 2, 3, 4]
    assert "unknown as you corrected it" in correct(facerec, "clip.mkv")


def test_corrections_are_taken_back(facerec, family, network_file):
    correct(facerec, "party.png", "--face", 1, "--name", "bob")
    correct(facerec, "party.png", "--face", 2, "--name", "not-a-face")
    assert "2: 240, 48, 336, 144: no face as you corrected it" in correct(facerec, "party.png")
    assert "correction 2 is taken back; it said: the face at 240, 48" in correct(facerec, "--undo")
    assert "correction 1 is taken back" in correct(facerec, "--undo", 1)
    assert "as you corrected it" not in correct(facerec, "party.png")
    teach(facerec, network_file)
    assert labels_of(family) == {"ann": 3, "bob": 3}
    said = facerec("correct", "out", "--undo")
    assert (said.code, said.err.count("\n")) == (2, 1)


def test_a_similar_name_is_pointed_out(facerec, family):
    assert 'if you meant "ann", undo and correct again' in correct(
        facerec, "party.png", "--face", 1, "--name", "annn"
    )


def test_wrong_words(facerec, family):
    for words, says in (
        (("nobody.png",), "no report in out shows a face in it"),
        (("party.png", "--face", 9, "--name", "ann"), "--face 9: party.png has faces 1 to 3"),
        (("party.png", "--face", 0, "--name", "ann"), "has faces 1 to 3"),
        (("party.png", "--face", 1), "--name is missing"),
        (("party.png", "--face", 1, "--name", " "), "--name is empty"),
        (("party.png", "--name", "ann"), "--face is missing"),
        (("party.png", "--face", 1, "--name", "not-bob"), "the face is not called so, but ann"),
        (("party.png", "--undo"), "leave PHOTO, --face and --name out"),
        (("party.png", "--face", 1, "--name", "x", "--model", "elsewhere"), "there is no face model there"),
        ((), "PHOTO is missing"),
    ):
        said = facerec("correct", "out", *words)
        assert (said.code, said.err.count("\n")) == (2, 1), (words, said)
        assert says in said.err
    assert not (family / "familymodel-corrections").exists()


def test_equally_named_photos_need_a_path(facerec, family):
    for folder in ("a", "b"):
        draw(family / "photos2" / folder, "same.png", [1], 3 if folder == "a" else 4)
    for folder in ("a", "b"):
        mine(family, photos=f"photos2/{folder}", out=f"out/{folder}")
    said = facerec("correct", "out", "same.png")
    assert said.code == 2
    assert "could be" in said.err
    assert "1: 48, 48, 144, 144" in correct(facerec, "b/same.png")


def test_faces_that_were_prepared_otherwise_are_not_added(facerec, family, network_file, face):
    correct(facerec, "party.png", "--face", 3, "--name", "carl")
    (family / "plain" / "ann").mkdir(parents=True)
    for picture in range(2):
        face(5, picture).save(family / "plain" / "ann" / f"{picture}.png")
    assert facerec("csv", "plain", "plain.csv").code == 0
    words = ("train", "plain.csv", 100, "t.csv", "familymodel", "--embedding", network_file)
    said = facerec(*words)
    assert said.code == 0, said.err
    assert labels_of(family) == {"ann": 2}


def test_the_classic_strategies_do_not_get_pictures_of_other_sizes(facerec, family):
    correct(facerec, "party.png", "--face", 3, "--name", "carl")
    said = facerec("train", "list.csv", 100, "test.csv", "familymodel", "--classic")
    assert said.code == 0, said.err
    assert labels_of(family) == {"ann": 3, "bob": 3}
