from __future__ import annotations

import json
import os

import numpy as np
import pytest
from PIL import Image

from recognizers.commands.arguments import TYPED
from tests.detectors.onnx import graphs
from tests.detectors.onnx.graphs import saved
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
    assert said.out.endswith(f"; then: {TYPED} csv {tmp_path / 'out'} dataset.csv\n")
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
    assert Image.open(out / "groups.jpg").height == 6 + 102 * len(groups - {"_single"})
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


@pytest.fixture
def halves(tmp_path):
    """A photo with two faces as the tiny YuNet takes them, white above and black below; and that network."""
    rgb = np.zeros((480, 640, 3), np.uint8)
    for x, y in ((96, 64), (320, 256)):
        rgb[y : y + 16, x : x + 32] = 255
    (tmp_path / "halves").mkdir()
    Image.fromarray(rgb).save(tmp_path / "halves" / "two.png")
    return tmp_path / "halves", saved(graphs.yunet(), tmp_path, "tiny.onnx")


def test_faces_found_by_yunet_are_aligned(facerec, halves, tmp_path):
    photos, yunet = halves
    said = facerec("crop", photos, tmp_path / "out", "--detector", yunet)
    assert said.code == 0, said.err
    assert f"2 faces, aligned, in 1 photo, in {tmp_path / 'out'}" in said.out
    record = json.loads((tmp_path / "out" / "faces.json").read_text())
    assert (record["aligned"], record["margin"]) == (True, 0.1)
    sizes = {Image.open(path).size for path in (tmp_path / "out").rglob("*.png")}
    assert sizes == {(200, 200)}
    plain = facerec("crop", photos, tmp_path / "plain", "--detector", yunet, "--no-align", "--margin", 0)
    assert plain.code == 0, plain.err
    assert json.loads((tmp_path / "plain" / "faces.json").read_text())["aligned"] is False
    assert {Image.open(path).size for path in (tmp_path / "plain").rglob("*.png")} == {(32, 32)}
    none = facerec("crop", photos, tmp_path / "none", "--detector", yunet, "--min-size", 33)
    assert "0 faces, aligned, in 1 photo" in none.out


def test_a_pipelines_face_detector_aligns_too(facerec, halves, tmp_path):
    photos, yunet = halves
    text = PIPELINE.replace("simpledetector", "facedetector", 1)
    text = text.replace("haarcascade_frontalface_alt2.xml", str(yunet))
    (tmp_path / "p.yml").write_text(text)
    words = ("crop", photos, tmp_path / "out", "--pipeline", tmp_path / "p.yml", "--component", "faces")
    assert "2 faces, aligned, in 1 photo" in facerec(*words).out
    eyes = facerec(*words[:2], tmp_path / "eyes", *words[3:5], "--component", "eyes", "--align")
    assert eyes.code == 2
    assert "--align needs landmarks" in eyes.err


def test_options_that_do_not_go_together(facerec, halves, tmp_path):
    photos, yunet = halves
    for words, says in (
        (("--detector", yunet, "--min-neighbors", 3), "--min-neighbors is for cascades"),
        (("--align", "--min-neighbors", 3), "add --detector yunet"),
        (("--group", "--group-by", "network"), "invalid choice"),
    ):
        said = facerec("crop", photos, tmp_path / "out", *words)
        assert (said.code, said.err.count("\n")) == (2, 1)
        assert says in said.err
    assert not (tmp_path / "out").exists()


def test_groups_by_the_network_where_it_is_here(facerec, dlib_face, famous, tmp_path):
    said = facerec("crop", famous.folder, tmp_path / "out", "--group")
    assert said.code == 0, said.err
    assert "by embedding" in said.out
    group = {path.name for path in (tmp_path / "out" / "group-001").iterdir()}
    assert len(group) >= 3
    assert all(name.startswith("obama") for name in group)
    far = facerec("crop", famous.folder, tmp_path / "far", "--group", "--group-distance", 112)
    assert far.code == 2
    assert "--group-distance 112 is in the unit of lbp" in far.err


def test_groups_without_the_network_say_how_it_would_be_better(facerec, album, tmp_path, monkeypatch):
    monkeypatch.setenv("DEEPVISUALMINER_CACHE", str(tmp_path / "cache"))
    said = facerec("crop", album, tmp_path / "out", *CASCADE, "--group")
    assert said.code == 0, said.err
    assert "by lbp" in said.out
    assert (
        "a network would compare faces much better: the faces are not aligned, as sface needs them; crop "
        "the photos with --detector yunet, or type: " in said.out
    )
    asked = facerec("crop", album, tmp_path / "out2", *CASCADE, "--group", "--group-by", "embedding")
    assert (asked.code, asked.err.count("\n")) == (3, 1)
