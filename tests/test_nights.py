"""One run after another over the same folders: what each mines, leaves, carries over, removes and says."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from pipeline.errors import ExitCode, FailureCode, LockedError, MinerError, OutputError
from pipeline.ledger import Ledger
from pipeline.ledgerfile import LEDGER_NAME
from pipeline.lock import LOCK_NAME
from pipeline.miner import mine
from pipeline.options import Options
from pipeline.outcome import Outcome, Status, Summary
from pipeline.plan import Planned, plan
from pipeline.selection import Reason
from tests.running import PATIENCE_S, PROGRAM, ROOT, component, pipeline_file, run, small_photo

FACES = component("faces", "simpledetector", model="haarcascade_frontalface_default.xml")
REPORT = component("report", "jsonreportwriter", "faces")
COPY = component("copy", "photowriter", "faces")


@dataclass
class House:
    """A home with INPUT, OUTPUT and a pipeline file; each `night` is a run in this process."""

    folder: Path

    def __post_init__(self) -> None:
        self.input, self.output = self.folder / "in", self.folder / "out"
        self.pipeline = pipeline_file(self.folder / "p.yml", FACES, REPORT, COPY)

    def photo(self, relative: str, side: int = 8) -> Path:
        return small_photo(self.input / relative, side, side)

    def options(self, **more: object) -> Options:
        given = {"input": str(self.input), "output": str(self.output), "pipeline": str(self.pipeline)}
        return Options(**given | {"workers": 0} | more)

    def night(self, on_outcome: Callable[[Outcome], None] = lambda _: None, **more: object) -> Summary:
        return mine(self.options(**more), on_outcome)

    def counts(self, **more: object) -> dict[str, int]:
        summary = self.night(**more)
        names = ("mined", "failed", "ignored", "unchanged", "renamed", "left_alone", "pruned")
        return {name: count for name in names if (count := getattr(summary, name))}

    def plan(self, **more: object) -> list[Planned]:
        return list(plan(self.options(**more)))

    def planned(self, **more: object) -> list[tuple[str, Reason | None]]:
        return [(os.path.relpath(one.path, self.input), one.reason) for one in self.plan(**more)]

    def outputs(self) -> dict[str, bytes]:
        """Everything in OUTPUT but the books, by its path."""
        return {
            os.path.relpath(path, self.output): path.read_bytes()
            for path in self.output.rglob("*")
            if path.is_file() and not path.name.startswith(".deepvisualminer.")
        }

    def snapshot(self) -> dict[str, tuple[int, int, bytes]]:
        """Everything in OUTPUT with its times."""
        return {
            str(path): (path.lstat().st_mtime_ns, path.lstat().st_ino, path.read_bytes())
            for path in self.output.rglob("*")
            if path.is_file()
        }


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


def both(name: str) -> list[str]:
    return [f"{name}-annotated.jpg", f"{name}.json"]


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
        monkeypatch.setattr("pipeline.walk.open", lambda *_, **__: pytest.fail("opened"), raising=False)
        monkeypatch.setattr("pipeline.workforce.Pipeline", lambda *_: pytest.fail("built"))
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

    def test_a_file_that_somebody_may_still_be_writing(self, house):
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

    def test_are_told_once_and_then_left_alone(self, house):
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

    def test_of_a_run_that_did_not_come_to_its_end_are_told_by_the_next_that_does(self, house):
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
            patched.setattr("pipeline.workforce.Pipeline", lambda *_: pytest.fail("mined"))
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

    def test_not_where_somebody_else_s_writer_is_at_work(self, house):
        photo = house.photo("a.png")
        echo = component("all", "tests.plugins.routes:Echoes")
        pipeline_file(house.pipeline, echo, component("report", "jsonreportwriter", "all"))
        house.night(allow_plugins=True)
        photo.rename(house.input / "b.png")
        assert house.counts(allow_plugins=True) == {"mined": 1}


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

    def test_keeps_what_is_on_a_disk_that_is_not_mounted(self, house, caplog):
        house.photo("disk/a.png")
        house.night()
        with Ledger(house.output) as ledger:
            record = ledger.look_up("disk/a.png")
            ledger.renumber_device(str(house.input), record.stamp.device, 7)
        (house.input / "disk" / "a.png").unlink()
        house.photo("b.png")
        assert house.counts(prune=True) == {"mined": 1}
        assert sorted(house.outputs()) == [*both("b.png"), *(f"disk/{name}" for name in both("a.png"))]
        assert "1 input is gone, and so is the disk" in caplog.text

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
    def test_is_made_anew_from_the_reports(self, house, damage, caplog):
        house.photo("a.png")
        house.photo("sub/b.png")
        (house.input / "bad.jpg").write_text("words")
        house.night()
        before = house.outputs()
        damage(house.output / LEDGER_NAME)
        assert house.planned() == [("bad.jpg", Reason.NEW)]
        assert house.counts() == {"unchanged": 2, "failed": 1}
        assert "made anew from the reports of 2 inputs" in caplog.text
        assert house.outputs() == before
        (house.output / "a.png-annotated.jpg").unlink()
        assert house.planned() == [("a.png", Reason.OUTPUTS_GONE)]

    def test_is_made_anew_by_the_next_run_if_that_was_killed_meanwhile(self, house, monkeypatch):
        house.photo("a.png")
        house.night()
        (house.output / LEDGER_NAME).unlink()
        with monkeypatch.context() as patched:
            patched.setattr("pipeline.rebuild.read_report_head", lambda _: (_ for _ in ()).throw(SystemExit))
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


class TestDryRun:
    def test_says_all_and_writes_nothing(self, house):
        house.photo("new.png")
        house.night()
        house.photo("newer.png")
        (house.input / "bad.jpg").write_text("words")
        (house.input / "new.png").unlink()
        before = house.snapshot()
        assert sorted(house.planned(prune=True)) == [
            ("bad.jpg", Reason.NEW),
            ("new.png", None),
            ("newer.png", Reason.NEW),
        ]
        assert house.snapshot() == before

    def test_makes_no_output_folder(self, house):
        house.photo("a.png")
        assert house.planned() == [("a.png", Reason.NEW)]
        assert not house.output.exists()

    def test_without_room_for_a_copy_of_the_ledger(self, house, monkeypatch):
        house.photo("a.png")
        house.night()
        monkeypatch.setattr("tempfile.tempdir", "/no/such/folder")
        with pytest.raises(MinerError, match="no temporary copy of the ledger can be made"):
            house.plan()

    def test_after_a_kill_in_the_middle_of_a_commit(self, house):
        """The ledger's log is still there, and the output folder is read-only to a dry run."""
        house.photo("a.png")
        script = """
import os, sys
from pipeline.miner import mine
from pipeline.options import Options
mine(Options(*sys.argv[1:4], workers=0), lambda _: None if os.environ.get("x") else os.kill(os.getpid(), 9))
"""
        command = [sys.executable, "-c", script, house.input, house.output, house.pipeline]
        assert subprocess.run(command, cwd=ROOT, timeout=PATIENCE_S).returncode == -signal.SIGKILL
        assert (house.output / f"{LEDGER_NAME}-wal").exists()
        before = house.snapshot()
        assert house.planned() == []
        assert house.snapshot() == before
        assert house.counts() == {"unchanged": 1}
        assert not (house.output / f"{LEDGER_NAME}-wal").exists()


def test_a_killed_run_s_parts_are_swept_wherever_they_are(house):
    """Even in folders that nothing is mined into any more."""
    house.photo("a.png")
    house.night()
    process = os.posix_spawn("/bin/true", ["true"], {})
    os.waitpid(process, 0)
    (house.output / "gone").mkdir()
    part = house.output / "gone" / f".deepvisualminer-{process}-0123456789abcdef.part"
    part.write_bytes(b"half")
    house.night()
    assert part.exists()  # the run before was not killed: nobody looks
    (house.output / LOCK_NAME).write_text("{}")
    house.night()
    assert not part.exists()


def test_parts_of_a_worker_that_was_still_dying_are_swept_at_the_end(house):
    house.photo("a.png")
    house.night()
    worker = subprocess.Popen(["sleep", "60"])
    part = house.output / f".deepvisualminer-{worker.pid}-0123456789abcdef.part"
    part.write_bytes(b"half")
    (house.output / LOCK_NAME).write_text("{}")

    def end(_: Outcome) -> None:
        assert part.exists()
        worker.kill()
        worker.wait()

    house.night(end)
    assert not part.exists()


class TestTheProgram:
    """What cron and a person see."""

    def test_a_second_run_on_one_output_names_the_first_and_may_wait(self, house):
        house.photo("a.png")
        holder = (
            subprocess.Popen(
                [
                    sys.executable,
                    "-c",
                    "import sys; from pathlib import Path; from pipeline.lock import lock_output\n"
                    "with lock_output(Path(sys.argv[1])): print('held', flush=True); sys.stdin.read()",
                    house.output,
                ],
                cwd=ROOT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            if house.output.mkdir() is None
            else None
        )
        assert holder.stdout.readline() == "held\n"
        arguments = [house.input, house.output, house.pipeline, "--workers", "0"]
        for more in ([], ["--dry-run"], ["--wait-lock", "0.3"], ["--quiet", "--summary", house.folder / "s"]):
            done = run(*arguments, *more)
            assert done.returncode == ExitCode.LOCKED
            assert done.stdout == ""
            assert f"another run has this OUTPUT folder (process {holder.pid} on" in done.stderr
        assert not (house.folder / "s").exists()
        with pytest.raises(LockedError):
            house.night()
        waiting = subprocess.Popen(
            [*PROGRAM, *arguments, "--wait-lock", "100"], cwd=ROOT, stderr=subprocess.PIPE, text=True
        )
        assert "waiting: " in waiting.stderr.readline()
        holder.communicate("", timeout=PATIENCE_S)
        waiting.communicate(timeout=PATIENCE_S)
        assert waiting.returncode == ExitCode.OK
        assert sorted(house.outputs()) == both("a.png")

    def test_quiet_is_silent_but_for_what_is_news(self, house):
        house.photo("a.png")
        (house.input / "bad.jpg").write_text("words")
        arguments = [house.input, house.output, house.pipeline, "--workers", "0", "--quiet"]
        done = run(*arguments)
        assert (done.returncode, done.stderr) == (ExitCode.SOME_FAILED, "")
        lines = done.stdout.splitlines()
        assert lines[0].startswith(f"  {house.input}/bad.jpg: unsupported_format: ")
        assert lines[1].startswith("mined 1 photo in ")
        assert ", 1 failed (see above); " in lines[1]
        done = run(*arguments)
        assert (done.returncode, done.stdout, done.stderr) == (ExitCode.OK, "", "")

    def test_summary_and_log_for_programs(self, house):
        odd = os.fsdecode(b"\xff.jpg")
        house.photo("a.png")
        (house.input / odd).write_text("words")
        summary, log = house.folder / "summary.json", house.folder / "log.json"
        more = ["--workers", "0", "--summary", summary, "--log-format", "json", "--log-file", log]
        done = run(house.input, house.output, house.pipeline, *more)
        assert done.returncode == ExitCode.SOME_FAILED
        told = json.loads(summary.read_bytes())
        assert (told["exit_code"], told["finished"], told["error"]) == (1, True, None)
        assert told["counts"] == {
            "photos": 1,
            "videos": 0,
            "partial": 0,
            "frames": 1,
            "failed": 1,
            "ignored": 0,
            "unchanged": 0,
            "renamed": 0,
            "left_alone": 0,
            "pruned": 0,
        }
        (failure,) = told["failures"]
        assert failure["code"] == "unsupported_format"
        assert failure["file"] == f"{house.input}/\ufffd.jpg"
        assert failure["file_base64"]
        assert told["seconds"] > 0
        assert {"deepvisualminer", "python", "pillow", "opencv-contrib-python-headless"} <= set(
            told["versions"]
        )
        for text in (done.stderr, log.read_text()):
            lines = [json.loads(line) for line in text.splitlines()]
            (line,) = (line for line in lines if line.get("code"))
            assert line["file"] == f"{house.input}/\ufffd.jpg"
            assert (line["level"], line["status"]) == ("error", "failed")
        statuses = [json.loads(line).get("status") for line in log.read_text().splitlines()]
        assert statuses.count("mined") == 1
        assert lines[-1]["message"].startswith("mined 1 photo in ")
        run(house.input, house.output, house.pipeline, *more)
        (mining, left, last) = log.read_text().splitlines()[len(lines) :]
        assert "mining " in mining
        assert json.loads(left)["status"] == "left alone"
        assert "1 unchanged, 1 left alone" in last

    def test_summary_of_a_run_that_could_not_be(self, house):
        house.photo("a.png")
        house.output.write_text("a file")
        summary = house.folder / "summary.json"
        done = run(house.input, house.output, house.pipeline, "--summary", summary)
        told = json.loads(summary.read_bytes())
        assert done.returncode == told["exit_code"] == ExitCode.ENVIRONMENT
        assert told["finished"] is False
        assert "a file stands where a folder is needed" in told["error"]

    @pytest.mark.parametrize("name", ["no/such/folder/s.json", "."])
    def test_summary_that_could_not_be_written_is_told_before_the_night(self, house, name):
        house.photo("a.png")
        done = run(house.input, house.output, house.pipeline, "--summary", house.folder / name)
        assert done.returncode == ExitCode.USAGE
        assert "name a" in done.stderr
        assert not house.output.exists()

    def test_dry_run_in_words(self, house):
        house.photo("a.png")
        done = run(house.input, house.output, house.pipeline, "--dry-run")
        assert (done.returncode, done.stderr) == (ExitCode.OK, "")
        assert done.stdout == f"would mine (new): {house.input}/a.png\nwould mine 1 file (1 new)\n"

    def test_what_does_not_go_together(self, house):
        for more in (["--dry-run", "--quiet"], ["--dry-run", "--summary", "s"], ["--nice", "20"]):
            assert run(house.input, house.output, house.pipeline, *more).returncode == ExitCode.USAGE

    def test_workers_give_way(self, house):
        house.photo("a.png")
        nice = component("nice", "tests.plugins.nice:Nice")
        pipeline_file(house.pipeline, nice, component("report", "jsonreportwriter", "nice"))
        own = os.getpriority(os.PRIO_PROCESS, 0)
        for more, expected in (((), max(own, 10)), (("--nice", "0"), own), (("--nice", "19"), 19)):
            arguments = ("--workers", "1", "--allow-plugins", "--force", *more)
            assert run(house.input, house.output, house.pipeline, *arguments).returncode == ExitCode.OK
            (found,) = json.loads(house.outputs()["a.png.json"])["frames"][0]["nice"]
            assert found["labels"] == [{"label": f"nice {expected}, killed first True"}]


def test_outcomes_say_what_was_done_with_every_input(house):
    house.photo("a.png")
    house.photo("b.png").rename(house.input / "c.png")
    outcomes: list[Outcome] = []
    house.night(outcomes.append)
    (house.input / "c.png").rename(house.input / "d.png")
    house.night(outcomes.append)
    told = [(Path(outcome.path).name, outcome.status) for outcome in outcomes]
    assert told == [
        ("a.png", Status.MINED),
        ("c.png", Status.MINED),
        ("a.png", Status.UNCHANGED),
        ("d.png", Status.RENAMED),
    ]
    assert outcomes[0].outputs == tuple(both("a.png"))
    assert outcomes[3].sentence == "has the content of what was mined as c.png"
