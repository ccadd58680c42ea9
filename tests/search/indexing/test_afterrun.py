"""A run brings the index up to date at its end, and never fails of it."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from pathlib import Path

import pytest

from pipeline.errors import ExitCode
from pipeline.ledger.ledgerfile import LEDGER_NAME
from pipeline.outcome import Summary
from search.indexing.afterrun import IndexAfterRun
from search.place import index_path
from tests.house import COPY, FACES, REPORT, House
from tests.running import pipeline_file, run
from tests.search.outputs import Output


@pytest.fixture
def house(tmp_path: Path) -> House:
    """A home with two photos."""
    house = House(tmp_path)
    house.photo("2008/a.png")
    house.photo("2009/b.png")
    return house


def night(house: House, *options: str) -> str:
    """A run that goes well; what it says."""
    done = run(house.input, house.output, house.pipeline, "--workers", "0", *options)
    assert done.returncode == ExitCode.OK, done.stderr
    return done.stderr


def found(house: House) -> list[str]:
    return Output(house.output).find("")


def test_a_run_makes_the_index_and_keeps_it_up_to_date(house: House) -> None:
    night(house)
    assert found(house) == ["2008/a.png", "2009/b.png"]
    house.photo("2009/c.png", 16)
    night(house)
    assert found(house) == ["2008/a.png", "2009/b.png", "2009/c.png"]


def test_a_renamed_photo_is_found_by_its_new_name_alone(house: House) -> None:
    night(house)
    (house.input / "2008" / "a.png").rename(house.input / "2009" / "a.png")
    night(house)
    assert found(house) == ["2009/a.png", "2009/b.png"]


def test_pruned_photos_go(house: House) -> None:
    night(house)
    (house.input / "2008" / "a.png").unlink()
    night(house, "--prune")
    assert found(house) == ["2009/b.png"]


def test_photos_on_a_disk_that_is_not_there_stay(house: House) -> None:
    night(house)
    with contextlib.closing(sqlite3.connect(house.output / LEDGER_NAME, isolation_level=None)) as ledger:
        ledger.execute("UPDATE inputs SET device = device + 1")
    house.input.rename(house.folder / "elsewhere")
    house.input.mkdir()
    Output(house.output).index()
    assert found(house) == ["2008/a.png", "2009/b.png"]


def test_an_output_whose_input_is_not_on_this_machine_keeps_its_files(house: House) -> None:
    night(house)
    house.input.rename(house.folder / "elsewhere")
    Output(house.output).index()
    assert found(house) == ["2008/a.png", "2009/b.png"]


def test_a_photo_that_was_deleted_is_not_found_although_its_report_is_there(house: House) -> None:
    night(house)
    (house.input / "2008" / "a.png").unlink()
    Output(house.output).index()
    assert found(house) == ["2009/b.png"]
    assert (house.output / "2008" / "a.png.json").is_file()
    house.photo("2008/a.png")
    Output(house.output).index()
    assert found(house) == ["2008/a.png", "2009/b.png"]


def test_a_run_without_the_index_leaves_it_to_the_next_one(house: House) -> None:
    night(house, "--no-index")
    assert not index_path(house.output).exists()
    night(house)
    house.photo("2010/c.png", 16)
    night(house, "--no-index")
    house.photo("2011/d.png", 32)
    night(house)
    assert found(house) == ["2008/a.png", "2009/b.png", "2010/c.png", "2011/d.png"]


def test_a_run_that_changes_nothing_leaves_the_index_alone(house: House) -> None:
    night(house)
    with Output(house.output).open() as index:
        before = list(index.iter_stamps())
    os.utime(house.output / "2008" / "a.png.json")  # an index that looked would read it again
    night(house)
    with Output(house.output).open() as index:
        assert list(index.iter_stamps()) == before


def test_a_pipeline_without_reports_gets_no_index(house: House) -> None:
    pipeline_file(house.pipeline, FACES, COPY)
    night(house)
    assert not list(house.output.glob("*index*"))


@pytest.mark.parametrize("damage", [b"no database at all" * 1000, b""])
def test_a_damaged_index_is_made_again(house: House, damage: bytes) -> None:
    night(house)
    index_path(house.output).write_bytes(damage)
    night(house)
    assert found(house) == ["2008/a.png", "2009/b.png"]


def test_an_index_that_cannot_be_made_is_a_warning(house: House) -> None:
    index_path(house.output).mkdir(parents=True)
    said = night(house)
    assert "warning: the search index was not updated" in said
    assert "something else stands where the index belongs" in said
    assert (house.output / "2008" / "a.png.json").is_file()


def test_an_index_in_use_by_another_program_is_a_warning_after_a_while(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    night(house)
    with sqlite3.connect(index_path(house.output)) as other:
        other.execute("BEGIN IMMEDIATE")
        monkeypatch.setattr("search.sqlite.indexfile._BUSY_S", 0.1)
        with pytest.raises(Exception, match="another program has the index open"):
            (house.output / "2008" / "a.png.json").touch()
            Output(house.output).index()
        other.execute("ROLLBACK")
    Output(house.output).index()


def test_an_interrupted_run_leaves_the_index_to_the_next_one(house: House) -> None:
    night(house)
    index = IndexAfterRun(str(house.input), str(house.output), alone=True)
    index_path(house.output).unlink()
    index.finish(Summary(interrupted_by=ExitCode.INTERRUPTED))
    assert not index_path(house.output).exists()


def test_inputs_that_are_not_utf8_are_found(house: House) -> None:
    name = os.fsdecode(b"2008/caf\xe9.png")
    house.photo("x.png").rename(f"{os.fspath(house.input)}/{name}")
    night(house)
    assert name in found(house)


def test_one_photo_as_input(house: House) -> None:
    done = run(house.input / "2008" / "a.png", house.output, house.pipeline, "--workers", "0")
    assert done.returncode == ExitCode.OK
    assert found(house) == ["a.png"]
    assert REPORT.startswith("- name: report")
