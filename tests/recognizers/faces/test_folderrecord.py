from __future__ import annotations

import numpy as np
import pytest

from pipeline.errors import UsageError
from recognizers.faces.fit import Fit
from recognizers.faces.folderrecord import (
    RECORD_FILE,
    FaceFacts,
    FolderRecord,
    common_record,
    read_facts,
    read_record,
    write_record,
)
from recognizers.faces.pictures import encode_as


def test_a_record_holds_for_the_pictures_below_it(tmp_path):
    record = FolderRecord(width=9, height=8, grayscale=True, equalized=True, fit=Fit.PAD, margin=0.2)
    write_record(str(tmp_path), record)
    assert read_record(str(tmp_path)) == record
    assert (
        common_record([str(tmp_path / "ann" / "1.png"), str(tmp_path / "bob" / "2019" / "2.png")]) == record
    )


def test_no_record_is_an_empty_one(tmp_path):
    assert read_record(str(tmp_path)) is None
    assert common_record([str(tmp_path / "ann" / "1.png")]) == FolderRecord()
    assert common_record([]) == FolderRecord()


def test_pictures_that_were_treated_differently_do_not_mix(tmp_path):
    write_record(str(tmp_path / "a"), FolderRecord(equalized=True))
    write_record(str(tmp_path / "b"), FolderRecord(equalized=False))
    with pytest.raises(UsageError, match="was not prepared like"):
        common_record([str(tmp_path / "a" / "ann" / "1.png"), str(tmp_path / "b" / "ann" / "2.png")])


def test_pictures_without_a_record_mix_with_plain_ones(tmp_path):
    record = FolderRecord(width=9, height=9, grayscale=True, equalized=False)
    write_record(str(tmp_path / "a"), record)
    paths = [str(tmp_path / "b" / "ann" / "2.png"), str(tmp_path / "a" / "ann" / "1.png")]
    assert common_record(paths) == common_record(paths[::-1]) == record
    write_record(str(tmp_path / "a"), FolderRecord(margin=0.1))
    with pytest.raises(UsageError, match="was not prepared like"):
        common_record(paths)


def test_a_record_changed_by_hand_is_told(tmp_path):
    (tmp_path / RECORD_FILE).write_text('{"margin": 7}')
    with pytest.raises(UsageError, match="was changed by hand"):
        read_record(str(tmp_path))


FACTS = FaceFacts(margin=0.1, aligned=True, detector="yunet", photo="/photos/ä.jpg", box=(1, 2, 30, 40))


def picture(path, facts=None):
    """A PNG, with facts or without."""
    png = encode_as(path.name, np.zeros((8, 8, 3), np.uint8))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(png if facts is None else facts.written_into(png))
    return str(path)


def test_facts_travel_in_the_picture(tmp_path):
    path = picture(tmp_path / "a" / "1.png", FACTS)
    assert read_facts(path) == FACTS
    assert common_record([path]) == FolderRecord(margin=0.1, aligned=True)
    assert read_facts(picture(tmp_path / "a" / "2.png")) is None
    assert read_facts(str(tmp_path / "none.png")) is None


def test_a_pictures_own_facts_count_before_its_folders(tmp_path):
    write_record(str(tmp_path), FolderRecord(equalized=True))
    inside, outside = picture(tmp_path / "ann" / "1.png", FACTS), picture(tmp_path / "bob" / "1.png")
    assert common_record([inside]).aligned
    assert common_record([outside]) == FolderRecord(equalized=True)
    with pytest.raises(
        UsageError, match=r"bob/1\.png: was not prepared like .*ann/1\.png \(it is not aligned\)"
    ):
        common_record([inside, outside])


def test_damaged_facts_are_none(tmp_path):
    path = tmp_path / "1.png"
    picture(path, FACTS)
    path.write_bytes(path.read_bytes().replace(b'"margin": 0', b'"margin": 7'))
    assert read_facts(str(path)) is None
