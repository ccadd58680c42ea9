"""Exports as other programs read them."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import os
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
import yaml
from pycocotools.coco import COCO

import visualsearch
from pipeline.errors import ExitCode
from tests.search.outputs import Output, label, name

BOX = [100, 50, 300, 250]


@pytest.fixture
def output(tmp_path: Path) -> Output:
    """Two photos, one of them with a hostile name and label, a photo without anything, and a video."""
    made = Output(tmp_path / "out")
    dog = {"rect": BOX, "labels": [label("dog", 0.9)]}
    beyond = {"rect": [600, 400, 700, 500], "labels": [label("cat", None)]}
    anna = {"rect": [10, 10, 20, 20], "labels": [name("Anna")]}
    frame = {"frame": 0, "objects": [dog, beyond], "names": [anna]}
    gps = {"latitude": -46.5, "longitude": 7.25, "altitude": 540.0}
    given = {"keywords": ["Places|Rome"], "title": "A day out", "rating": 4}
    made.report("a/b.jpg", [frame], type="photo", taken="2008-06-14T15:30:00", gps=gps, **given)
    hostile = {"rect": BOX, "labels": [label('=1+1 <&> "')]}
    made.report(os.fsdecode(b"a/b.png"), [{"frame": 0, "objects": [hostile]}], type="photo")
    made.photo("empty.jpg")
    made.video("film.mp4", {1.0: [label("dog", 0.5)], 1.5: [label("dog", 0.8)]})
    made.index()
    return made


def export(output: Output, target: Path, format_: str, *more: str) -> Path:
    arguments = ["export", str(output.folder), str(target), "--format", format_, *more]
    assert visualsearch.main(arguments) == ExitCode.OK
    return target


def test_coco_is_read_by_its_own_library(output: Output, tmp_path: Path) -> None:
    with contextlib.redirect_stdout(io.StringIO()):
        coco = COCO(str(export(output, tmp_path / "coco.json", "coco")))
    assert [image["file_name"] for image in coco.loadImgs(coco.getImgIds())] == [
        "a/b.jpg",
        "a/b.png",
        "empty.jpg",
    ]
    (dog,) = coco.getCatIds(catNms=["dog"])
    (annotation,) = coco.loadAnns(coco.getAnnIds(catIds=[dog]))
    assert (annotation["bbox"], annotation["area"], annotation["score"]) == ([100, 50, 200, 200], 40_000, 0.9)
    (cat,) = coco.loadAnns(coco.getAnnIds(catIds=coco.getCatIds(catNms=["cat"])))
    assert cat["bbox"] == [600, 400, 40, 80]  # clipped to 640 x 480
    assert "score" not in cat
    assert coco.getCatIds(catNms=["Anna"]) == []
    assert min(coco.getAnnIds()) == 1  # 0 is "no match" to COCOeval: findings/coco-annotation-zero.sh


def test_names_are_given_if_asked_for(output: Output, tmp_path: Path) -> None:
    content = json.loads(export(output, tmp_path / "coco.json", "coco", "--names").read_text())
    assert {"id": 4, "name": "Anna", "supercategory": "name"} in content["categories"]


def test_megadetector(output: Output, tmp_path: Path) -> None:
    content = json.loads(export(output, tmp_path / "md.json", "megadetector").read_text())
    categories = content["detection_categories"]
    first = content["images"][0]
    assert first["file"] == "a/b.jpg"
    assert [categories[one["category"]] for one in first["detections"]] == ["dog", "cat"]
    assert first["detections"][0]["bbox"] == [0.15625, 0.104167, 0.3125, 0.416667]
    assert first["detections"][1]["conf"] == 1.0
    video = content["images"][-1]
    assert video["file"] == "film.mp4"
    assert [(one["conf"], one["frame_number"]) for one in video["detections"]] == [(0.8, 3)]


def test_csv_holds_no_formula(output: Output, tmp_path: Path) -> None:
    with open(export(output, tmp_path / "a.csv", "csv"), newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["file"] for row in rows] == ["a/b.jpg"] * 3 + ["a/b.png", "empty.jpg", "film.mp4"]
    assert rows[0] | {"kind": "name", "text": "Anna", "component": "names", "confidence": ""} == rows[0]
    assert [rows[1][key] for key in ("x1", "y1", "x2", "y2")] == [str(edge) for edge in BOX]
    assert rows[3]["text"] == "'=1+1 <&> \""
    assert rows[4]["text"] == ""
    assert (rows[5]["time"], rows[5]["frame"]) == ("1.5", "3")


def test_json_lines(output: Output, tmp_path: Path) -> None:
    lines = [
        json.loads(line) for line in export(output, tmp_path / "a.jsonl", "jsonl").read_text().splitlines()
    ]
    assert [line["path"] for line in lines] == ["a/b.jpg", "a/b.png", "empty.jpg", "film.mp4"]
    assert lines[0]["names"] == ["Anna"]
    assert [line["tags"] for line in lines] == [["Places", "Rome"], [], [], []]
    assert [(line["title"], line["rating"]) for line in lines[:2]] == [("A day out", 4), (None, None)]
    assert lines[0]["gps"] == {"latitude": -46.5, "longitude": 7.25, "altitude": 540.0}
    assert lines[0]["boxes"][1] == {"label": "dog", "component": "objects", "rect": BOX, "confidence": 0.9}


def test_geojson_has_the_files_with_a_place(output: Output, tmp_path: Path) -> None:
    (feature,) = json.loads(export(output, tmp_path / "a.geojson", "geojson").read_text())["features"]
    assert feature["geometry"] == {"type": "Point", "coordinates": [7.25, -46.5, 540.0]}
    assert feature["properties"]["labels"] == ["cat", "dog"]


def test_yolo(output: Output, tmp_path: Path) -> None:
    folder = export(output, tmp_path / "yolo", "yolo")
    names = yaml.safe_load((folder / "data.yaml").read_text())["names"]
    first = (folder / "labels" / "a" / "b.txt").read_text().splitlines()
    assert first[0] == f"{names.index('dog')} 0.312500 0.312500 0.312500 0.416667"
    assert (folder / "labels" / "empty.txt").read_text() == ""
    assert (folder / "labels" / "a" / "b.png.txt").exists()  # b.txt is the other photo's


def test_labelme(output: Output, tmp_path: Path) -> None:
    content = json.loads((export(output, tmp_path / "labelme", "labelme") / "a" / "b.json").read_text())
    assert content["imagePath"] == "a/b.jpg"
    assert content["shapes"][0]["points"] == [[100, 50], [300, 250]]


def test_voc_counts_from_one(output: Output, tmp_path: Path) -> None:
    folder = export(output, tmp_path / "voc", "voc")
    found = ElementTree.parse(folder / "a" / "b.xml").find("object/bndbox")
    assert found is not None
    assert [edge.text for edge in found] == ["101", "51", "300", "250"]
    other = ElementTree.parse(folder / "a" / "b.png.xml")
    assert other.findtext("object/name") == '=1+1 <&> "'


@pytest.mark.parametrize("format_", ["coco", "megadetector", "csv", "jsonl", "geojson"])
def test_the_same_bytes_each_time_and_filtered_by_a_query(
    output: Output, tmp_path: Path, format_: str
) -> None:
    first = export(output, tmp_path / "first", format_).read_bytes()
    assert export(output, tmp_path / "second", format_).read_bytes() == first
    assert export(output, tmp_path / "third", format_, "--query=-label:cat").read_bytes() != first


def test_nothing_is_overwritten_in_a_folder(
    output: Output, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine").write_text("x")
    arguments = ["export", str(output.folder), str(tmp_path / "full"), "--format", "yolo"]
    assert visualsearch.main(arguments) == ExitCode.USAGE
    assert "is not empty" in capsys.readouterr().err
    assert os.listdir(tmp_path / "full") == ["mine"]
