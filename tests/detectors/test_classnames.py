from __future__ import annotations

import os
from pathlib import Path

import pytest

from detectors.classnames import find_class_names, read_class_names
from pipeline.errors import ModelError


@pytest.mark.parametrize(
    ("classes", "expected"),
    [
        (80, {0: "person", 5: "bus", 15: "cat", 79: "toothbrush"}),
        (20, {0: "aeroplane", 7: "cat", 14: "person", 19: "tvmonitor"}),
        (601, {0: "Tortoise", 600: "Helmet"}),
        (9418, {0: "thing", 9417: "wave"}),
    ],
)
def test_knows_the_data_sets_by_their_number_of_classes(classes: int, expected: dict[int, str]) -> None:
    names = read_class_names(None, classes, "a.cfg")
    assert len(names) == classes
    assert {index: names[index] for index in expected} == expected


def test_reads_a_file_as_people_write_it(tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode(b"\xff.names")
    path.write_bytes("\ufeffchat \r\n\r\n\u732b\r\n\n\n".encode())
    assert read_class_names(path, 3, "a.cfg") == ("chat", "class 1", "\u732b")
    path.write_bytes(b"caf\xe9\nb")
    assert read_class_names(path, 2, "a.cfg") == ("caf\ufffd", "b")


def test_says_what_does_not_fit(tmp_path: Path) -> None:
    path = tmp_path / "a.names"
    path.write_text("one\ntwo\n")
    with pytest.raises(ModelError) as caught:
        read_class_names(path, 80, "a.cfg")
    assert str(caught.value) == (
        f"{path}: 2 names for the 80 classes of a.cfg; give the file that belongs to it as params.labels"
    )
    with pytest.raises(ModelError, match=r"^a.cfg: has 7 classes, and their names are not known; give "):
        read_class_names(None, 7, "a.cfg")
    with pytest.raises(ModelError, match=r"no.names: cannot be read \(No such file or directory\)"):
        read_class_names(tmp_path / "no.names", 7, "a.cfg")


def test_finds_names_beside_the_cfg(tmp_path: Path) -> None:
    cfg, names, darkflows = tmp_path / "a.cfg", tmp_path / "a.names", tmp_path / "labels.txt"
    assert find_class_names(cfg, None) is None
    darkflows.write_text("mine\nyours\n----\nnot these\n")
    assert find_class_names(cfg, None) == darkflows
    assert find_class_names(cfg, names) == names
    assert read_class_names(darkflows, 2, "a.cfg") == ("mine", "yours")  # Darkflow stops at the dashes
    names.write_text("mine\n----\n")
    assert read_class_names(names, 2, "a.cfg") == ("mine", "----")
