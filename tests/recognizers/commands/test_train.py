from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from recognizers.faces.dataset import read_examples


@pytest.fixture
def listed(facerec, face_folder, tmp_path):
    """A list of 4 people with 6 pictures each, 32x32."""
    top = face_folder(4, 6)
    assert facerec("resize", top, tmp_path / "small", 32, 32, 1, 0).code == 0
    said = facerec("csv", tmp_path / "small", tmp_path / "all.csv")
    assert said.code == 0
    assert f"24 pictures of 4 labels in {tmp_path / 'all.csv'}" in said.out
    return tmp_path / "all.csv"


def test_a_model_and_the_rest_to_test_with(facerec, listed, tmp_path):
    said = facerec("train", listed, 67, tmp_path / "test.csv", tmp_path / "model", 1, 1, 1)
    assert said.code == 0, said.err
    assert "training on 16 pictures of 4 labels, 32x32, not equalized" in said.out
    for title in ("Eigenfaces done in", "Fisherfaces done in", "LBPH done in"):
        assert title in said.out
    record = json.loads((tmp_path / "model" / "model.json").read_text())
    assert record["labels"] == {str(n): f"person-{n}" for n in range(4)}
    assert set(record["methods"]) == {"eigen", "fischer", "lbp"}
    assert record["false_accept_rate"] == 0.01
    tested = read_examples(str(tmp_path / "test.csv"))
    assert len(tested) == 8
    assert set(tested) < set(read_examples(str(listed)))


def test_zero_means_no(facerec, listed, tmp_path):
    """The 2017 program trained all three whatever it was told."""
    assert facerec("train", listed, 50, tmp_path / "t.csv", tmp_path / "model", 0, 0, 1).code == 0
    assert sorted(path.name for path in (tmp_path / "model").iterdir()) == ["lbp.yml", "model.json"]
    assert facerec("train", listed, 50, tmp_path / "t.csv", tmp_path / "model", "--no-lbph").code == 0
    assert sorted(path.name for path in (tmp_path / "model").iterdir()) == [
        "eigen.yml",
        "fischer.yml",
        "model.json",
    ]


def test_seed_and_false_accept_rate(facerec, listed, tmp_path):
    def train(*options):
        assert facerec("train", listed, 50, tmp_path / "t.csv", tmp_path / "m", 0, 0, 1, *options).code == 0
        record = json.loads((tmp_path / "m" / "model.json").read_text())
        return (tmp_path / "t.csv").read_bytes(), record["methods"]["lbp"]["unknown_distance"]

    first = train()
    assert train("--seed", 0) == first
    assert train("--seed", 1)[0] != first[0]
    assert train("--false-accept-rate", 0.5)[1] > first[1]


def test_labels_with_one_picture_are_taught_and_not_tested(facerec, listed, tmp_path):
    rows = list(csv.reader(listed.open(newline="")))
    (tmp_path / "one.csv").open("w", newline="").write("\r\n".join(",".join(row) for row in rows[:19]))
    said = facerec("train", tmp_path / "one.csv", 50, tmp_path / "t.csv", tmp_path / "m")
    assert said.code == 0, said.err
    assert 'label "person-3" has one picture only, which is not tested' in said.out
    assert "person-3" in (tmp_path / "m" / "model.json").read_text()
    assert "person-3" not in (tmp_path / "t.csv").read_text()


def test_bad_input_is_one_line_and_the_old_model_stays(facerec, listed, tmp_path, face_folder):
    model = tmp_path / "model"
    assert facerec("train", listed, 50, tmp_path / "t.csv", model).code == 0
    before = {path.name: path.read_bytes() for path in model.iterdir()}
    rows = list(csv.reader(listed.open(newline="")))

    def listing(name: str, changed: list[list[str]]) -> Path:
        with (tmp_path / name).open("w", newline="") as stream:
            csv.writer(stream).writerows(changed)
        return tmp_path / name

    big = face_folder(1, 2, where="big")
    cut = tmp_path / "cut.png"
    cut.write_bytes(Path(rows[0][0]).read_bytes()[:300])
    cases = [
        ((listed, 0), "PERCENT is 0"),
        ((listed, 101), "PERCENT is 101"),
        ((listed, "most"), "expected a number"),
        ((tmp_path / "none.csv", 50), "none.csv: cannot be read"),
        (
            (listing("gone.csv", [*rows, ["/gone.png", "person-0", "0"]]), 50),
            "/gone.png: there is no such file",
        ),
        ((listing("one.csv", rows[:6]), 50), '"person-0" is the only label'),
        (
            (listing("cut.csv", [[str(cut), *rows[0][1:]]] * 2 + rows), 50),
            "cut.png: the PNG file ends too early",
        ),
        (
            (listing("big.csv", [[str(big / "person-0" / "0.png"), *rows[0][1:]]] * 2 + rows), 50),
            "are not 32x32",
        ),
    ]
    for (path, percent), says in cases:
        said = facerec("train", path, percent, tmp_path / "t2.csv", model, 1, 1, 1)
        assert said.code == 2
        assert says in said.err
        assert said.err.count("\n") == 1
    assert not (tmp_path / "t2.csv").exists()
    assert {path.name: path.read_bytes() for path in model.iterdir()} == before
    assert facerec("train", listed, 50, "/proc/t.csv", model).code == 3
    assert {path.name: path.read_bytes() for path in model.iterdir()} == before


@pytest.mark.parametrize("label", ['comma, "quoted"', "Zoë Ångström", "猫 のミケ"])
def test_odd_labels_reach_the_model(facerec, face, tmp_path, label):
    for person, name in enumerate([label, "other"]):
        (tmp_path / "faces" / name).mkdir(parents=True)
        for picture in range(3):
            face(person, picture, 32).save(tmp_path / "faces" / name / f"{picture}.png")
    assert facerec("csv", tmp_path / "faces", tmp_path / "all.csv").code == 0
    assert facerec("train", tmp_path / "all.csv", 67, tmp_path / "t.csv", tmp_path / "m").code == 0
    labels = json.loads((tmp_path / "m" / "model.json").read_text(encoding="utf-8"))["labels"]
    assert set(labels.values()) == {label, "other"}
    said = facerec("test", tmp_path / "t.csv", tmp_path / "m", "--plot", tmp_path / "charts")
    assert said.code == 0, said.err
    assert f"expected={label}" in said.out
