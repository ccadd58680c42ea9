"""What training and testing say of the pictures that they are given."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest
from PIL import Image

from recognizers.commands.arguments import TYPED
from recognizers.faces.folderrecord import FaceFacts, read_facts


@pytest.fixture
def people(face, tmp_path):
    """Four people, six aligned faces each, in folders."""
    for person in range(4):
        folder = tmp_path / "faces" / f"person-{person}"
        folder.mkdir(parents=True)
        for picture in range(6):
            path = folder / f"{picture}.png"
            face(person, picture).resize((200, 200)).save(path)
            path.write_bytes(FaceFacts(aligned=True, margin=0.1).written_into(path.read_bytes()))
    return tmp_path / "faces"


@pytest.fixture
def train(facerec, people, tmp_path, network_file):
    """`train(*options)` lists the people's faces and trains a model of them."""

    def run(*options):
        assert facerec("csv", people, tmp_path / "l.csv").code == 0
        network = () if "--classic" in options else ("--embedding", network_file)
        return facerec(
            "train", tmp_path / "l.csv", 100, tmp_path / "t.csv", tmp_path / "m", *options, *network
        )

    return run


def warnings(said):
    return [line for line in said.out.splitlines() if line.startswith("warning: ")]


def test_good_pictures_pass(train):
    said = train("--strict")
    assert said.code == 0, said.err
    assert warnings(said) == []


def test_a_face_in_a_wrong_folder(train, people):
    (people / "person-0" / "2.png").rename(people / "person-3" / "odd.png")
    (found,) = warnings(train())
    assert (
        f'{people}/person-3/odd.png: looks like "person-0", not like the other pictures of "person-3"'
        in found
    )
    said = train("--strict")
    assert (said.code, said.err.count("\n")) == (2, 1)
    assert "nothing is trained, because of 1 warning and --strict" in said.err


@pytest.mark.parametrize("seed", range(4))
def test_a_face_in_a_wrong_folder_is_found_in_either_set(facerec, people, tmp_path, network_file, seed):
    (people / "person-0" / "2.png").rename(people / "person-3" / "odd.png")
    assert facerec("csv", people, tmp_path / "l.csv").code == 0
    words = ("train", tmp_path / "l.csv", 50, tmp_path / "t.csv", tmp_path / "m", "--seed", seed)
    (found,) = warnings(facerec(*words, "--embedding", network_file))
    assert "odd.png" in found
    assert len(json.loads((tmp_path / "m" / "model.json").read_text())["training_files"]) == 12


@pytest.mark.parametrize("option", [(), ("--classic",)])
def test_equal_pictures_whole_photos_and_group_names(train, people, option):
    shutil.copy(people / "person-0" / "0.png", people / "person-1" / "copy.png")
    (people / "person-2").rename(people / "group-007")
    if not option:  # the classic strategies refuse other sizes
        Image.fromarray(np.full((900, 1200, 3), 90, np.uint8)).save(people / "person-3" / "IMG_1.jpg")
        (people / "faces.json").write_text('{"aligned": true, "margin": 0.1}')
    found = "\n".join(warnings(train(*option)))
    assert "person-1/copy.png: the same picture as" in found
    assert 'the label "group-007" is the name of a group; rename its folder' in found
    assert ("IMG_1.jpg: is probably a whole photo, with 1200x900 pixels" in found) is not option
    said = train("--strict", *option)
    assert said.code == 2
    assert "nothing is trained" in said.err


def test_added_faces_are_inspected_too(train, facerec, people, face, tmp_path):
    assert train().code == 0
    later = tmp_path / "later" / "person-9"
    later.mkdir(parents=True)
    for person, picture in ((9, 0), (9, 1), (9, 2), (1, 7)):
        path = later / f"{person}-{picture}.png"
        face(person, picture).resize((200, 200)).save(path)
        path.write_bytes(FaceFacts(aligned=True, margin=0.1).written_into(path.read_bytes()))
    assert facerec("csv", later, tmp_path / "later.csv").code == 0
    before = (tmp_path / "m" / "model.json").read_bytes()
    words = ("train", tmp_path / "later.csv", 100, tmp_path / "t.csv", tmp_path / "m", "--add")
    said = facerec(*words, "--strict")
    assert said.code == 2
    assert 'later/person-9/1-7.png: looks like "person-1"' in said.out
    assert (tmp_path / "m" / "model.json").read_bytes() == before
    assert facerec(*words).code == 0
    assert read_facts(str(later / "1-7.png")) is not None


def test_places_that_are_refused(facerec, people, tmp_path, network_file):
    listing = tmp_path / "l.csv"
    assert facerec("csv", people, listing).code == 0
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "IMG_1.JPG").write_bytes(b"photo")
    before = listing.read_bytes()
    for testcsv, model, says in (
        (listing, tmp_path / "m", "TESTCSV would replace CSV"),
        (tmp_path / "t.csv", people, "MODELDIR would be among the pictures"),
        (tmp_path / "t.csv", people / "person-0", "MODELDIR would be among the pictures"),
        (tmp_path / "t.csv", people / "person-0" / "model", "MODELDIR would be among the pictures"),
        (tmp_path / "t.csv", tmp_path / "photos", "MODELDIR holds photos, such as IMG_1.JPG"),
    ):
        said = facerec("train", listing, 80, testcsv, model, "--embedding", network_file)
        assert (said.code, said.err.count("\n")) == (2, 1)
        assert says in said.err
    assert listing.read_bytes() == before
    assert not (people / "person-0" / "model").exists()


def test_strangers_beside_the_people_are_tested(facerec, people, face, tmp_path, network_file):
    for name, numbers in (("_unknown", (10, 11)), ("_single", (12,))):
        (people / name).mkdir()
        for number in numbers:
            face(number, 0).resize((200, 200)).save(people / name / f"{number}.png")
    (people / "_single" / "broken.png").write_bytes((people / "_single" / "12.png").read_bytes()[:400])
    assert facerec("csv", people, tmp_path / "l.csv").code == 0
    words = ("train", tmp_path / "l.csv", 67, tmp_path / "t.csv", tmp_path / "m", "--embedding", network_file)
    assert facerec(*words).code == 0
    said = facerec("test", tmp_path / "t.csv", tmp_path / "m", "--json", tmp_path / "n.json")
    assert said.code == 0, said.err
    assert json.loads((tmp_path / "n.json").read_text())["strangers"] == 3
    assert "In words: of 100 known faces, " in said.out
    assert " get a name (measured with 3 faces)." in said.out
    assert said.out.splitlines()[-2].startswith(f"next: {TYPED} recognizemany PHOTO yunet ")
    shutil.rmtree(people / "_unknown")
    shutil.rmtree(people / "_single")
    said = facerec("test", tmp_path / "t.csv", tmp_path / "m")
    assert "How often strangers get a name is not measured" in said.out


def test_folders_that_all_have_the_names_of_groups_are_not_trained(train, people, tmp_path):
    for number in range(4):
        (people / f"person-{number}").rename(people / f"group-00{number + 1}")
    said = train()
    assert (said.code, said.err.count("\n")) == (2, 1)
    assert 'all labels are names of groups, such as "group-001"; rename the folders' in said.err
    assert not (tmp_path / "m").exists()
