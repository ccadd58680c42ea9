"""Corrections in runs of the program: obeyed in the corrected file, and nowhere else."""

from __future__ import annotations

import json
import os
import shutil

import pytest

from recognizers.corrections.store import CorrectionStore, FacePicture, store_beside
from recognizers.unknown.minedfaces import iter_mined_faces
from recognizers.unknown.pictures import ALIGNED, cut_faces, write_picture
from tests.recognizers.minedcollection import FACES, draw, draw_video, mine, names
from tests.running import pipeline_file, run


@pytest.fixture
def family(facerec, tmp_path, monkeypatch, network_file):
    """A model of two people with crops of mined photos; and photos and a video that are not mined yet."""
    for picture in range(3):
        draw(tmp_path / "teaching", f"{picture}.png", [5, 10], picture)
    mine(tmp_path, photos="teaching", out="teaching-out")
    for one in cut_faces(list(iter_mined_faces(tmp_path / "teaching-out")), ALIGNED, []):
        write_picture(one, tmp_path / "faces" / ("ann" if one.face.box.x1 < 100 else "bob"))
    monkeypatch.chdir(tmp_path)
    assert facerec("csv", "faces", "list.csv").code == 0
    words = ("train", "list.csv", 100, "test.csv", "familymodel", "--embedding", network_file)
    assert facerec(*words).code == 0
    draw(tmp_path / "photos", "party.png", [5, 10], 5)
    draw(tmp_path / "photos", "other.png", [5], 6)
    draw_video(tmp_path / "photos", "clip.mkv", [10], 5)
    return tmp_path


@pytest.fixture
def store(family):
    return CorrectionStore(store_beside(str(family / "familymodel")))


def mined(folder, out="mined"):
    """Run the program; the labels of the faces of each file, and what the run said."""
    pipeline_file(folder / "people.yml", FACES, *names(folder / "familymodel"))
    words = (folder / "photos", folder / out, folder / "people.yml", "--allow-plugins", "--workers", "0")
    done = run(*map(os.fspath, words))
    assert done.returncode == 0, done.stderr
    return {name: labels_in(folder / out / f"{name}.json") for name in ("party.png", "other.png", "clip.mkv")}


def labels_in(report):
    frames = json.loads(report.read_text())["frames"]
    return [[[label["label"] for label in face["labels"]] for face in frame["names"]] for frame in frames]


def picture(folder, name, x, out="mined"):
    """A face of a mined file, in all of its frames."""
    faces = iter_mined_faces(folder / out, source_name=name)
    return [FacePicture(face.key, face.size_bytes, face.path) for face in faces if face.box.x1 == x]


def reports(folder):
    return {path.name: path.stat().st_mtime_ns for path in (folder / "mined").glob("*.json")}


PARTY = [[["ann"], ["bob"]]]
CLIP = [[["bob"]]] * 5


def test_a_correction_changes_its_photo_alone_and_can_be_taken_back(family, store):
    assert mined(family) == {"party.png": PARTY, "other.png": [[["ann"]]], "clip.mkv": CLIP}
    before = reports(family)
    store.name(picture(family, "party.png", 48), "Zoë")
    assert mined(family) == {"party.png": [[["Zoë"], ["bob"]]], "other.png": [[["ann"]]], "clip.mkv": CLIP}
    report = json.loads((family / "mined" / "party.png.json").read_text())
    assert report["frames"][0]["names"][0]["labels"] == [{"label": "Zoë", "method": "correction"}]
    after = reports(family)
    assert {name for name in before if before[name] != after[name]} == {"party.png.json"}
    store.not_a_face(picture(family, "party.png", 240))
    assert mined(family)["party.png"] == [[["Zoë"]]]
    store.undo()
    store.undo()
    assert mined(family)["party.png"] == PARTY


def test_a_wrong_name_is_unknown_in_every_frame_of_a_video(family, store):
    mined(family)
    store.not_name(picture(family, "clip.mkv", 48), "bob")
    assert mined(family)["clip.mkv"] == [[["unknown"]]] * 5


def test_another_output_and_a_renamed_copy_obey_at_once(family, store):
    mined(family)
    store.name(picture(family, "clip.mkv", 48), "carl")
    store.name(picture(family, "party.png", 48), "carl")
    shutil.copy(family / "photos" / "party.png", family / "photos" / "copy.png")
    found = mined(family, "elsewhere")
    assert (found["clip.mkv"], found["party.png"]) == ([[["carl"]]] * 5, [[["carl"], ["bob"]]])
    assert labels_in(family / "elsewhere" / "copy.png.json") == [[["carl"], ["bob"]]]


def test_the_classic_strategies_obey_too(facerec, family, store):
    assert facerec("train", "list.csv", 100, "test.csv", "familymodel", "--classic").code == 0
    mined(family)
    before = reports(family)
    store.name(picture(family, "other.png", 48), "carl")
    assert mined(family)["other.png"] == [[["carl"]]]
    after = reports(family)
    assert {name for name in before if before[name] != after[name]} == {"other.png.json"}


def test_faces_that_were_named_before_there_is_a_model(family, store):
    shutil.rmtree(family / "familymodel")
    assert mined(family)["party.png"] == [[]]
    store.name(picture(family, "party.png", 240), "bob")
    assert mined(family) == {"party.png": [[["bob"]]], "other.png": [[]], "clip.mkv": [[]] * 5}


def test_a_damaged_log_ends_the_run_with_a_sentence(family, store):
    mined(family)
    store.name(picture(family, "party.png", 48), "carl")
    with store.log_path.open("a") as stream:
        stream.write("{}\n")
    words = (family / "photos", family / "mined", family / "people.yml", "--allow-plugins")
    done = run(*map(os.fspath, words))
    assert done.returncode == 2
    assert "corrections.jsonl:2: is no correction" in done.stderr
    assert "Traceback" not in done.stderr
