"""One run after another over the same folders: what each mines, leaves, carries over, removes."""

from __future__ import annotations

import json
import os
import shutil
import signal
from pathlib import Path

import pytest

from pipeline.errors import ExitCode, FailureCode, MinerError, OutputError
from pipeline.files.lock import LOCK_NAME
from pipeline.ledger.ledger import Ledger
from pipeline.ledger.ledgerfile import LEDGER_NAME
from pipeline.outcome import Outcome
from pipeline.runs.selection import Reason
from tests.house import COPY, FACES, REPORT, House, both
from tests.running import component, pipeline_file


class TestWhatIsMined:
    def test_only_what_is_new_or_changed(self, house):
        house.photo("a.png")
        house.photo("sub/b.png")
        (house.input / "notes.txt").write_text("words")
        assert house.counts() == {"mined": 2, "ignored": 1}
        before = house.snapshot()
        assert house.counts() == {"unchanged": 2, "ignored": 1}
        changed = {Path(path).name for path, was in before.items() if house.snapshot()[path] != was}
        assert changed <= {LEDGER_NAME, LOCK_NAME}
        house.photo("c.png")
        house.photo("a.png", side=9)
        assert sorted(house.planned()) == [("a.png", Reason.CHANGED), ("c.png", Reason.NEW)]
        assert house.counts() == {"mined": 2, "unchanged": 1, "ignored": 1}
        assert json.loads(house.outputs()["a.png.json"])["width"] == 9

    def test_nothing_is_opened_and_no_worker_started_where_nothing_is_new(self, house, monkeypatch):
        house.photo("a.png")
        (house.input / "notes.txt").write_text("words")
        house.night()
        monkeypatch.setattr("pipeline.files.walk.open", lambda *_, **__: pytest.fail("opened"), raising=False)
        monkeypatch.setattr("pipeline.workers.executor.Pipeline", lambda *_: pytest.fail("built"))
        assert house.counts() == {"unchanged": 1, "ignored": 1}
        assert house.counts(workers=2) == {"unchanged": 1, "ignored": 1}

    def test_another_pipeline_and_the_same_with_a_comment(self, house):
        house.photo("a.png")
        house.night()
        house.pipeline.write_text("# a comment\n" + house.pipeline.read_text())
        assert house.counts() == {"unchanged": 1}
        pipeline_file(house.pipeline, FACES.replace("model", "min_neighbors: 5\n    model"), REPORT, COPY)
        assert house.planned() == [("a.png", Reason.OTHER_PIPELINE)]
        assert house.counts() == {"mined": 1}

    def test_an_old_output_inside_input_is_not_mined_and_said_once(self, house, caplog):
        caplog.set_level("INFO")
        house.photo("a.png")
        house.night()
        house.output.rename(house.input / "old")
        edited = house.photo("old/party-annotated.jpg")  # a photo of the user's with such a name
        assert house.counts() == {"mined": 2, "ignored": 5}
        assert edited.name + ".json" in {path.rpartition("/")[2] for path in house.outputs()}
        line = "reports and annotated copies of this program in INPUT that are not mined: 2"
        assert [record.getMessage() for record in caplog.records].count(line) == 1
        assert house.counts() == {"unchanged": 2, "ignored": 5}
        assert [record.getMessage() for record in caplog.records].count(line) == 2

    def test_outputs_that_are_gone_and_force(self, house):
        house.photo("a.png")
        house.photo("b.png")
        house.night()
        (house.output / "a.png-annotated.jpg").unlink()
        assert house.planned() == [("a.png", Reason.OUTPUTS_GONE)]
        assert house.counts() == {"mined": 1, "unchanged": 1}
        assert sorted(house.outputs()) == both("a.png") + both("b.png")
        assert house.planned(force=True) == [("a.png", Reason.FORCED), ("b.png", Reason.FORCED)]
        assert house.counts(force=True) == {"mined": 2}

    def test_one_photo_first_and_its_folder_then(self, house):
        photo = house.photo("a.png")
        house.photo("b.png")
        assert house.counts(input=str(photo)) == {"mined": 1}
        assert house.counts() == {"mined": 1, "unchanged": 1}
        assert house.counts(input=str(photo)) == {"unchanged": 1}

    def test_a_file_that_may_still_be_growing(self, house):
        house.photo("a.png")
        (house.input / "half.jpg").write_bytes(b"")
        assert house.counts(min_age_s=600) == {"ignored": 2}
        assert house.planned(min_age_s=600) == []
        for path in house.input.iterdir():
            os.utime(path, (1_500_000_000, 1_500_000_000))
        assert house.counts(min_age_s=600) == {"mined": 1, "failed": 1}
        far = os.stat(house.input / "a.png").st_mtime + 10**9
        os.utime(house.photo("later.png"), (far, far))  # a clock that is wrong is no reason to wait for ever
        assert house.counts(min_age_s=600) == {"mined": 1, "unchanged": 1, "left_alone": 1}

    def test_names_that_are_no_text(self, house):
        house.photo(os.fsdecode(b"caf\xe9/\xff\n.png"))
        assert house.counts() == {"mined": 1}
        assert house.counts() == {"unchanged": 1}


class TestFailures:
    def failing(self, house: House) -> None:
        house.photo("good.png")
        (house.input / "bad.jpg").write_text("words")
        (house.input / "cut.png").write_bytes(house.photo("large.png", 300).read_bytes()[:100])

    def test_are_reported_once_and_then_left_alone(self, house):
        self.failing(house)
        summary = house.night()
        assert (summary.exit_code, summary.failed) == (ExitCode.SOME_FAILED, 2)
        summary = house.night()
        assert (summary.exit_code, summary.failed, summary.left_alone) == (ExitCode.OK, 0, 2)
        assert house.planned() == []
        assert sorted(house.planned(retry_failed=True)) == [
            ("bad.jpg", Reason.RETRY),
            ("cut.png", Reason.RETRY),
        ]
        assert house.night(retry_failed=True).failed == 2

    def test_are_tried_again_when_they_or_the_limits_change(self, house):
        house.photo("large.png", 300)
        assert house.counts(max_megapixels=0.01) == {"failed": 1}
        assert house.counts(max_megapixels=0.01) == {"left_alone": 1}
        assert house.counts(max_megapixels=150) == {"mined": 1}
        self.failing(house)
        house.night()
        house.photo("cut.png", 7)
        assert house.counts() == {"mined": 1, "unchanged": 2, "left_alone": 1}

    def test_of_a_run_that_did_not_come_to_its_end_are_reported_by_the_next_that_does(self, house):
        self.failing(house)
        for n in range(5):
            house.photo(f"z{n}.png")

        def interrupt(outcome: Outcome) -> None:
            if outcome.path.endswith("cut.png"):
                os.kill(os.getpid(), signal.SIGTERM)

        summary = house.night(interrupt)
        assert (summary.exit_code, summary.failed) == (ExitCode.TERMINATED, 2)
        summary = house.night()
        assert (summary.exit_code, summary.mined, summary.unchanged) == (ExitCode.SOME_FAILED, 7, 0)
        assert {failure.code for failure in summary.failures} == {
            FailureCode.UNSUPPORTED_FORMAT,
            FailureCode.TRUNCATED,
        }
        assert house.night().exit_code is ExitCode.OK

    def test_for_reasons_outside_of_a_file_are_tried_each_night(self, house):
        house.photo("a.png")
        house.output.mkdir()
        (house.output / "a.png.json").write_text('{"somebody": "else"}')
        for _ in range(2):
            assert [failure.code for failure in house.night().failures] == [FailureCode.OUTPUT_NAME_TAKEN]
        assert sorted(house.outputs()) == ["a.png.json"]  # no copy without a report
        (house.output / "a.png.json").unlink()
        assert house.counts() == {"mined": 1}

    def test_of_a_file_that_crashed_two_workers_are_quarantined(self, house):
        dies = component("dies", "tests.plugins.dies:Dies", width=9)
        pipeline_file(house.pipeline, dies, component("report", "jsonreportwriter", "dies"))
        house.photo("a.png")
        house.photo("poison.png", 9)
        night = {"workers": 1, "allow_plugins": True}
        summary = house.night(**night)
        assert [(f.code, summary.mined) for f in summary.failures] == [(FailureCode.WORKER_CRASHED, 1)]
        assert "SIGKILL" in summary.failures[0].sentence
        assert house.counts(**night) == {"unchanged": 1, "left_alone": 1}
        assert house.counts(**night, retry_failed=True) == {"unchanged": 1, "failed": 1}


class TestRenamed:
    """The content is known: nothing is mined, and the outputs are as mining would have made them."""

    def test_a_folder(self, house, monkeypatch):
        for name in ("2016/a.png", "2016/b.png"):
            house.photo(name, side=len(name) + ord(name[5]))
        house.night()
        (house.input / "2016").rename(house.input / "Summer \u00fc")
        assert house.planned() == [
            ("Summer \u00fc/a.png", Reason.RENAMED),
            ("Summer \u00fc/b.png", Reason.RENAMED),
        ]
        with monkeypatch.context() as patched:
            patched.setattr("pipeline.workers.executor.Pipeline", lambda *_: pytest.fail("mined"))
            assert house.counts(prune=True) == {"renamed": 2, "pruned": 2}
            assert house.counts() == {"unchanged": 2}
        carried = house.outputs()
        assert len(carried) == 4
        shutil.rmtree(house.output)
        assert house.counts() == {"mined": 2}
        assert house.outputs() == carried

    def test_the_input_itself(self, house):
        house.photo("2016/a.png")
        house.night()
        house.input = house.input.rename(house.folder / "moved")
        assert house.counts() == {"renamed": 1}
        carried = house.outputs()
        assert json.loads(carried["2016/a.png.json"])["file"] == str(house.input / "2016" / "a.png")
        assert house.counts() == {"unchanged": 1}
        assert house.counts(force=True) == {"mined": 1}
        assert house.outputs() == carried

    def test_two_photos_that_change_names(self, house):
        first, second = house.photo("a.png", 10), house.photo("b.png", 10)
        second.write_bytes(second.read_bytes()[:-1] + b"\x83")  # another content of the same size
        for path in (first, second):
            os.utime(path, (1_500_000_000, 1_500_000_000))
        house.night()
        first.rename(house.input / "c")
        second.rename(first)
        (house.input / "c").rename(second)
        house.night()
        carried = house.outputs()
        house.night(force=True)
        assert house.outputs() == carried


class TestPrune:
    def test_removes_what_has_no_input_and_nothing_else(self, house):
        for name in ("a.png", "sub/b.png", "sub/deeper/c.png"):
            house.photo(name)
        house.night()
        (house.output / "sub" / "notes.txt").write_text("mine")
        shutil.rmtree(house.input / "sub")
        assert house.counts() == {"unchanged": 1}
        assert len(house.outputs()) == 7
        assert house.planned(prune=True) == [("sub/b.png", None), ("sub/deeper/c.png", None)]
        assert house.counts(prune=True) == {"unchanged": 1, "pruned": 2}
        assert sorted(house.outputs()) == [*both("a.png"), "sub/notes.txt"]
        assert not (house.output / "sub" / "deeper").exists()
        assert house.counts(prune=True) == {"unchanged": 1}

    def test_removes_what_earlier_pipelines_made_too(self, house):
        photo = house.photo("a.png")
        house.night()
        pipeline_file(house.pipeline, FACES, REPORT)
        house.night()
        assert sorted(house.outputs()) == both("a.png")
        photo.unlink()
        assert house.counts(prune=True) == {"pruned": 1}
        assert house.outputs() == {}

    def test_works_after_the_ledger_was_lost(self, house):
        house.photo("a.png")
        house.photo("b.png").rename(house.input / "c.png")
        house.photo("b.png", 9)
        house.night()
        (house.output / LEDGER_NAME).unlink()
        (house.input / "b.png").unlink()
        assert house.counts(prune=True) == {"unchanged": 2, "pruned": 1}
        assert sorted(house.outputs()) == both("a.png") + both("c.png")

    def test_keeps_what_is_on_a_disk_that_is_not_mounted(self, house):
        house.photo("disk/a.png")
        house.night()
        with Ledger(house.output) as ledger:
            record = ledger.look_up("disk/a.png")
            ledger.renumber_device(str(house.input), record.stamp.device, 7)
        (house.input / "disk" / "a.png").unlink()
        house.photo("b.png")
        for options in ({"prune": True}, {}):  # it is also said by a run that does not prune
            summary = house.night(**options)
            assert summary.pruned == 0
            assert summary.missing == {str(house.input / "disk"): 1}
        assert sorted(house.outputs()) == [*both("b.png"), *(f"disk/{name}" for name in both("a.png"))]

    def test_an_input_that_is_not_mounted_at_all_is_an_error(self, house):
        photo = house.photo("a.png")
        house.night()
        with Ledger(house.output) as ledger:
            ledger.renumber_device(str(house.input), photo.stat().st_dev, 7)
        photo.unlink()
        for more in ({}, {"prune": True}):
            with pytest.raises(MinerError, match=r"there is no file, and 1 that were mined .* mount it"):
                house.night(**more)
        assert sorted(house.outputs()) == both("a.png")


class TestLostLedger:
    @pytest.mark.parametrize(
        "damage",
        [
            Path.unlink,
            lambda path: path.write_bytes(b"not a database" * 999),
            lambda path: path.write_bytes(b""),
            lambda path: path.write_bytes(path.read_bytes()[:9000]),
        ],
        ids=["lost", "overwritten", "empty", "cut"],
    )
    def test_is_rebuilt_from_the_outputs(self, house, damage, caplog):
        house.photo("a.png")
        house.photo("sub/b.png")
        (house.input / "bad.jpg").write_text("words")
        house.night()
        before = house.outputs()
        damage(house.output / LEDGER_NAME)
        assert house.planned() == [("bad.jpg", Reason.NEW)]
        assert house.counts() == {"unchanged": 2, "failed": 1}
        assert "rebuilt from the outputs of 2 inputs" in caplog.text
        assert house.outputs() == before
        (house.output / "a.png-annotated.jpg").unlink()
        assert house.planned() == [("a.png", Reason.OUTPUTS_GONE)]

    def test_is_rebuilt_by_the_next_run_if_this_one_was_killed_meanwhile(self, house, monkeypatch):
        house.photo("a.png")
        house.night()
        (house.output / LEDGER_NAME).unlink()
        with monkeypatch.context() as patched:
            patched.setattr(
                "reporters.jsonreportwriter.read_report_head", lambda _: (_ for _ in ()).throw(SystemExit)
            )
            with pytest.raises(SystemExit):
                house.night()
        assert (house.output / LEDGER_NAME).exists()
        assert house.counts() == {"unchanged": 1}

    def test_that_a_newer_version_wrote_ends_the_run_before_anything_is_mined(self, house):
        house.photo("a.png")
        with Ledger(house.output) if house.output.mkdir() is None else None as ledger:
            ledger._connection.execute("PRAGMA user_version = 99")
        with pytest.raises(OutputError, match="newer version of this program"):
            house.night()
        assert house.outputs() == {}
