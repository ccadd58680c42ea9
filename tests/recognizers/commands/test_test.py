from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from recognizers.faces.dataset import list_face_folder, write_examples


@pytest.fixture
def tested(model_directory, face_folder, tmp_path):
    """A model of 4 people with unknown distances, and a list of their pictures and of two strangers'."""
    distances = {"eigen": 700.0, "fischer": 180.0, "lbp": 170.0}
    model = model_directory(methods={name: {"unknown_distance": far} for name, far in distances.items()})
    write_examples(str(tmp_path / "test.csv"), list_face_folder(str(face_folder(6, 3))).examples())
    return tmp_path / "test.csv", model


def test_what_the_2017_program_said_and_more(facerec, tested):
    said = facerec("test", *tested, 1, 1, 1)
    assert said.code == 0, said.err
    lines = said.out.splitlines()
    answers = " | ".join(f"{name}=person-0" for name in ("expected", "eigen", "fischer", "lbph", "vote"))
    assert lines[0].endswith(f"person-0/0.png: {answers}")
    accuracy = [line.split(":  ") for line in lines if " accuracy:  " in line]
    assert [name for name, _ in accuracy] == [
        "Eigenfaces accuracy",
        "Fisherfaces accuracy",
        "LBPH accuracy",
        "Vote accuracy",
    ]
    assert all(0.8 < float(value.split()[0]) <= 1 for _, value in accuracy)
    assert any(line.startswith("  person-3     3 of 3") for line in lines)
    assert any(line.startswith("  Vote: of 12 known faces right") for line in lines)
    assert any(line.startswith("  Vote: of 6 strangers named") for line in lines)
    assert "Confusion, right label -> answer:" in lines


def test_numbers_and_charts(facerec, tested, tmp_path):
    said = facerec("test", *tested, "--json", tmp_path / "n.json", "--plot", tmp_path / "charts")
    assert said.code == 0, said.err
    numbers = json.loads((tmp_path / "n.json").read_text())
    assert (numbers["pictures"], numbers["strangers"], numbers["taught"]) == (12, 6, 0)
    vote = numbers["strategies"]["vote"]
    assert f"Vote accuracy:  {round(vote['accuracy'], 6)} " in said.out
    assert abs(sum(vote["with_unknown_distance"].values()) - 1) < 1e-9
    assert sum(row["pictures"] for row in vote["confusion"]) == 12
    assert len(numbers["strategies"]["lbp"]["distances"]["strangers"]) == 6
    names = [f"{kind}.png" for kind in ("confusion-eigen", "confusion-vote", "distances-lbp")]
    for name in names:
        assert np.asarray(Image.open(tmp_path / "charts" / name)).std() > 0
        assert f"chart: {tmp_path / 'charts' / name}" in said.out


def test_one_strategy_and_no_unknown_distances(facerec, tested, model_directory):
    said = facerec("test", tested[0], model_directory("plain"), 0, 0, 1)
    assert said.code == 0
    assert "Vote" not in said.out
    assert "The model has no unknown distances" in said.out


def test_testing_on_taught_pictures_is_said(facerec, face_folder, tmp_path):
    write_examples(str(tmp_path / "all.csv"), list_face_folder(str(face_folder(3, 4))).examples())
    assert facerec("train", tmp_path / "all.csv", 50, tmp_path / "t.csv", tmp_path / "m", 0, 0, 1).code == 0
    assert "warning" not in facerec("test", tmp_path / "t.csv", tmp_path / "m", 0, 0, 1).out
    said = facerec("test", tmp_path / "all.csv", tmp_path / "m", 0, 0, 1, "--json", tmp_path / "n.json")
    assert "warning: the model was trained with 6 of these 12 pictures, such as " in said.out
    assert json.loads((tmp_path / "n.json").read_text())["taught"] == 6


def test_a_method_that_is_missing(facerec, tested):
    Path(tested[1], "fischer.yml").unlink()
    said = facerec("test", *tested, 1, 1, 1)
    assert said.code == 3
    assert "has no fischer.yml (it has eigen, lbp)" in said.err
    assert said.err.count("\n") == 1
    assert facerec("test", *tested, 1, 0, 1).code == 0
    assert facerec("test", *tested, 0, 0, 0).code == 2


def test_many_unknown_faces_are_explained(facerec, tested, model_directory):
    strict = model_directory("strict", methods={"eigen": {"unknown_distance": 1.0}}, false_accept_rate=0.02)
    said = facerec("test", tested[0], strict, 1, 0, 0)
    assert "Many known faces are called unknown" in said.out
    assert "--false-accept-rate 0.1," in said.out
    assert "Many known" not in facerec("test", *tested).out


def test_only_strangers(facerec, model_directory, face_folder, tmp_path):
    strangers = list_face_folder(str(face_folder(2, 2, where="strange", first=10))).examples()
    write_examples(str(tmp_path / "s.csv"), strangers)
    model = model_directory(methods={name: {"unknown_distance": 1.0} for name in ("eigen", "fischer", "lbp")})
    said = facerec("test", tmp_path / "s.csv", model, "--plot", tmp_path / "charts")
    assert said.code == 0, said.err
    assert "accuracy" not in said.out
    assert "  Vote: of 4 strangers named 0.000" in said.out
    listed = [line for line in said.out.splitlines() if ": expected=person-1" in line]
    assert len(listed) == 4
    assert all(line.endswith(" | too far, so unknown: eigen, fischer, lbph") for line in listed)
    assert sorted(path.name for path in (tmp_path / "charts").iterdir()) == [
        "distances-eigen.png",
        "distances-fischer.png",
        "distances-lbp.png",
    ]
