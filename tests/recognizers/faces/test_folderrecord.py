from __future__ import annotations

import pytest

from pipeline.errors import UsageError
from recognizers.faces.fit import Fit
from recognizers.faces.folderrecord import RECORD_FILE, FolderRecord, common_record, read_record, write_record


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
    with pytest.raises(UsageError, match="were not prepared like those"):
        common_record([str(tmp_path / "a" / "ann" / "1.png"), str(tmp_path / "b" / "ann" / "2.png")])


def test_pictures_without_a_record_mix_with_plain_ones(tmp_path):
    record = FolderRecord(width=9, height=9, grayscale=True, equalized=False)
    write_record(str(tmp_path / "a"), record)
    paths = [str(tmp_path / "b" / "ann" / "2.png"), str(tmp_path / "a" / "ann" / "1.png")]
    assert common_record(paths) == common_record(paths[::-1]) == record
    write_record(str(tmp_path / "a"), FolderRecord(margin=0.1))
    with pytest.raises(UsageError, match="were not prepared like those"):
        common_record(paths)


def test_a_record_changed_by_hand_is_told(tmp_path):
    (tmp_path / RECORD_FILE).write_text('{"margin": 7}')
    with pytest.raises(UsageError, match="was changed by hand"):
        read_record(str(tmp_path))
