"""From photos to a model without options: each command takes what fits the faces at hand."""

from __future__ import annotations

import json
import logging
import shutil

import numpy as np
import pytest
from PIL import Image

from pipeline.models.catalog import find_model
from pipeline.models.fetch import fetch
from recognizers.commands.arguments import TYPED
from recognizers.faces.dataset import read_examples
from recognizers.faces.folderrecord import FaceFacts, read_facts
from recognizers.networks import facenetwork


@pytest.fixture
def aligned(face, tmp_path):
    """`aligned(people, pictures)`: folders of faces that say of themselves that they are aligned."""

    def make(people: int, pictures: int, where: str = "faces", first: int = 0):
        for person in range(first, first + people):
            folder = tmp_path / where / f"person-{person}"
            folder.mkdir(parents=True)
            for picture in range(pictures):
                path = folder / f"{picture}.png"
                face(person, picture).resize((200, 200)).save(path)
                path.write_bytes(FaceFacts(aligned=True, margin=0.1).written_into(path.read_bytes()))
        return tmp_path / where

    return make


@pytest.fixture
def installed(monkeypatch, network_file):
    """A small network in place of the one that would be chosen for aligned faces."""
    chosen = facenetwork.chosen_network
    for module in ("recognizers.commands.train", "recognizers.networks.facenetwork"):
        monkeypatch.setattr(
            f"{module}.chosen_network",
            lambda name, *, aligned: (
                str(network_file) if name == "default" else chosen(name, aligned=aligned)
            ),
        )


def test_crop_takes_yunet_if_it_is_installed(facerec, photo, tmp_path, monkeypatch):
    (tmp_path / "photos").mkdir()
    photo([9, 10], 0).save(tmp_path / "photos" / "a.png")
    said = facerec("crop", tmp_path / "photos", tmp_path / "cascade", "--min-neighbors", 3)
    assert "are found by" not in said.out
    monkeypatch.setenv("DEEPVISUALMINER_CACHE", str(tmp_path / "cache"))
    said = facerec("crop", tmp_path / "photos", tmp_path / "none")
    assert "faces are found by haarcascade_frontalface_default.xml; yunet finds more of them" in said.out


def test_crop_with_yunet_says_so(facerec, photo, tmp_path):
    fetch(find_model("yunet-2023"), logging.info)
    (tmp_path / "photos").mkdir()
    photo([9], 0).save(tmp_path / "photos" / "a.png")
    said = facerec("crop", tmp_path / "photos", tmp_path / "out")
    assert said.out.startswith("faces are found by yunet and aligned; --detector haarcascade")
    assert json.loads((tmp_path / "out" / "faces.json").read_text())["aligned"] is True
    named = facerec("crop", tmp_path / "photos", tmp_path / "named", "--detector", "yunet")
    assert "are found by" not in named.out


def test_aligned_faces_are_described_by_a_network(facerec, aligned, installed, tmp_path):
    top = aligned(3, 5)
    said = facerec("stats", top)
    assert "the faces are aligned and need no resizing" in said.out
    assert f"next: {TYPED} csv {top} dataset.csv" in said.out
    said = facerec("csv", top, tmp_path / "l.csv")
    assert f"train {tmp_path / 'l.csv'} 80 testset.csv MODELDIR\n" in said.out
    said = facerec("train", tmp_path / "l.csv", 80, tmp_path / "t.csv", tmp_path / "m")
    assert said.code == 0, said.err
    assert "the faces are aligned and are described by" in said.out
    record = json.loads((tmp_path / "m" / "model.json").read_text())
    assert (list(record["methods"]), record["aligned"], record["margin"]) == (["embedding"], True, 0.1)
    assert facerec("train", tmp_path / "l.csv", 80, tmp_path / "t.csv", tmp_path / "c", "--classic").code == 0
    record = json.loads((tmp_path / "c" / "model.json").read_text())
    assert list(record["methods"]) == ["eigen", "fischer", "lbp"]


def test_other_faces_are_for_the_classic_strategies(facerec, face_folder, tmp_path):
    top = face_folder(3, 5)
    assert "sizes to resize to" in facerec("stats", top).out
    assert "MODELDIR 1 1 1\n" in facerec("csv", top, tmp_path / "l.csv").out
    assert facerec("train", tmp_path / "l.csv", 80, tmp_path / "t.csv", tmp_path / "m").code == 0
    record = json.loads((tmp_path / "m" / "model.json").read_text())
    assert list(record["methods"]) == ["eigen", "fischer", "lbp"]


def test_folders_can_be_moved_merged_and_copied(facerec, aligned, installed, tmp_path):
    aligned(2, 4, where="first")
    aligned(2, 4, where="second", first=1)
    merged = tmp_path / "merged"
    shutil.copytree(tmp_path / "first", merged)
    for path in sorted((tmp_path / "second" / "person-1").iterdir()):
        shutil.copy(path, merged / "person-1" / f"again-{path.name}")
    shutil.move(tmp_path / "second" / "person-2", merged)
    assert facerec("csv", merged, tmp_path / "l.csv").code == 0
    said = facerec("train", tmp_path / "l.csv", 100, tmp_path / "t.csv", tmp_path / "m")
    assert said.code == 0, said.err
    assert json.loads((tmp_path / "m" / "model.json").read_text())["aligned"] is True


def test_a_folder_of_one_persons_faces_is_that_person(facerec, aligned, installed, tmp_path):
    top = aligned(3, 4)
    assert facerec("csv", top, tmp_path / "l.csv").code == 0
    assert facerec("train", tmp_path / "l.csv", 75, tmp_path / "t.csv", tmp_path / "m").code == 0
    later = aligned(1, 4, where="later", first=7) / "person-7"
    later.rename(tmp_path / "bob")
    said = facerec("csv", tmp_path / "bob", tmp_path / "bob.csv")
    assert said.code == 0, said.err
    assert {one.label for one in read_examples(str(tmp_path / "bob.csv"))} == {"bob"}
    said = facerec("train", tmp_path / "bob.csv", 75, tmp_path / "t2.csv", tmp_path / "m", "--add")
    assert said.code == 0, said.err
    assert "bob" in json.loads((tmp_path / "m" / "model.json").read_text())["labels"].values()


def test_photos_that_nobody_sorted_are_no_person(facerec, face, tmp_path):
    (tmp_path / "photos").mkdir()
    for number in range(3):
        face(number, 0).save(tmp_path / "photos" / f"IMG_{number}.jpg")
    said = facerec("csv", tmp_path / "photos", tmp_path / "l.csv")
    assert (said.code, said.err.count("\n")) == (2, 1)
    assert "holds 3 pictures, but no folders of people" in said.err
    assert not (tmp_path / "l.csv").exists()


def test_one_picture_and_all_pictures_can_be_taught(facerec, aligned, installed, tmp_path):
    top = aligned(2, 1)
    assert facerec("csv", top, tmp_path / "l.csv").code == 0
    said = facerec("train", tmp_path / "l.csv", 100, tmp_path / "t.csv", tmp_path / "m")
    assert said.code == 0, said.err
    assert "model of 2 labels" in said.out
    assert f"no picture is left for testing, and {tmp_path / 't.csv'} is not written" in said.out
    assert not (tmp_path / "t.csv").exists()


def test_a_mistyped_option_gets_a_suggestion(facerec, tmp_path):
    said = facerec("train", "l.csv", 80, "t.csv", "m", "--embeding", "sface")
    assert said.code == 2
    assert 'there is no option --embeding; did you mean "--embedding"?' in said.err
    assert said.err.count("\n") == 1
    assert "yunet" in facerec("recognizemany", "--help").out


def test_groups_note_their_network(facerec, photo, tmp_path, monkeypatch, network_file):
    monkeypatch.setattr("recognizers.commands.groups.chosen_network", lambda *_, **__: str(network_file))
    monkeypatch.setitem(
        __import__("recognizers.commands.groups").commands.groups.DESCRIPTOR_DISTANCES, str(network_file), 0.5
    )
    (tmp_path / "photos").mkdir()
    for number in range(2):
        photo([9, 10], number).save(tmp_path / "photos" / f"{number}.png")
    cascade = ("--cascade", "haarcascade_frontalface_alt2.xml", "--min-neighbors", 3)
    said = facerec("crop", tmp_path / "photos", tmp_path / "out", *cascade, "--group")
    assert said.code == 0, said.err
    crops = sorted((tmp_path / "out").rglob("*.png"))
    facts = [read_facts(str(path)) for path in crops]
    assert {one.network for one in facts if one} == {str(network_file)}
    assert {one.detector for one in facts if one} == {"haarcascade_frontalface_alt2.xml"}
    for path, one in zip(crops, facts, strict=True):
        assert one is not None
        assert np.asarray(Image.open(path)).shape[0] >= one.box[3] - one.box[1]
        assert one.photo.startswith(str(tmp_path / "photos"))
