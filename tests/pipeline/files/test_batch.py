"""Outputs that get their names together, after one flush."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pipeline.errors import OutputError
from pipeline.files import batch as module
from pipeline.files.batch import OutputBatch
from pipeline.files.outputs import write_file
from tests.running import parts_in


def fill(batch: OutputBatch, *paths: Path) -> None:
    with batch.group():
        for path in paths:
            write_file(path, os.fsencode(path.name))


def test_names_come_with_the_commit_and_content_is_on_the_disk_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    events = []
    replace, flush = os.replace, module._flush
    monkeypatch.setattr(os, "replace", lambda *paths: (events.append("name"), replace(*paths)))
    monkeypatch.setattr(module, "_flush", lambda all_: (events.append("flush"), flush(all_)))
    batch = OutputBatch()
    (tmp_path / "b").write_bytes(b"as it was")
    fill(batch, tmp_path / "a", tmp_path / "b")
    fill(batch, tmp_path / "deeper" / "c")
    assert events == []
    assert (tmp_path / "b").read_bytes() == b"as it was"
    assert len(batch) == 2
    assert batch.commit() == [True, True]
    assert events == ["flush", "name", "name", "name"]
    assert [(tmp_path / name).read_bytes() for name in ("a", "b", "deeper/c")] == [b"a", b"b", b"c"]
    assert parts_in(tmp_path) == []
    assert (len(batch), batch.commit()) == (0, [])


def test_files_are_written_as_usual_outside_of_it(tmp_path: Path) -> None:
    batch = OutputBatch()
    fill(batch, tmp_path / "a")
    write_file(tmp_path / "b", b"b")
    assert (tmp_path / "b").exists()
    batch.discard()
    assert batch.commit() == []
    assert [path.name for path in tmp_path.iterdir()] == ["b"]


def test_a_group_that_fails_or_is_cancelled_leaves_nothing(tmp_path: Path) -> None:
    batch = OutputBatch()
    with pytest.raises(ZeroDivisionError), batch.group():
        write_file(tmp_path / "a", b"a")
        raise ZeroDivisionError
    with batch.group() as group:
        write_file(tmp_path / "b", b"b")
        group.cancel()
    assert batch.commit() == []
    assert list(tmp_path.iterdir()) == []


def test_a_name_that_is_taken_by_a_folder_costs_its_own_group(tmp_path: Path) -> None:
    batch = OutputBatch()
    fill(batch, tmp_path / "a", tmp_path / "taken")
    fill(batch, tmp_path / "b")
    (tmp_path / "taken").mkdir()
    assert batch.commit() == [False, True]
    assert (tmp_path / "b").read_bytes() == b"b"
    assert parts_in(tmp_path) == []


def test_an_output_that_was_removed_meanwhile_ends_the_run_and_leaves_nothing(tmp_path: Path) -> None:
    batch = OutputBatch()
    fill(batch, tmp_path / "a")
    fill(batch, tmp_path / "b")
    parts_in(tmp_path)[0].unlink()
    with pytest.raises(OutputError):
        batch.commit()
    assert parts_in(tmp_path) == []


def test_is_full_by_number_and_by_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    batch = OutputBatch()
    fill(batch, tmp_path / "a")
    assert not batch.is_full
    monkeypatch.setattr(module, "MOST_GROUPS", 1)
    assert batch.is_full
    monkeypatch.undo()
    monkeypatch.setattr(module, "MOST_BYTES", 1)
    assert batch.is_full
    batch.discard()
