from __future__ import annotations

import re

import numpy as np
import pytest
from PIL import Image

from tests.detectors.onnx import graphs
from tests.detectors.onnx.graphs import saved

CASCADE = "haarcascade_frontalface_alt2.xml"


@pytest.fixture
def party(photo, tmp_path):
    photo([9, 10, 12], 0).save(tmp_path / "party.png")
    return tmp_path / "party.png"


def test_boxes_are_printed_and_drawn(facerec, party, tmp_path):
    said = facerec("detect", party, CASCADE, tmp_path / "out.png")
    assert said.code == 0, said.err
    *boxes, last = said.out.splitlines()
    assert last == f"3 hits, drawn into {tmp_path / 'out.png'}"
    for line in boxes:
        x1, y1, x2, y2 = map(int, re.fullmatch(r"(\d+), (\d+), (\d+), (\d+)", line).groups())
        assert 80 <= (x1 + x2) / 2 % 320 <= 240
        assert 80 <= (y1 + y2) / 2 <= 240
    before, after = np.asarray(Image.open(party)), np.asarray(Image.open(tmp_path / "out.png"))
    assert before.shape == after.shape
    assert 0 < (before != after).any(axis=2).mean() < 0.3


def test_bad_input(facerec, party, tmp_path):
    for words, says in (
        ((party, "nocascade.xml", tmp_path / "out.png"), "nocascade.xml"),
        ((party, CASCADE, tmp_path / "out.doc"), "give a name that ends in .png"),
        ((party, CASCADE, party), "is IMG itself"),
        ((tmp_path / "none.png", CASCADE, tmp_path / "out.png"), "there is no such file"),
    ):
        said = facerec("detect", *words)
        assert said.code == 2
        assert says in said.err
        assert said.err.count("\n") == 1
    assert not (tmp_path / "out.png").exists()


def test_a_damaged_photo(facerec, party, tmp_path):
    (tmp_path / "cut.png").write_bytes(party.read_bytes()[:5000])
    said = facerec("detect", tmp_path / "cut.png", CASCADE, tmp_path / "out.png")
    assert (said.code, said.err) == (1, "the PNG file ends too early\n")


def test_yunet_stands_where_a_cascade_does(facerec, tmp_path):
    rgb = np.zeros((480, 640, 3), np.uint8)
    rgb[64:80, 96:128] = 255
    Image.fromarray(rgb).save(tmp_path / "half.png")
    yunet = saved(graphs.yunet(), tmp_path, "tiny.onnx")
    said = facerec("detect", tmp_path / "half.png", yunet, tmp_path / "out.png")
    assert said.code == 0, said.err
    assert said.out == f"96, 64, 128, 96\n1 hit, drawn into {tmp_path / 'out.png'}\n"
    other = facerec("detect", tmp_path / "half.png", tmp_path / "none.onnx", tmp_path / "out2.png")
    assert (other.code, other.err.count("\n")) == (2, 1)
    assert "none.onnx: there is no such file" in other.err
