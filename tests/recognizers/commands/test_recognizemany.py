from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

CASCADE = "haarcascade_frontalface_alt2.xml"


@pytest.fixture
def party(photo, tmp_path):
    photo([9, 10], 0).save(tmp_path / "party.png")
    return tmp_path / "party.png"


def test_faces_are_named_printed_and_drawn(facerec, party, model_directory, tmp_path):
    said = facerec("recognizemany", party, CASCADE, model_directory(), tmp_path / "out.png", 1, 1, 1, 0)
    assert said.code == 0, said.err
    *faces, last = said.out.splitlines()
    assert last == f"2 faces, drawn into {tmp_path / 'out.png'}"
    assert all(": person-" in line and "at distance" in line for line in faces)
    before, after = np.asarray(Image.open(party)), np.asarray(Image.open(tmp_path / "out.png"))
    assert (before != after).any()


def test_it_answers_as_the_pipeline_does(facerec, party, model_directory, tmp_path):
    model = model_directory(methods={"lbp": {"unknown_distance": 0.001}})
    said = facerec("recognizemany", party, CASCADE, model, tmp_path / "out.png", 0, 0, 1)
    assert said.code == 0, said.err
    assert said.out.count("unknown (lbp at distance") == 2
    Path(model, "eigen.yml").unlink()
    missing = facerec("recognizemany", party, CASCADE, model, tmp_path / "out.png", 1, 0, 1)
    assert missing.code == 2
    assert "has no eigen.yml (it has fischer, lbp)" in missing.err
