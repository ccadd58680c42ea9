from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from recognizers.faces.dataset import read_examples
from recognizers.faces.folderrecord import FolderRecord, write_record
from tests.recognizers.facenetworks import write_network


@pytest.fixture
def family(facerec, face_folder, tmp_path, network_file):
    """`family(people)`: the list of the pictures of that many people, and a model of them."""

    def teach(people: int, *options: object) -> tuple[Path, Path]:
        listing = listed(facerec, face_folder(people, 5), tmp_path / f"{people}.csv")
        said = facerec("train", listing, 80, tmp_path / "t.csv", tmp_path / "m", *options or embedding())
        assert said.code == 0, said.err
        return listing, tmp_path / "m"

    def embedding() -> tuple[object, ...]:
        return ("--embedding", network_file)

    return teach


def listed(facerec, top: Path, path: Path) -> Path:
    assert facerec("csv", top, path).code == 0
    return path


def record_of(model: Path) -> dict:
    return json.loads((model / "model.json").read_text())


def rows_of(model: Path) -> np.ndarray:
    return np.load(model / "embedding.npy")


def test_a_model_of_embedding_alone(facerec, family, tmp_path, network_file):
    _, model = family(4)
    assert sorted(path.name for path in model.iterdir()) == ["embedding.npy", "model.json"]
    record = record_of(model)
    assert (record["width"], record["height"], record["format"]) == (112, 112, 2)
    assert list(record["methods"]) == ["embedding"]
    assert record["network"]["name"] == str(network_file)
    assert set(record["network"]["sha256"]) == {"small.onnx"}
    assert record["images_per_label"] == {f"person-{person}": 4 for person in range(4)}
    assert rows_of(model)["descriptor"].shape == (16, 48)
    said = facerec("test", tmp_path / "t.csv", model, "--json", tmp_path / "n.json")
    assert said.code == 0, said.err
    assert "expected=person-0 | embedding=person-0\n" in said.out
    assert "Embedding accuracy:  1.0\n" in said.out
    assert "Vote" not in said.out
    assert json.loads((tmp_path / "n.json").read_text())["strategies"]["embedding"]["accuracy"] == 1


def test_pictures_of_any_size_and_a_warning_that_they_are_not_aligned(facerec, face, tmp_path, network_file):
    for person in range(3):
        (tmp_path / "f" / str(person)).mkdir(parents=True)
        for picture in range(3):
            face(person, picture, 40 + 30 * picture).save(tmp_path / "f" / str(person) / f"{picture}.png")
    listing = listed(facerec, tmp_path / "f", tmp_path / "l.csv")
    said = facerec("train", listing, 67, tmp_path / "t.csv", tmp_path / "m", "--embedding", network_file)
    assert said.code == 0, said.err
    assert "training on 6 pictures of 3 labels\n" in said.out
    assert "warning: the pictures are not aligned, as this network needs them" in said.out
    mixed = facerec("train", listing, 67, tmp_path / "t.csv", tmp_path / "m", 1, "--embedding", network_file)
    assert mixed.code == 2
    assert "pictures are not" in mixed.err


def test_all_four_and_their_vote(facerec, family, tmp_path, network_file):
    _, model = family(4, 1, 1, 1, "--embedding", network_file)
    assert list(record_of(model)["methods"]) == ["eigen", "fischer", "lbp", "embedding"]
    said = facerec("test", tmp_path / "t.csv", model, "--plot", tmp_path / "charts")
    assert (
        "eigen=person-0 | fischer=person-0 | lbph=person-0 | embedding=person-0 | vote=person-0" in said.out
    )
    assert (tmp_path / "charts" / "distances-embedding.png").exists()
    assert "embedding" not in facerec("test", tmp_path / "t.csv", model, "--no-embedding").out
    picture = read_examples(str(tmp_path / "t.csv"))[0].path
    asked = facerec("recognize", picture, "person-0", model, 0, 0, 0).out
    assert asked.startswith("Embedding: person-0 at distance 0.")
    assert "a pipeline would say: person-0" in asked


def test_a_stricter_rate_is_a_shorter_distance(family, network_file):
    limits = []
    for rate in (0.001, 0.01, 0.2):
        _, model = family(4, "--false-accept-rate", rate, "--embedding", network_file)
        limits.append(record_of(model)["methods"]["embedding"]["unknown_distance"])
    assert limits == sorted(limits)


def test_people_are_added_and_nothing_else_changes(facerec, family, face_folder, tmp_path):
    _, model = family(3)
    before, record = rows_of(model), record_of(model)
    later = face_folder(2, 5, where="later", first=8)
    shutil.copytree(face_folder(1, 7, where="more") / "person-0", later / "person-0")
    listing = listed(facerec, later, tmp_path / "later.csv")
    said = facerec("train", listing, 60, tmp_path / "t2.csv", model, "--add")
    assert said.code == 0, said.err
    assert "model of 5 labels in" in said.out
    after = record_of(model)
    assert (rows_of(model)[: len(before)] == before).all()
    assert after["labels"] == record["labels"] | {"3": "person-8", "4": "person-9"}
    assert after["images_per_label"]["person-8"] == 3
    new = int(rows_of(model)["number"][len(before) :].tolist().count(0))
    assert after["images_per_label"]["person-0"] == 4 + new
    assert after["network"] == record["network"]
    assert after["false_accept_rate"] == 0.01
    assert set(record["training_files"]) < set(after["training_files"])
    tested = facerec("test", tmp_path / "t2.csv", model)
    assert "Embedding accuracy:  1.0\n" in tested.out
    assert "person-8" in tested.out


def test_what_was_taught_already_is_not_taught_twice(facerec, family, tmp_path):
    listing, model = family(3)
    before = {path.name: path.read_bytes() for path in model.iterdir()}
    said = facerec("train", listing, 80, tmp_path / "t2.csv", model, "--add")
    assert said.code == 2
    assert "holds all of these pictures already" in said.err
    assert {path.name: path.read_bytes() for path in model.iterdir()} == before
    more = facerec("train", listing, 80, tmp_path / "t2.csv", model, "--add", "--seed", 5)
    assert "it has already" in more.out
    assert len(rows_of(model)) == len(set(record_of(model)["training_files"])) > 12


def test_what_cannot_be_added_to(facerec, family, tmp_path, network_file):
    listing, model = family(3)
    other = write_network(tmp_path / "other.onnx", numbers=32)
    classic = tmp_path / "classic"
    assert facerec("train", listing, 80, tmp_path / "t2.csv", classic, 1, 0, 0).code == 0
    for words, says, code in (
        ((model, 1, "--add"), "--add works with embedding only", 2),
        ((model, "--add", "--embedding", other), f"trained with the network {network_file}, not {other}", 2),
        ((classic, "--add"), "has Eigenfaces, and people can be added to a model of embedding only", 2),
        ((tmp_path / "none", "--add"), "give the directory that facerec_train.py train wrote", 3),
    ):
        said = facerec("train", listing, 80, tmp_path / "t3.csv", *words)
        assert (said.code, said.err.count("\n")) == (code, 1), said.err
        assert says in said.err
    assert not (tmp_path / "t3.csv").exists()
    network_file.write_bytes(other.read_bytes())
    said = facerec("train", listing, 80, tmp_path / "t3.csv", model, "--add", "--seed", 5)
    assert said.code == 3
    assert "has changed since the model was trained" in said.err


def test_aligned_faces_are_not_added_to_others(facerec, family, face_folder, tmp_path):
    _, model = family(3)
    later = face_folder(1, 3, where="later", first=8)
    write_record(str(later), FolderRecord(margin=0.1, aligned=True))
    listing = listed(facerec, later, tmp_path / "later.csv")
    said = facerec("train", listing, 60, tmp_path / "t2.csv", model, "--add")
    assert (said.code, said.err.count("\n")) == (2, 1)
    assert "is aligned, and the model's faces are not aligned; crop the photos as those were" in said.err


def test_networks_that_cannot_be_had(facerec, family, tmp_path, monkeypatch):
    listing, _ = family(2)
    monkeypatch.setenv("DEEPVISUALMINER_CACHE", str(tmp_path / "cache"))
    (tmp_path / "text.onnx").write_text("hello")
    for words, says, code in (
        (("--embedding", "facenet"), '"facenet" is not a network for faces; give sface, dlib-face, or', 2),
        (("--embedding", tmp_path / "none.onnx"), "none.onnx: there is no such file", 3),
        (("--embedding", tmp_path / "text.onnx"), "text.onnx: ONNX Runtime cannot use it", 3),
        (("--embedding", "sface"), "is not here; type:", 3),
        (("--embedding",), "the faces are not aligned, as sface needs them; crop ", 3),
        ((0, 0, 0), "all strategies are switched off", 2),
    ):
        said = facerec("train", listing, 80, tmp_path / "t3.csv", tmp_path / "m3", *words)
        assert (said.code, said.err.count("\n")) == (code, 1), said.err
        assert says in said.err
    swallowed = facerec("train", "--embedding", listing, 80, tmp_path / "t3.csv", tmp_path / "m3")
    assert swallowed.code == 2
    assert "put --embedding last" in swallowed.err
