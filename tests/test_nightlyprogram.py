"""The program over the same folders again: what it would do, what it says, and what a killed run left."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import visualminer
from pipeline.errors import ExitCode, LockedError, MinerError
from pipeline.files.lock import LOCK_NAME
from pipeline.ledger.ledgerfile import LEDGER_NAME
from pipeline.outcome import Outcome, Status
from pipeline.runs.selection import Reason
from tests.house import both
from tests.running import PATIENCE_S, PROGRAM, ROOT, component, pipeline_file, restored_logging, run


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
from pipeline.runs.options import Options
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
    assert part.exists()  # the run before was not killed: there is no sweep
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
                    "import sys; from pathlib import Path; from pipeline.files.lock import lock_output\n"
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
        (house.input / "a.png").unlink()
        done = run(*arguments, "--prune")
        removed = f"removed the outputs of 1 input that no longer exist; {house.output}\n"
        assert (done.returncode, done.stdout, done.stderr) == (ExitCode.OK, removed, "")

    def test_more_failures_than_are_named_are_where_it_says(self, house, monkeypatch, capfd):
        """The last lines name no log that there is not."""
        monkeypatch.setattr("pipeline.outcome.MOST_FAILURES", 1)
        house.input.mkdir(exist_ok=True)
        for name in "ab":
            (house.input / f"{name}.jpg").write_text("words")
        arguments = [str(house.input), str(house.output), str(house.pipeline), "--workers", "0", "--force"]
        with restored_logging():
            assert visualminer.main([*arguments, "--quiet"]) == ExitCode.SOME_FAILED
        printed = capfd.readouterr()
        where = f"which visualminer.py --failures {house.output} lists"
        assert printed.out.splitlines()[-2] == f"  and 1 more, {where}"
        assert printed.err == ""

    @pytest.mark.parametrize("more", [[], ["--quiet"], ["--verbose"]])
    def test_each_failure_is_printed_once(self, house, more):
        house.photo("a.png")
        (house.input / "bad.jpg").write_text("words")
        done = run(house.input, house.output, house.pipeline, "--workers", "0", *more)
        assert (done.stdout + done.stderr).count("bad.jpg") == 1

    def test_failures_are_printed_also_where_an_error_ends_a_quiet_run(self, house):
        for number in range(12):
            house.photo(f"{number}.png")
        house.night()
        for number in range(12):
            (house.input / f"{number}.png").unlink()
        (house.input / "bad.jpg").write_text("words")
        done = run(house.input, house.output, house.pipeline, "--workers", "0", "--quiet", "--prune")
        assert done.returncode == ExitCode.ENVIRONMENT
        assert "bad.jpg: unsupported_format" in done.stdout
        assert "--prune=all" in done.stderr

    def test_summary_and_log_for_programs(self, house):
        odd = os.fsdecode(b"\xff.jpg")
        house.photo("a.png")
        (house.input / odd).write_text("words")
        (house.input / "notes.txt").write_text("words")
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
            "ignored": 1,
            "unchanged": 0,
            "renamed": 0,
            "left_alone": 0,
            "pruned": 0,
            "missing": 0,
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
        assert (statuses.count("mined"), statuses.count("ignored")) == (1, 1)
        assert lines[-1]["message"].startswith("mined 1 photo in ")
        run(house.input, house.output, house.pipeline, *more)
        (mining, left, last) = log.read_text().splitlines()[len(lines) :]
        assert "mining " in mining
        assert json.loads(left)["status"] == "left alone"
        assert "1 unchanged, 1 left alone" in last
        assert "1 ignored" in last

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


@pytest.mark.parametrize("names", range(1, 7))
def test_a_run_killed_while_renamed_outputs_get_their_names_is_completed_by_the_next(house, names):
    for number in range(3):
        house.photo(f"old/{number}.png", side=8 + number)
    house.night()
    (house.input / "old").rename(house.input / "new")
    script = """
import os, signal, sys
from pipeline.miner import mine
from pipeline.runs.options import Options
replace, left = os.replace, int(sys.argv[4])

def replace_and_die(*paths):
    global left
    replace(*paths)
    left -= 1
    if not left:
        os.kill(os.getpid(), signal.SIGKILL)

os.replace = replace_and_die
mine(Options(*sys.argv[1:4], workers=0), lambda _: None)
"""
    places = [house.input, house.output, house.pipeline]
    command = [sys.executable, "-c", script, *places, str(names)]
    assert subprocess.run(command, cwd=ROOT, timeout=PATIENCE_S).returncode == -signal.SIGKILL
    assert len([path for path in house.outputs() if path.startswith("new/") and path[4] != "."]) == names
    assert house.counts() == {"renamed": 3}
    reused = house.outputs()
    assert not [path for path in reused if path.endswith(".part")]
    assert house.counts(force=True) == {"mined": 3}
    assert house.outputs() == reused


def test_a_signal_while_pruning_keeps_the_last_line_the_summary_and_what_was_reported(house, tmp_path):
    for name in ("a.png", "b.png", "c.png", "d.png"):
        house.photo(name)
    house.night()
    for name in ("a.png", "b.png", "c.png", "d.png"):
        (house.input / name).unlink()
    (house.input / "bad.jpg").write_text("words")
    script = """
import os, signal, sys
from cli.commandline import main
from pipeline.runs.progress import PlainProgress
PlainProgress.on_pruning = lambda _, doing, done, total: (
    doing.startswith("removing") and done == 1 and os.kill(os.getpid(), signal.SIGTERM)
)
sys.exit(main(sys.argv[1:]))
"""
    places = [house.input, house.output, house.pipeline]
    command = [
        sys.executable,
        "-c",
        script,
        *places,
        "--prune",
        "--quiet",
        "--summary",
        tmp_path / "summary.json",
    ]
    done = subprocess.run(command, cwd=ROOT, timeout=PATIENCE_S, capture_output=True, text=True)
    assert done.returncode == ExitCode.TERMINATED
    *_, failure, last = done.stdout.splitlines()
    assert failure.endswith("bad.jpg: unsupported_format: neither a photo nor a video by its content")
    assert last.startswith("mined 0 photos in ")
    assert "2 gone and their outputs removed; interrupted, another run goes on from here" in last
    summary = json.loads((tmp_path / "summary.json").read_text())
    assert (summary["exit_code"], summary["finished"]) == (ExitCode.TERMINATED, False)
    assert (summary["counts"]["pruned"], len(summary["failures"])) == (2, 1)
    assert house.counts(prune=True) == {"left_alone": 1, "pruned": 2}
    assert house.outputs() == {}


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
