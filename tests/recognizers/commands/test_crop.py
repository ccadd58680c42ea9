from __future__ import annotations

import json
import os

import pytest
from PIL import Image

from tests.drawnfaces import DETECTABLE

CASCADE = ("--cascade", "haarcascade_frontalface_alt2.xml", "--min-neighbors", 3)

PIPELINE = """\
pipeline:
- name: faces
  type: simpledetector
  inputs: [files]
  params: {model: haarcascade_frontalface_alt2.xml, outputlabel: face}
- name: eyes
  type: simpledetector
  inputs: [faces]
  params: {model: haarcascade_eye.xml, outputlabel: eye}
- name: report
  type: jsonreportwriter
  inputs: [faces]
"""


@pytest.fixture
def album(photo, tmp_path):
    """Photos of two people at a time, in folders."""
    for index in range(4):
        folder = tmp_path / "album" / str(2019 + index % 2)
        folder.mkdir(parents=True, exist_ok=True)
        photo([9, 10], index).save(folder / f"IMG_{index}.png")
    return tmp_path / "album"


def tree(top):
    return sorted(str(path.relative_to(top)) for path in top.rglob("*.png"))


def test_faces_are_cut_out_with_a_margin_that_is_remembered(facerec, album, tmp_path):
    said = facerec("crop", album, tmp_path / "out", *CASCADE, "--margin", 0.25)
    assert said.code == 0, said.err
    assert f"8 faces in 4 photos, in {tmp_path / 'out'}" in said.out
    assert tree(tmp_path / "out")[:2] == ["2019/IMG_0.png-face-1.png", "2019/IMG_0.png-face-2.png"]
    assert json.loads((tmp_path / "out" / "faces.json").read_text())["margin"] == 0.25
    assert facerec("crop", album, tmp_path / "tight", *CASCADE, "--margin", 0).code == 0
    for name in tree(tmp_path / "out"):
        wide, tight = (Image.open(tmp_path / kind / name).size for kind in ("out", "tight"))
        assert wide[0] == pytest.approx(1.5 * tight[0], abs=1)


def test_likely_equal_faces_come_into_folders(facerec, album, tmp_path):
    out = tmp_path / "out"
    said = facerec("crop", album, out, *CASCADE, "--group", "--group-by", "lbp", "--group-distance", 118)
    assert said.code == 0, said.err
    names = tree(out)
    assert len(names) == 8
    groups = {os.path.dirname(name) for name in names}
    assert "group-001" in groups
    assert any(name.endswith("2019--IMG_0.png-face-1.png") for name in names)
    for group in groups - {"_single"}:
        photos = [name.split("-face-")[0] for name in names if name.startswith(group)]
        assert len(photos) == len(set(photos)) > 1
    again = facerec("crop", album, out, *CASCADE, "--group", "--group-by", "lbp")
    assert again.code == 2
    assert "is not empty" in again.err


def test_any_detector_of_a_pipeline_file(facerec, album, tmp_path):
    (tmp_path / "p.yml").write_text(PIPELINE)
    pipeline = ("--pipeline", tmp_path / "p.yml")
    assert facerec("crop", album, tmp_path / "a", *pipeline, "--component", "faces").code == 0
    assert len(tree(tmp_path / "a")) == 8
    eyes = facerec("crop", album, tmp_path / "b", *pipeline)
    assert eyes.code == 0
    assert f"{len(tree(tmp_path / 'b'))} faces in 4 photos" in eyes.out
    assert tree(tmp_path / "b") != tree(tmp_path / "a")
    none = facerec("crop", album, tmp_path / "c", *pipeline, "--component", "faces", "--label", "cat")
    assert "0 faces in 4 photos" in none.out
    large = facerec("crop", album, tmp_path / "d", *pipeline, "--component", "faces", "--min-size", 500)
    assert "0 faces in 4 photos" in large.out


def test_bad_input(facerec, album, tmp_path):
    (tmp_path / "p.yml").write_text(PIPELINE)
    (tmp_path / "bad.yml").write_text(PIPELINE.replace("simpledetector", "simpledetecter"))
    for words, says in (
        (("--cascade", "nocascade.xml"), "nocascade.xml"),
        (
            ("--pipeline", tmp_path / "p.yml", "--component", "mouths"),
            'no detector "mouths"; it has faces, eyes',
        ),
        (("--component", "faces"), "give it with --pipeline"),
        (("--margin", "2"), "expected a number from 0 to 1"),
        (("--group-distance", "0"), "expected a number above 0"),
    ):
        said = facerec("crop", album, tmp_path / "out", *words)
        assert said.code == 2
        assert says in said.err
        assert said.err.count("\n") == 1
    assert facerec("crop", album, tmp_path / "out", "--pipeline", tmp_path / "bad.yml").code == 2
    assert not (tmp_path / "out").exists()
    assert set(DETECTABLE) >= {9, 10}


def test_a_damaged_photo_is_named(facerec, album, tmp_path):
    path = album / "2019" / "IMG_0.png"
    path.write_bytes(path.read_bytes()[:5000])
    said = facerec("crop", album, tmp_path / "out", *CASCADE)
    assert said.code == 1
    assert f"left out: {path}: the PNG file ends too early" in said.out
    assert len(tree(tmp_path / "out")) == 6
