from __future__ import annotations

import json

from PIL import Image


def test_by_position_and_by_name(facerec, face_folder, tmp_path):
    top = face_folder(2, 2)
    said = facerec("resize", top, tmp_path / "a", 40, 48, 1, 0)
    assert said.code == 0, said.err
    assert f"4 pictures of 40x48 in {tmp_path / 'a'}" in said.out
    assert facerec("resize", top, tmp_path / "b", 40, 48, "--grayscale", "--no-equalize").code == 0
    for kind in "ab":
        assert Image.open(tmp_path / kind / "person-1" / "1.png").size == (40, 48)
    first, second = ((tmp_path / kind / "person-0" / "0.png").read_bytes() for kind in "ab")
    assert first == second
    record = json.loads((tmp_path / "a" / "faces.json").read_text())
    assert (record["equalized"], record["fit"]) == (False, "stretch")


def test_fit(facerec, face_folder, tmp_path):
    said = facerec("resize", face_folder(1, 1), tmp_path / "out", 40, 80, 1, 1, "--fit", "pad")
    assert said.code == 0
    image = Image.open(tmp_path / "out" / "person-0" / "0.png")
    assert image.crop((0, 0, 40, 20)).getextrema() == (0, 0)
    assert json.loads((tmp_path / "out" / "faces.json").read_text())["fit"] == "pad"
    assert facerec("resize", tmp_path, tmp_path / "x", 4, 4, "--fit", "squeeze").code == 2


def test_damage_is_named(facerec, face_folder, tmp_path):
    top = face_folder(1, 2)
    path = top / "person-0" / "0.png"
    path.write_bytes(path.read_bytes()[:4000])
    said = facerec("resize", top, tmp_path / "out", 40, 48, 1, 0)
    assert said.code == 1
    assert f"left out: {path}: the PNG file ends too early\n1 picture of 40x48" in said.out


def test_wrong_words(facerec, face_folder, tmp_path):
    top = face_folder(1, 1)
    for words in (("0", "9", "1", "0"), ("9", "9", "2", "0"), ("9", "9", "0", "1"), ("9",)):
        said = facerec("resize", top, tmp_path / "out", *words)
        assert said.code == 2
        assert said.err.count("\n") == 1
    assert not (tmp_path / "out").exists()
