from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from pipeline.errors import ModelError
from pipeline.models.catalog import CATALOG_FILE, Edit, find_model, read_catalog

EDIT = Edit(after="[yolo]", old="mask = 0,1,2", new="mask = 1,2,3", reason="measured", sha256="0" * 64)


def changed_catalog(folder: Path, old: str, new: str) -> Path:
    text = CATALOG_FILE.read_text()
    assert old in text
    path = folder / "models.toml"
    path.write_text(text.replace(old, new))
    return path


def test_what_the_program_promises_is_in_the_catalogue():
    models = read_catalog()
    assert sorted(models["yolov3-tiny"].files) == [
        "yolov3-tiny.cfg",
        "yolov3-tiny.names",
        "yolov3-tiny.weights",
    ]
    assert sorted(models["sample-photos"].files) == [
        "astronaut.png",
        "bus.jpg",
        "chelsea.png",
        "motorcycle_left.png",
        "zidane.jpg",
    ]
    assert "AGPL-3.0" in models["sample-photos"].licence
    assert "public domain" in models["yolov3-tiny"].licence


def test_the_corrected_mask_is_declared_with_its_reason():
    edit = read_catalog()["yolov3-tiny"].files["yolov3-tiny.cfg"].edit
    assert edit is not None
    assert (edit.after, edit.old, edit.new) == ("[yolo]", "mask = 0,1,2", "mask = 1,2,3")
    assert "30.2" in edit.reason and "43.1" in edit.reason


def test_an_edit_touches_the_last_section_only():
    before = b"[yolo]\nmask = 0,1,2\n[route]\n[yolo]\nmask = 0,1,2\nnum=6\n"
    assert EDIT.apply(before) == b"[yolo]\nmask = 0,1,2\n[route]\n[yolo]\nmask = 1,2,3\nnum=6\n"


@pytest.mark.parametrize(
    "content",
    [b"mask = 0,1,2\n", b"[yolo]\nmask = 1,2,3\n", b"[yolo]\nmask = 0,1,2\nmask = 0,1,2\n", b""],
)
def test_an_edit_without_its_one_place_is_refused(content):
    with pytest.raises(ModelError, match=r'"mask = 0,1,2" stands . times after the last'):
        EDIT.apply(content)


def test_an_edited_file_may_change_its_size():
    file = read_catalog()["yolov3-tiny"].files["yolov3-tiny.cfg"]
    longer = file.model_copy(update={"edit": EDIT.model_copy(update={"new": "mask = 11,12,13"})})
    assert longer.placed[0].size_bytes == file.size_bytes + 3


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ('description = "Y', 'descriptoin = "Y', "descriptoin"),
        ('sha256 = "4349', 'sha256 = "XX49', "sha256"),
        ('"bus.jpg" = ', '"../bus.jpg" = ', "string_pattern_mismatch"),
        ('"bus.jpg" = "ultralytics/assets/bus.jpg"\n', "", "files and sources differ in"),
        ("yolov3-tiny.names", "yolov3-tiny.txt", "a darknet model has a .cfg, a .weights"),
        ("size_bytes = 624", "size_bytes = 0", "greater than 0"),
    ],
)
def test_a_wrong_catalogue_is_refused(tmp_path, old, new, complaint):
    with pytest.raises(ValidationError, match=complaint):
        read_catalog(changed_catalog(tmp_path, old, new))


def test_the_error_for_an_unknown_name_lists_similar_and_known_names():
    with pytest.raises(ModelError) as raised:
        find_model("yolov3tiny")
    assert str(raised.value) == (
        '"yolov3tiny" is not in the catalogue of models; did you mean "yolov3-tiny" or "yolox-tiny"? '
        f"known: {', '.join(read_catalog())}"
    )


def test_a_name_of_another_kind_is_refused():
    with pytest.raises(ModelError, match="is a set of photos, not a network; known: yolov3-tiny"):
        find_model("sample-photos", "darknet")


def test_control_characters_do_not_reach_the_terminal():
    with pytest.raises(ModelError) as raised:
        find_model("\x1b[31myolo")
    assert "\x1b" not in str(raised.value)
