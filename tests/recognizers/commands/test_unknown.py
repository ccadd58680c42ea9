from __future__ import annotations

import json
import shutil

import pytest
from PIL import Image

from pipeline.errors import OutputError
from recognizers.corrections.store import CorrectionStore, FacePicture
from recognizers.faces.folderrecord import read_facts
from recognizers.unknown.minedfaces import iter_mined_faces
from recognizers.unknown.pictures import ALIGNED, cut_faces, write_picture
from tests.recognizers.minedcollection import REPORT, draw, draw_video, mine
from tests.running import component


@pytest.fixture(autouse=True)
def small_network(monkeypatch, network_file):
    """The small network stands for the one that is installed; it tells drawn people apart."""
    monkeypatch.setattr("recognizers.commands.unknown.chosen_network", lambda *_, **__: str(network_file))


@pytest.fixture
def collection(tmp_path, monkeypatch):
    """Three photos of one person with others, and a video of a fourth."""
    for picture, other in enumerate((9, 10, 11)):
        draw(tmp_path / "photos", f"{picture}.png", [5, other], picture)
    draw_video(tmp_path / "photos", "clip.mkv", [16], 6)
    monkeypatch.chdir(tmp_path)
    mine(tmp_path)
    return tmp_path


def tree(top):
    return {str(path.relative_to(top)) for path in top.rglob("*.png")}


def of_person(top, first=True):
    """Paths of the pictures of the person on the left, or of the others."""
    return {
        path.parent.name
        for path in top.rglob("*.png")
        if (facts := read_facts(str(path))) and facts.photo.endswith(".png") and (facts.box[0] < 100) is first
    }


WORDS = ("unknown", "out", "faces", "--group-distance", 0.47)


def test_unknown_faces_come_into_groups_with_a_contact_sheet(facerec, collection):
    said = facerec(*WORDS)
    assert said.code == 0, said.err
    assert "7 unknown faces: 1 group of likely equal faces, and 4 single faces in _single/" in said.out
    assert "7 new pictures in faces" in said.out
    assert "next: rename the folder of each person that you know" in said.out
    faces = collection / "faces"
    assert of_person(faces) == {"group-001"}
    assert len(list((faces / "group-001").iterdir())) == 3
    assert len(list((faces / "_single").iterdir())) == 4
    sheet = Image.open(faces / "groups.jpg")
    assert (sheet.format, sheet.height) == ("JPEG", 108)
    assert sheet.convert("L").crop((0, 0, 160, 108)).getextrema()[0] < 120
    facts = read_facts(str(next((faces / "group-001").iterdir())))
    assert (facts.aligned, facts.network is not None) == (True, True)


def test_a_second_night_adds_new_faces_and_moves_nothing_of_the_users(facerec, collection):
    facerec(*WORDS)
    faces = collection / "faces"
    (faces / "group-001").rename(faces / "ann")
    deleted = next((faces / "_single").iterdir())
    deleted.unlink()
    before = {name: (faces / name).stat().st_mtime_ns for name in tree(faces)}
    said = facerec(*WORDS)
    assert "0 new pictures in faces" in said.out
    assert {name: (faces / name).stat().st_mtime_ns for name in tree(faces)} == before
    draw(collection / "photos", "9.png", [22], 7)
    draw(collection / "photos", "91.png", [22], 8)
    mine(collection)
    said = facerec(*WORDS)
    assert "2 new pictures in faces" in said.out
    assert (
        tree(faces) - set(before) == {name for name in tree(faces) if name.startswith("group-002/9")} != set()
    )


def test_a_single_face_moves_into_the_group_that_it_forms_with_a_new_one(facerec, collection):
    facerec(*WORDS)
    draw(collection / "photos", "later.png", [10], 4)
    mine(collection)
    facerec(*WORDS)
    group = collection / "faces" / "group-002"
    assert {path.name.split("-face-")[0] for path in group.iterdir()} == {"1.png", "later.png"}
    assert len(list((collection / "faces" / "_single").iterdir())) == 3


def test_groups_without_a_name_are_not_trained(facerec, collection, network_file):
    facerec(*WORDS)
    draw(collection / "photos", "later.png", [10], 4)
    mine(collection)
    facerec(*WORDS)
    (collection / "faces" / "group-001").rename(collection / "faces" / "ann")
    said = facerec("csv", "faces", "people.csv")
    assert "5 pictures of 2 labels in people.csv" in said.out
    assert "groups.j" not in said.out
    words = ("train", "people.csv", 100, "test.csv", "model", "--embedding", network_file)
    strict = facerec(*words, "--strict")
    assert (strict.code, (collection / "model").exists()) == (2, False)
    said = facerec(*words)
    assert (
        'warning: the label "group-002" is the name of a group; rename its folder to the name of ' in said.out
    )
    assert "groups without a name are not trained" in said.out
    assert json.loads((collection / "model" / "model.json").read_text())["labels"] == {"0": "ann"}


def test_corrected_faces_and_faces_of_other_folders_are_not_asked_for_again(facerec, collection):
    store = CorrectionStore(collection / "familymodel-corrections")
    for face in iter_mined_faces(collection / "out", source_name="0.png"):
        store.name([FacePicture(face.key, face.size_bytes, face.path)], "ann")
    assert "5 unknown faces" in facerec(*WORDS).out
    (cut,) = cut_faces(list(iter_mined_faces(collection / "out", source_name="1.png"))[:1], ALIGNED, [])
    facerec("unknown", "out", "others")
    shutil.rmtree(collection / "others")
    write_picture(cut, collection / "others" / "ann")
    said = facerec("unknown", "out", "others")
    assert "4 new pictures in others" in said.out


def test_faces_that_the_search_page_grouped_first_are_cut_too(facerec, collection):
    facerec(*WORDS)
    before = tree(collection / "faces")
    state = json.loads((collection / "faces" / "groups.json").read_text())
    assert all(face.pop("is_cut") for face in state["faces"])
    shutil.rmtree(collection / "faces")
    (collection / "faces").mkdir()
    (collection / "faces" / "groups.json").write_text(json.dumps(state))
    assert "7 new pictures in faces" in facerec(*WORDS).out
    assert tree(collection / "faces") == before


def test_a_run_that_ends_before_it_remembers_its_groups_is_repeated(facerec, collection, monkeypatch):
    with monkeypatch.context() as broken:
        broken.setattr("recognizers.commands.unknown.write_groups", _no_space)
        said = facerec(*WORDS)
        assert (said.code, "no space left" in said.err) == (3, True)
    cut = tree(collection / "faces")
    assert len(cut) == 7
    assert not (collection / "faces" / "groups.json").exists()
    assert facerec(*WORDS).code == 0
    assert tree(collection / "faces") == cut
    assert "0 new pictures" in facerec(*WORDS).out


def _no_space(*_):
    raise OutputError("no space left")


def test_a_group_that_looks_like_a_person_with_a_folder_is_told(facerec, collection):
    facerec(*WORDS)
    (collection / "faces" / "group-001").rename(collection / "faces" / "ann")
    for picture in (6, 7):
        draw(collection / "photos", f"late-{picture}.png", [5, 9], picture)
    mine(collection)
    said = facerec(*WORDS).out
    assert "group-003 may show ann: put its faces into that folder if so" in said
    assert "group-002 may" not in said
    assert "may show" not in facerec("unknown", "out", "faces", "--group-distance", 0.01).out


def test_names_from_another_program_are_told(facerec, collection):
    for name, rect in (("0.png", [40, 30, 150, 170]), ("1.png", [44, 40, 150, 150])):
        path = collection / "out" / f"{name}.json"
        report = json.loads(path.read_text())
        frames = report.pop("frames")
        report["named_faces"] = [{"name": "Ann Äß", "rect": rect}]
        path.write_text(json.dumps(report | {"frames": frames}, indent=2))
    assert 'group-001: called "Ann Äß" in another program' in facerec(*WORDS).out


def test_one_face_can_be_taught(facerec, tmp_path, monkeypatch, network_file):
    draw(tmp_path / "photos", "a.png", [5], 1)
    monkeypatch.chdir(tmp_path)
    mine(tmp_path)
    said = facerec(*WORDS)
    assert "0 groups of likely equal faces, and 1 single face" in said.out
    assert (
        "next: move the faces of people that you know from _single into folders with their names" in said.out
    )
    (tmp_path / "faces" / "_single").rename(tmp_path / "faces" / "ann")
    assert facerec("csv", "faces", "one.csv").code == 0
    said = facerec("train", "one.csv", 80, "t.csv", "model", "--embedding", network_file)
    assert said.code == 0, said.err
    assert "training on 1 picture of 1 label" in said.out


def test_small_faces_and_faces_without_landmarks_are_told(facerec, collection):
    said = facerec("unknown", "out", "faces", "--min-size", 500)
    assert "left out: 7 faces smaller than 500 pixels (--min-size)" in said.out
    report = json.loads((collection / "out" / "0.png.json").read_text())
    for found in report["frames"][0]["faces"]:
        del found["landmarks"]
        found["labels"] = [{"label": "unknown", "method": "lbp", "distance": 9.0}]
    (collection / "out" / "0.png.json").write_text(json.dumps(report, indent=2))
    said = facerec(*WORDS)
    assert "left out: 2 faces without landmarks, which only a facedetector finds" in said.out


def test_a_photo_that_is_gone_is_named_and_tried_again(facerec, collection):
    shutil.move(collection / "photos" / "0.png", collection / "away.png")
    said = facerec(*WORDS)
    assert said.code == 1
    assert "/0.png: there is no such file" in said.out
    shutil.move(collection / "away.png", collection / "photos" / "0.png")
    assert "2 new pictures in faces" in facerec(*WORDS).out
    assert len(list((collection / "faces" / "group-001").iterdir())) == 3


def test_wrong_folders(facerec, collection):
    for words, says in (
        (("nothing", "faces"), "there is no such folder; give the OUTPUT folder"),
        (("photos", "faces"), "photos: holds no reports; give the OUTPUT folder"),
        (("out", "out"), "lies in OUTPUT"),
        (("out", "out/faces"), "lies in OUTPUT"),
        (("out", "faces", "--group-distance", 112), "no two faces are more than 2 apart"),
    ):
        said = facerec("unknown", *words)
        assert (said.code, said.err.count("\n")) == (2, 1)
        assert says in said.err
    assert not (collection / "faces").exists()


def test_an_output_without_faces(facerec, tmp_path):
    draw(tmp_path / "photos", "a.png", [1], 1)
    mine(tmp_path, component("faces", "tests.plugins.routes:Echoes"), REPORT)
    said = facerec("unknown", tmp_path / "out", tmp_path / "faces")
    assert said.code == 0
    assert "no report shows a face without a name" in said.out
