"""A plug-in's writer is treated as the project's own: its outputs are reused, pruned and rebuilt."""

from __future__ import annotations

import pytest

from pipeline.ledger.ledgerfile import LEDGER_NAME
from pipeline.runs.selection import Reason
from pipeline.selftest import run_checks
from tests.house import House
from tests.running import component, pipeline_file

ECHO = component("echo", "tests.plugins.routes:Echoes", outputlabel="whole photo")


def texts(type_: str = "TextWriter") -> str:
    return component("texts", f"tests.plugins.texts:{type_}", "echo")


@pytest.fixture
def house(house: House) -> House:
    pipeline_file(house.pipeline, ECHO, texts())
    house.photo("2016/a.png")
    house.photo("2016/b.png", side=9)
    assert house.counts(allow_plugins=True) == {"mined": 2}
    assert sorted(house.outputs()) == ["2016/a.png.txt", "2016/b.png.txt"]
    return house


def test_outputs_of_a_renamed_folder_are_as_mining_would_make_them(house: House) -> None:
    (house.input / "2016").rename(house.input / "2017")
    assert house.planned(allow_plugins=True) == [
        ("2017/a.png", Reason.RENAMED),
        ("2017/b.png", Reason.RENAMED),
    ]
    assert house.counts(allow_plugins=True) == {"renamed": 2}
    reused = house.outputs()["2017/a.png.txt"]
    assert house.counts(allow_plugins=True, force=True) == {"mined": 2}
    assert house.outputs()["2017/a.png.txt"] == reused
    assert b"2017/a.png" in reused
    assert reused.endswith(b"\nwhole photo\n")


def test_outputs_of_inputs_that_are_gone_are_pruned(house: House) -> None:
    (house.input / "2016" / "a.png").unlink()
    (house.output / "2016" / "mine.png.txt").write_text("a note of the user's")
    assert house.counts(allow_plugins=True, prune=True) == {"unchanged": 1, "pruned": 1}
    assert sorted(house.outputs()) == ["2016/b.png.txt", "2016/mine.png.txt"]


def test_a_lost_ledger_is_rebuilt_from_them(house: House) -> None:
    (house.output / "2016" / "a.png.txt.txt").write_text("a note of the user's")
    (house.output / LEDGER_NAME).unlink()
    assert house.planned(allow_plugins=True) == []
    assert house.counts(allow_plugins=True) == {"unchanged": 2}
    (house.input / "2016" / "a.png").unlink()
    assert house.counts(allow_plugins=True, prune=True) == {"unchanged": 1, "pruned": 1}
    assert sorted(house.outputs()) == ["2016/a.png.txt.txt", "2016/b.png.txt"]


def test_a_lost_ledger_knows_them_beside_a_report(house: House) -> None:
    pipeline_file(house.pipeline, ECHO, texts(), component("report", "jsonreportwriter", "echo"))
    assert house.counts(allow_plugins=True) == {"mined": 2}
    (house.output / LEDGER_NAME).unlink()
    assert house.counts(allow_plugins=True) == {"unchanged": 2}
    (house.output / "2016" / "a.png.txt").unlink()
    assert house.planned(allow_plugins=True) == [("2016/a.png", Reason.OUTPUTS_GONE)]


def test_a_users_file_of_that_name_is_not_replaced(house: House) -> None:
    (house.input / "2016" / "a.png").rename(house.input / "2016" / "c.png")
    note = house.output / "2016" / "c.png.txt"
    note.write_text("a note of the user's")
    assert house.counts(allow_plugins=True) == {"failed": 1, "unchanged": 1}
    assert note.read_text() == "a note of the user's"


def test_inputs_of_a_writer_that_does_not_know_its_own_outputs_are_mined_after_a_rename(house: House) -> None:
    pipeline_file(house.pipeline, ECHO, texts("ForgetfulWriter"))
    assert house.counts(allow_plugins=True) == {"mined": 2}
    (house.input / "2016").rename(house.input / "2017")
    assert house.planned(allow_plugins=True) == [("2017/a.png", Reason.NEW), ("2017/b.png", Reason.NEW)]
    assert house.counts(allow_plugins=True) == {"mined": 2}


def test_the_self_test_runs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.selftest.CATALOG", {})
    good, bad = "tests.plugins.texts:TextWriter", "tests.plugins.routes:Halves"
    checks = {check.name: check.trouble for check in run_checks([good, bad])}
    assert list(checks) == [good, bad]
    assert checks[good] is None
    assert checks[bad]
