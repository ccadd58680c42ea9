"""Class names: from metadata, from files, by number; and counts that do not fit."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pipeline.errors import ModelError
from tests.detectors.onnx import graphs
from tests.detectors.onnx.graphs import ULTRALYTICS


def named(names: str) -> dict[str, str]:
    return {**ULTRALYTICS, "names": names}


@pytest.mark.parametrize(
    "metadata",
    [
        named("{0: 'red', 1: 'green', 2: 'blue'}"),
        named("{2: 'blue', 0: 'red', 1: 'green'}"),
        named("['red', 'green', 'blue']"),
        {"rfdetr_inference": json.dumps({"class_id_to_name": {"0": "red", "1": "green", "2": "blue"}})},
    ],
)
def test_the_metadata_names_the_classes(load, metadata):
    assert load(graphs.yolov8(metadata=metadata)).names == ("red", "green", "blue")


@pytest.mark.parametrize(
    "names",
    [
        "__import__('os').system('true')",
        "{0: 'red'",
        "17",
        "'red'",
        "{'a': 'red'}",
        "(" * 5000,
        "[" * 100_000,
    ],
)
def test_metadata_that_names_nothing_is_as_good_as_none(load, names):
    with pytest.raises(ModelError, match=r"has 3 classes, and their names are not known; give a text file"):
        load(graphs.yolov8(metadata=named(names)))


def test_a_class_without_a_name_is_called_by_its_number(load):
    assert load(graphs.yolov8(metadata=named("{0: 'red', 2: ' '}"))).names == ("red", "class 1", "class 2")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("network.names", "red\ngreen\nblue\n"),
        ("network.yaml", "path: here\nnames:\n  0: red\n  1: green\n  2: blue\n"),
        ("network.yml", "nc: 3\nnames: [red, green, blue]\n"),
    ],
)
def test_a_file_beside_the_network_names_them(load, tmp_path, name, content):
    (tmp_path / name).write_text(content)
    assert load(graphs.yolov8(metadata={})).names == ("red", "green", "blue")


def test_a_file_that_is_given_goes_before_the_metadata(load, tmp_path):
    (tmp_path / "mine.yaml").write_text("names: [rot, grün, blau]\n", encoding="utf-8")
    assert load(graphs.yolov8(), labels=tmp_path / "mine.yaml").names == ("rot", "grün", "blau")


def test_cocos_classes_are_known_by_their_number(load):
    eighty = load(graphs.yolox(classes=80)).names
    assert (eighty[0], eighty[79], len(eighty)) == ("person", "toothbrush", 80)
    by_id = load(
        graphs.detr(classes=91)
    ).names  # COCO's category ids, of which 1 is a person and 12 is nothing
    assert (by_id[1], by_id[12], by_id[90], len(by_id)) == ("person", "class 12", "toothbrush", 91)
    ninety = load(graphs.ssd(scored_classes=90)).names
    assert (ninety[0], ninety[89], len(ninety)) == ("person", "toothbrush", 90)


@pytest.mark.parametrize(
    ("model", "names"),
    [
        (graphs.ssd(), "coco90.names"),
        (graphs.rtdetr(), "coco.names"),
        (graphs.endtoend(metadata={}), "coco.names"),
    ],
    ids=["ssd", "rtdetr", "end to end"],
)
def test_where_nobody_tells_a_number_no_names_are_guessed(load, model, names):
    with pytest.raises(ModelError) as raised:
        load(model)
    says, _, file = str(raised.value).rpartition(" ")
    assert says.endswith(
        "network.onnx: does not say how many classes it has, nor their names; give a text file with a name a "
        'line, or a .yaml with "names:", as params.labels; if it was trained on COCO, the names are in'
    )
    assert Path(file).name == names
    names = load(model, labels=Path(file)).names
    assert (names[0], names[-1]) == ("person", "toothbrush")


def test_class_ids_beyond_the_names_keep_their_number(load, tmp_path):
    (tmp_path / "one.txt").write_text("red\n")
    network = load(graphs.rtdetr(), labels=tmp_path / "one.txt")
    from tests.detectors.onnx.conftest import found, painted

    assert set(found(network, painted((96, 64), red=(0, 0, 96, 64)))) == {"red"}
    assert set(found(network, painted((96, 64), blue=(0, 0, 96, 64)))) == {"class 2"}


@pytest.mark.parametrize(
    ("names", "count"), [("['red']", 1), ("{0: 'red', 1: 'green', 2: 'blue', 3: 'more'}", 4)]
)
def test_a_count_that_does_not_fit_says_both(load, names, count):
    with pytest.raises(ModelError) as raised:
        load(graphs.yolov8(metadata=named(names)))
    assert str(raised.value).endswith(
        f"network.onnx: its metadata: {count} names for the 3 classes of network.onnx; give a file with a "
        "name for each as params.labels"
    )


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("n.yaml", b"names: {0: *a}\n", "not valid YAML"),
        ("n.yaml", b"- red\n", "holds no names"),
        ("n.yaml", b"names: red\n", "holds no names"),
        ("n.names", b"red\ngreen\n", "2 names for the 3 classes"),
        ("n.names", b"", "holds no names"),
        ("n.names", b"x" * 2_000_000, "is larger than a megabyte"),
        ("gone.names", None, "cannot be read (No such file or directory)"),
    ],
)
def test_a_file_of_names_that_will_not_do_is_one_line(load, tmp_path, name, content, says):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(ModelError) as raised:
        load(graphs.yolov8(), labels=tmp_path / name)
    assert says in str(raised.value) and "\n" not in str(raised.value)
