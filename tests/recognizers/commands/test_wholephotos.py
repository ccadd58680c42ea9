from __future__ import annotations

import json
import logging
import shutil

import numpy as np
import pytest
from PIL import Image

from pipeline.models.catalog import find_model
from pipeline.models.fetch import fetch
from recognizers.faces.folderrecord import FaceFacts
from tests.recognizers.famousphotos import REGIONS


@pytest.fixture(params=["yunet", "no yunet"])
def yunet(request, monkeypatch, tmp_path):
    """With YuNet, and on a machine that does not have it."""
    if request.param == "yunet":
        fetch(find_model("yunet-2023"), logging.info)
    else:
        monkeypatch.setenv("DEEPVISUALMINER_CACHE", str(tmp_path / "cache"))


def test_unsorted_photos_are_refused_by_csv_and_train(facerec, famous, tmp_path, yunet):
    shutil.copytree(famous.folder, tmp_path / "photos" / "2019")
    said = facerec("csv", tmp_path / "photos", tmp_path / "list.csv")
    assert (said.code, said.err.count("\n")) == (2, 1)
    assert "photos: lists whole photos, such as " in said.err
    assert "crop PHOTOS FACES --group" in said.err
    assert not (tmp_path / "list.csv").exists()
    rows = [f"{path},2019,0" for path in sorted((tmp_path / "photos" / "2019").iterdir())]
    (tmp_path / "list.csv").write_text("\n".join(rows))
    said = facerec("train", tmp_path / "list.csv", 80, tmp_path / "t.csv", tmp_path / "m", 1, 0, 1)
    assert said.code == 2
    assert "lists whole photos" in said.err
    assert not (tmp_path / "m").exists()


def test_photos_without_people_do_not_hide_that_the_others_are_whole(facerec, famous, tmp_path):
    fetch(find_model("yunet-2023"), logging.info)
    shutil.copytree(famous.folder, tmp_path / "photos" / "2019")
    for number in range(2 * len(list(famous.folder.iterdir()))):
        plain = Image.fromarray(np.full((480, 640, 3), number, np.uint8))
        plain.save(tmp_path / "photos" / "2019" / f"sky-{number}.png")
    said = facerec("csv", tmp_path / "photos", tmp_path / "list.csv")
    assert said.code == 2
    assert "lists whole photos, such as " in said.err


def test_large_pictures_that_were_cut_to_a_face_are_listed(facerec, famous, tmp_path, yunet):
    for name, region in REGIONS.items():
        folder = tmp_path / "faces" / name[:5]
        folder.mkdir(parents=True, exist_ok=True)
        cut = Image.open(famous.folder / name).crop(region.xyxy)
        cut.resize((cut.width * 2, cut.height * 2)).save(folder / name)
    said = facerec("csv", tmp_path / "faces", tmp_path / "list.csv")
    assert said.code == 0, said.err


def test_a_single_photo_among_faces_is_for_the_warnings(facerec, famous, tmp_path):
    for name in ("obama.jpg", "biden.jpg"):
        folder = tmp_path / "faces" / name[:5]
        folder.mkdir(parents=True)
        shutil.copy(famous.folder / name, folder)
    for number in range(4):
        Image.fromarray(np.full((90, 90, 3), 30 * number, np.uint8)).save(
            tmp_path / f"faces/obama/{number}.png"
        )
    assert facerec("csv", tmp_path / "faces", tmp_path / "list.csv").code == 0


def test_large_pictures_that_this_program_made_are_not_looked_at(facerec, tmp_path):
    (tmp_path / "cats" / "tom").mkdir(parents=True)
    Image.fromarray(np.zeros((900, 1200, 3), np.uint8)).save(tmp_path / "cats" / "tom" / "1.jpg")
    said = facerec("csv", tmp_path / "cats", tmp_path / "list.csv")
    assert said.code == 2
    (tmp_path / "cats" / "faces.json").write_text(json.dumps({"margin": 0.1}))
    assert facerec("csv", tmp_path / "cats", tmp_path / "list.csv").code == 0
    (tmp_path / "cats" / "faces.json").unlink()
    png = tmp_path / "cats" / "tom" / "1.png"
    Image.open(tmp_path / "cats" / "tom" / "1.jpg").save(png)
    png.write_bytes(FaceFacts(margin=0.1).written_into(png.read_bytes()))
    (tmp_path / "cats" / "tom" / "1.jpg").unlink()
    assert facerec("csv", tmp_path / "cats", tmp_path / "list.csv").code == 0
