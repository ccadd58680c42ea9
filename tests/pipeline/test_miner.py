from __future__ import annotations

import json
import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.errors import ExitCode, FailureCode, OutputError, PipelineFileError, UsageError
from pipeline.miner import mine
from pipeline.outcome import Outcome, Status, Summary
from pipeline.runs.options import Options
from tests.running import component, parts_in, pipeline_file, small_photo

ECHO = (component("all", "tests.plugins.routes:Echoes"), component("report", "jsonreportwriter", "all"))


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., tuple[Summary, list[Outcome]]]:
    """Mines `in` into `out` in this process, or as the options say; the summary and all outcomes."""

    def run(on_outcome: Callable[[Outcome], None] = lambda _: None, **options: object):
        pipeline = pipeline_file(tmp_path / "p.yml", *ECHO)
        defaults = {"input": str(tmp_path / "in"), "output": str(tmp_path / "out"), "pipeline": str(pipeline)}
        outcomes = []

        def both(outcome: Outcome) -> None:
            outcomes.append(outcome)
            on_outcome(outcome)

        return mine(Options(**defaults | {"workers": 0, "allow_plugins": True} | options), both), outcomes

    return run


def reports(folder: Path) -> list[str]:
    return sorted(os.path.relpath(path, folder) for path in folder.rglob("*.json"))


def test_a_folder_is_mirrored_and_all_that_is_no_photo_is_counted(tmp_path, run):
    root = tmp_path / "in"
    for name in ("a.png", "b/a.png", "b/c/a.jpg", "b/a.jpg"):
        small_photo(root / name)
    small_photo(Path(os.fsdecode(os.fsencode(root) + b"/b/\xff.png")))
    (root / "notes.txt").write_text("words")
    (root / "empty.jpg").touch()
    (root / "text.jpg").write_text("words")
    summary, outcomes = run()
    assert reports(tmp_path / "out") == sorted(
        ["a.png.json", "b/a.jpg.json", "b/a.png.json", "b/c/a.jpg.json", "b/\udcff.png.json"]
    )
    assert (summary.mined, summary.ignored, summary.exit_code) == (5, 1, ExitCode.SOME_FAILED)
    assert {Path(o.path).name: o.code for o in summary.failures} == {
        "empty.jpg": FailureCode.EMPTY_FILE,
        "text.jpg": FailureCode.UNSUPPORTED_FORMAT,
    }
    assert len(outcomes) == 8
    assert summary.elapsed_s > 0


def test_one_photo_and_an_output_folder_that_has_to_be_made(tmp_path, run):
    photo = small_photo(tmp_path / "in" / "a.png")
    summary, _ = run(input=str(photo), output=str(tmp_path / "deep" / "out"))
    assert summary.exit_code is ExitCode.OK
    assert reports(tmp_path / "deep" / "out") == ["a.png.json"]


def test_what_is_named_and_is_no_photo_failed(tmp_path, run):
    (tmp_path / "notes.txt").write_text("words")
    summary, _ = run(input=str(tmp_path / "notes.txt"))
    assert [failure.code for failure in summary.failures] == [FailureCode.UNSUPPORTED_FORMAT]


def test_an_output_inside_the_input_is_not_mined_again(tmp_path, run):
    small_photo(tmp_path / "in" / "a.png")
    for mined in (1, 0):
        summary, outcomes = run(output=str(tmp_path / "in" / "out"))
        assert (summary.mined, summary.unchanged, len(outcomes)) == (mined, 1 - mined, 1)


def test_what_a_killed_run_left_is_swept(tmp_path, run):
    small_photo(tmp_path / "in" / "b" / "a.png")
    folder = tmp_path / "out" / "b"
    folder.mkdir(parents=True)
    process = os.posix_spawn("/bin/true", ["true"], {})
    os.waitpid(process, 0)
    (folder / f".deepvisualminer-{process}-0123456789abcdef.part").write_bytes(b"half")
    run()
    assert parts_in(tmp_path) == []


class TestPlaces:
    """INPUT, OUTPUT and the pipeline file are looked at before anything is done."""

    def refused(self, run, error, **options) -> str:
        before = signal.getsignal(signal.SIGINT)
        with pytest.raises(error) as raised:
            run(**options)
        assert signal.getsignal(signal.SIGINT) is before
        return str(raised.value)

    def test_the_pipeline_file_comes_first(self, tmp_path, run):
        told = self.refused(run, PipelineFileError, pipeline=str(tmp_path), input="/no/such")
        assert told.endswith("(Is a directory)")
        assert not (tmp_path / "out").exists()

    def test_an_input_that_is_not_there(self, tmp_path, run):
        told = self.refused(run, UsageError, input=str(tmp_path / "\udcff"))
        assert told == f'"{tmp_path}/\ufffd": there is no such INPUT file or folder'
        assert self.refused(run, UsageError, input="") == '"": there is no such INPUT file or folder'
        assert not (tmp_path / "out").exists()

    @pytest.mark.parametrize("same", ["{in}", "{in}/", "{in}/../in", "link"])
    def test_an_output_that_is_the_input(self, tmp_path, run, same):
        small_photo(tmp_path / "in" / "a.png")
        (tmp_path / "link").symlink_to("in")
        output = same.replace("{in}", str(tmp_path / "in")).replace("link", str(tmp_path / "link"))
        assert "OUTPUT is INPUT itself; choose another folder" in self.refused(run, UsageError, output=output)
        assert [path.name for path in (tmp_path / "in").iterdir()] == ["a.png"]

    def test_input_and_output_that_are_swapped(self, tmp_path, run):
        photo = small_photo(tmp_path / "in" / "a.png")
        run()
        told = self.refused(run, UsageError, input=str(tmp_path / "out"), output=str(tmp_path / "in"))
        assert told.startswith(f"{tmp_path / 'out'}: INPUT is the OUTPUT of an earlier run")
        assert list((tmp_path / "in").iterdir()) == [photo]

    def test_an_output_without_a_name(self, tmp_path, run):
        (tmp_path / "in").mkdir()
        assert self.refused(run, UsageError, output="").startswith('"": OUTPUT is no folder\'s name')

    def test_an_output_that_is_a_file(self, tmp_path, run):
        photo = small_photo(tmp_path / "in" / "a.png")
        for output in (photo, photo / "deeper"):
            told = self.refused(run, OutputError, input=str(photo), output=str(output))
            assert "a file stands where a folder is needed" in told


class TestSignals:
    """Ctrl-C and SIGTERM while a run is on."""

    def test_the_walk_ends_too(self, tmp_path, run):
        """A folder of a thousand texts holds no photo at which the run could notice."""
        (tmp_path / "in").mkdir()
        for n in range(1000):
            (tmp_path / "in" / f"{n}.txt").write_text("words")
        before = signal.getsignal(signal.SIGINT)
        for workers in (0, 2):
            summary, outcomes = run(lambda _: os.kill(os.getpid(), signal.SIGINT), workers=workers)
            assert summary.exit_code is ExitCode.INTERRUPTED
            assert len(outcomes) == 1
        assert signal.getsignal(signal.SIGINT) is before

    def test_the_second_stops_the_serial_twin_in_the_middle(self, tmp_path, run):
        small_photo(tmp_path / "in" / "a.png")
        small_photo(tmp_path / "in" / "b.png")

        def twice(_: Outcome) -> None:
            os.kill(os.getpid(), signal.SIGTERM)
            os.kill(os.getpid(), signal.SIGTERM)

        summary, outcomes = run(twice)
        assert summary.exit_code is ExitCode.TERMINATED
        assert (summary.mined, len(outcomes)) == (1, 1)

    def test_a_caller_that_raises_gets_its_exception_and_its_handlers_back(self, tmp_path, run):
        for n in range(9):
            small_photo(tmp_path / "in" / f"{n}.png")
        before = signal.getsignal(signal.SIGTERM)

        def refuse(_: Outcome) -> None:
            raise BrokenPipeError

        with pytest.raises(BrokenPipeError):
            run(refuse, workers=1)
        assert signal.getsignal(signal.SIGTERM) is before
        assert len(reports(tmp_path / "out")) <= 1

    def test_another_thread_mines_without_them(self, tmp_path, run):
        small_photo(tmp_path / "in" / "a.png")
        found = []
        thread = threading.Thread(target=lambda: found.append(run(workers=1)))
        thread.start()
        thread.join(120)
        assert found[0][0].mined == 1


def test_a_pipeline_that_writes_nothing_is_warned_of(tmp_path, run, caplog):
    small_photo(tmp_path / "in" / "a.png")
    silent = str(pipeline_file(tmp_path / "silent.yml", ECHO[0]))
    assert run(pipeline=silent)[0].mined == 1
    assert caplog.messages == [f"{silent}: no component writes anything"]


def test_megapixels_and_links_are_options(tmp_path, run):
    small_photo(tmp_path / "in" / "large.png", 200, 100)
    small_photo(tmp_path / "elsewhere" / "a.png")
    (tmp_path / "in" / "link").symlink_to(tmp_path / "elsewhere")
    summary, outcomes = run(max_megapixels=0.01)
    assert summary.failures[0].code is FailureCode.TOO_LARGE
    assert summary.failures[0].sentence.startswith("200x100 is ")
    assert [outcome.status for outcome in outcomes].count(Status.IGNORED) == 1
    summary, _ = run(follow_links=True)
    assert reports(tmp_path / "out") == ["large.png.json", "link/a.png.json"]
    assert json.loads((tmp_path / "out" / "link" / "a.png.json").read_bytes())["width"] == 8
