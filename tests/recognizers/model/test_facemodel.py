from __future__ import annotations

import json
import os

import pytest

from pipeline.errors import ModelError
from recognizers.model.facemodel import (
    PENDING_FOLDER,
    FaceModel,
    available,
    check_galleries,
    locate,
    read_facemodel,
)

OLD_RECORD = {"width": 40, "height": 48, "labels": {"0": "ann", "1": "bob"}}


def write_record(directory, record):
    content = record if isinstance(record, str) else json.dumps(record)
    (directory / "model.json").write_text(content, encoding="utf-8")
    return str(directory)


def test_a_record_of_the_2017_program_loads(tmp_path):
    (tmp_path / "lbp.yml").write_text("")
    model = read_facemodel(write_record(tmp_path, OLD_RECORD))
    assert model.size_wh == (40, 48)
    assert model.labels == {0: "ann", 1: "bob"}
    assert model.equalized is None
    assert model.unknown_distance("eigen") is None
    assert available(str(tmp_path), model) == ("lbp",)


@pytest.mark.parametrize(
    ("record", "says"),
    [
        ("", "is not JSON"),
        ("[" * 100_000, "is not JSON"),
        ("[]", "the whole"),
        ({"width": 40, "height": 48}, "labels"),
        ({**OLD_RECORD, "width": 0}, "width"),
        ({**OLD_RECORD, "labels": {"x": "ann"}}, "labels"),
        ({**OLD_RECORD, "labels": {}}, "labels"),
        ({**OLD_RECORD, "methods": {"eigen": {"unknown_distance": -1}}}, "unknown_distance"),
        ({**OLD_RECORD, "format": 99}, "newer version"),
    ],
)
def test_a_wrong_record_is_one_sentence(tmp_path, record, says):
    with pytest.raises(ModelError, match=says) as caught:
        read_facemodel(write_record(tmp_path, record))
    assert "\n" not in str(caught.value)
    assert "model.json" in str(caught.value)


def test_a_directory_without_a_record_says_why_the_galleries_do_not_serve(tmp_path):
    with pytest.raises(ModelError, match="holds no face model"):
        read_facemodel(str(tmp_path))
    (tmp_path / "eigen.yml").write_text("")
    with pytest.raises(ModelError, match=r"holds eigen\.yml but no model\.json.*names and the size"):
        read_facemodel(str(tmp_path))
    with pytest.raises(ModelError, match="does not exist"):
        read_facemodel(str(tmp_path / "nothing"))
    with pytest.raises(ModelError, match="is not a directory"):
        read_facemodel(str(tmp_path / "eigen.yml"))


def test_missing_galleries_are_named_with_those_that_are_there(tmp_path):
    (tmp_path / "lbp.yml").write_text("")
    model = FaceModel.model_validate(OLD_RECORD)
    check_galleries(str(tmp_path), model, ("lbp",))
    with pytest.raises(ModelError, match=r"no eigen\.yml and fischer\.yml \(it has lbp\)"):
        check_galleries(str(tmp_path), model, ("eigen", "fischer", "lbp"))
    os.unlink(tmp_path / "lbp.yml")
    with pytest.raises(ModelError, match="no gallery at all"):
        check_galleries(str(tmp_path), model, ())


def test_a_gallery_that_the_record_does_not_name_does_not_count(tmp_path):
    for name in ("eigen.yml", "lbp.yml"):
        (tmp_path / name).write_text("")
    model = FaceModel.model_validate({**OLD_RECORD, "methods": {"lbp": {}}})
    assert available(str(tmp_path), model) == ("lbp",)


def test_a_finished_replacement_counts_before_it_is_moved(tmp_path):
    write_record(tmp_path, OLD_RECORD)
    pending = tmp_path / PENDING_FOLDER
    pending.mkdir()
    write_record(pending, {**OLD_RECORD, "width": 64})
    assert read_facemodel(str(tmp_path)).width == 64
    assert locate(str(tmp_path), "eigen.yml") == str(tmp_path / "eigen.yml")
