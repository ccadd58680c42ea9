from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from detectors.examplemodels import copy_onnx_network
from pipeline import __version__
from pipeline.config.examples import EXAMPLES
from pipeline.errors import ExitCode
from pipeline.models.__main__ import main as models
from pipeline.models.fetched import model_folder
from tests.running import (
    PATIENCE_S,
    PROGRAM,
    ROOT,
    component,
    parts_in,
    pipeline_file,
    restored_logging,
    run,
    small_photo,
)

FACES = component("faces", "simpledetector", model="haarcascade_frontalface_default.xml", min_neighbors=6)
EYES = component("eyes", "simpledetector", "faces", model="haarcascade_eye.xml")
REPORT = component("report", "jsonreportwriter", "faces")
BOOKS = (".deepvisualminer.lock", ".deepvisualminer.sqlite")
"""What a run leaves in OUTPUT beside the outputs."""
TIME = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"


@pytest.fixture
def faces(tmp_path: Path) -> Path:
    """A pipeline file that needs nothing but OpenCV."""
    return pipeline_file(tmp_path / "p.yml", FACES, REPORT)


def mined(folder: Path) -> set[str]:
    """The files that a user sees in OUTPUT; the run's own books are hidden."""
    assert parts_in(folder) == []
    return {path.name for path in folder.rglob("[!.]*") if path.is_file()}


class TestCheck:
    """--check PIPELINE, and bad use: exit code 2 and nothing done."""

    def test_a_good_file(self, faces):
        done = run("--check", faces)
        assert (done.returncode, done.stdout, done.stderr) == (0, f"{faces}: good, 2 components\n", "")

    def test_all_mistakes_of_a_bad_one(self, tmp_path, faces):
        faces.write_text(faces.read_text().replace("min_neighbors", "neighbors").replace("faces]", "face]"))
        for arguments in (("--check", faces), (tmp_path, tmp_path / "out", faces)):
            done = run(*arguments)
            assert (done.returncode, done.stdout) == (ExitCode.USAGE, "")
            assert done.stderr.splitlines() == [
                f'{faces}:7: component "faces": params has no "neighbors"; did you mean "min_neighbors"?',
                f'{faces}:10: component "report": input "face" names no component; did you mean "faces"?',
            ]
        assert not (tmp_path / "out").exists()

    def test_a_network_is_opened_far_enough(self, tmp_path):
        """A wrong number of names, and a network of the wrong kind, are told with file and line."""
        copy_onnx_network("tiny-yolov8.onnx", tmp_path)
        copy_onnx_network("tiny-yunet.onnx", tmp_path)
        (tmp_path / "names.txt").write_text("cat\n" * 200)
        networks = (
            component("a", "deepdetector", model="./tiny-yolov8.onnx", labels=str(tmp_path / "names.txt")),
            component("b", "deepdetector", model="./tiny-yunet.onnx"),
            component("c", "deepdetector", model="./cascade.xml"),
        )
        file = pipeline_file(tmp_path / "p.yml", *networks)
        done = run("--check", file)
        assert done.returncode == ExitCode.USAGE
        names, kind, cascade = done.stderr.splitlines()
        assert names.startswith(
            f'{file}:7: component "a": params.labels: {tmp_path}/names.txt: 200 names for the '
        )
        assert kind.startswith(f'{file}:12: component "b": params.model: ')
        assert kind.endswith("YuNet finds faces; write type: facedetector")
        assert cascade.endswith("a cascade is no network; write type: simpledetector")

    @pytest.mark.parametrize(
        ("arguments", "told"),
        [
            ([], "INPUT, OUTPUT and PIPELINE are needed; --init DIR writes a pipeline file"),
            (["in"], "OUTPUT and PIPELINE are missing: INPUT OUTPUT PIPELINE, such as "),
            (["in", "out"], "PIPELINE is missing: INPUT OUTPUT PIPELINE, such as "),
            (["in", "p.yml"], "OUTPUT is missing: INPUT OUTPUT PIPELINE, such as "),
            (["p.yml", "in", "out"], "the pipeline file, p.yml, comes last: INPUT OUTPUT PIPELINE"),
            (["failures", "out"], "did you mean --failures out?"),
            (["--failures", "out", "in"], "--failures OUTPUT stands alone: it mines nothing"),
            (["--init", "d", "in", "out"], "--init DIR stands alone: it mines nothing"),
            (["--check", "p.yml", "in", "out", "p.yml"], "--check PIPELINE stands alone: it mines nothing"),
            (["in", "out", "p.yml", "--workers", "two"], 'expected a whole number from 0 to 1024, got "two"'),
            (["in", "out", "p.yml", "--workers", "-1"], 'expected a whole number from 0 to 1024, got "-1"'),
            (["in", "out", "p.yml", "--timeout", "0"], 'expected a positive number, got "0"'),
            (["in", "out", "p.yml", "--timeout", "nan"], 'expected a positive number, got "nan"'),
            (["in", "out", "p.yml", "--max-megapixels", "x"], 'expected a positive number, got "x"'),
            (["in", "out", "p.yml", "--quiet", "--verbose"], "not allowed with argument"),
            (["in", "out", "p.yml", "--verbos", "--nope"], "there is no option --nope"),
        ],
    )
    def test_bad_use(self, arguments, told, capsys):
        from visualminer import main

        with pytest.raises(SystemExit) as raised:
            main(arguments)
        assert raised.value.code == ExitCode.USAGE
        assert told in capsys.readouterr().err

    def test_version_and_help(self, capsys):
        from visualminer import main

        for option, told in (("--version", f"Deep Visual Miner {__version__}\n"), ("--help", "example: ")):
            with pytest.raises(SystemExit) as raised:
                main([option])
            assert raised.value.code == ExitCode.OK
            assert told in capsys.readouterr().out


def test_a_folder_with_good_and_bad_in_plain_lines(tmp_path, faces):
    """What cron and pipes see, with names that are no text, and one real photo."""
    assert models(["fetch", "sample-photos"]) == ExitCode.OK
    root = Path(os.fsdecode(os.fsencode(tmp_path) + b"/in\xff"))
    out = Path(os.fsdecode(os.fsencode(tmp_path) + b"/out\xfe"))
    small_photo(root / "-a.png")
    small_photo(Path(os.fsdecode(os.fsencode(root) + b"/\xe9t\xe9.png")))
    (root / "notes.txt").write_text("words")
    (root / "bad.jpg").write_text("words")
    (root / "astronaut.png").symlink_to(model_folder("sample-photos") / "astronaut.png")
    log = tmp_path / "log.txt"
    done = run(root, out, faces, "--log-file", log, "--workers", "1")
    assert done.returncode == ExitCode.SOME_FAILED
    shown = f"{tmp_path}/in\ufffd"
    assert re.fullmatch(
        rf"mined 3 photos in \d+\.\d s, 1 failed \(see above\); \d+\.\d a second, 1 ignored; "
        rf"results are in {tmp_path}/out\ufffd\n",
        done.stdout,
    )
    lines = done.stderr.splitlines()
    assert re.fullmatch(rf"{TIME} mining {shown} into {tmp_path}/out\ufffd with up to 1 .*", lines[0])
    assert re.fullmatch(rf"{TIME} error: {shown}/bad\.jpg: failed \(unsupported_format\): .*", lines[1])
    assert len(lines) == 2
    logged = log.read_text(encoding="utf-8")
    for line in ("notes.txt: ignored: neither a photo", "-a.png: mined", "\ufffdt\ufffd.png: mined"):
        assert f"{shown}/{line}" in logged
    report = json.loads((out / "astronaut.png.json").read_bytes())
    assert len(report["frames"][0]["faces"]) == 1
    assert len(mined(out)) == 3


def test_quiet_and_verbose_and_a_log_that_cannot_be_written(tmp_path, faces, capfd):
    photo = small_photo(tmp_path / "in" / "a.png")
    bad = tmp_path / "bad"
    bad.mkdir()
    (bad / "b.jpg").touch()
    from visualminer import main

    def told(*arguments: str | Path) -> tuple[int, str, str]:
        with restored_logging():
            code = main([*map(str, arguments), str(tmp_path / "out"), str(faces), "--workers", "0"])
        return code, *capfd.readouterr()

    assert told("--quiet", photo) == (ExitCode.OK, "", "")
    code, out, err = told("--quiet", bad)
    assert (code, err) == (ExitCode.SOME_FAILED, "")
    assert re.fullmatch(rf"  {bad}/b.jpg: empty_file: the file is empty\nmined 0 .* 1 failed .*\n", out)
    assert told("--quiet", bad) == (ExitCode.OK, "", "")  # known by now, and not changed since
    code, out, err = told("--verbose", "--force", photo)
    assert re.fullmatch(rf"{TIME} mining .* in this process\n{TIME} {photo}: mined\n", err)
    code, out, err = told("--log-file", tmp_path, photo)
    assert (code, out) == (ExitCode.USAGE, "")
    assert err == f"{tmp_path}: the log file cannot be opened (Is a directory); name another\n"


@pytest.mark.parametrize("term", ["xterm", "dumb"])
def test_a_person_at_a_terminal_sees_a_bar(tmp_path, faces, term):
    for n in range(3):
        small_photo(tmp_path / "in" / f"{n}.png")
    (tmp_path / "in" / "bad.jpg").touch()
    parent, child = pty.openpty()
    with subprocess.Popen(
        [*PROGRAM, tmp_path / "in", tmp_path / "out", faces, "--workers", "1"],
        cwd=ROOT,
        env=os.environ | {"TERM": term, "COLUMNS": "100"},
        stdout=child,
        stderr=child,
    ) as process:
        os.close(child)
        seen = b"".join(iter(lambda: _read(parent), b"")).decode()
    os.close(parent)
    assert process.returncode == ExitCode.SOME_FAILED
    assert "bad.jpg: failed (empty_file): the file is empty" in seen
    assert "mined 3 photos in " in seen
    if term == "xterm":
        drawn = re.sub(r"\x1b\[[\d;?]*[a-zA-Z]", "", seen)
        assert re.search(r"mining ━+ \d/4 \d+\.\d mined a second, 1 failed [\d:-]+ left", drawn)
    assert seen.rstrip().endswith(f"results are in {tmp_path}/out")
    assert seen.count("mined 3 photos") == 1


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 4096)
    except OSError:  # EIO: the other end is closed
        return b""


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_a_reader_that_goes_away_is_no_traceback(tmp_path, faces, stream):
    small_photo(tmp_path / "in" / "a.png")
    (tmp_path / "in" / "bad.jpg").touch()
    arguments = [tmp_path / "in", tmp_path / "out", faces, "--workers", "0"]
    for given in (arguments, ["--check", faces]) if stream == "stdout" else (arguments,):
        process = subprocess.Popen(
            [*PROGRAM, *given], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        getattr(process, stream).close()
        other = process.stderr if stream == "stdout" else process.stdout
        assert b"Traceback" not in other.read()
        other.close()
        assert process.wait(PATIENCE_S) == ExitCode.BROKEN_PIPE
    assert parts_in(tmp_path) == []


class Waiting:
    """The program with two photos in the hands of two workers, which wait for the gate to open."""

    def __init__(self, folder: Path) -> None:
        for n in range(9):
            small_photo(folder / "in" / f"{n}.png")
        os.mkfifo(folder / "announce")
        (folder / "gate").touch()
        self.gate = (folder / "gate").open("rb")
        fcntl.flock(self.gate, fcntl.LOCK_EX)
        waits = component(
            "waits", "tests.plugins.waits:Waits", announce=str(folder / "announce"), gate=str(folder / "gate")
        )
        path = pipeline_file(folder / "p.yml", waits, component("report", "jsonreportwriter", "waits"))
        self.out = folder / "out"
        self.process = subprocess.Popen(
            [*PROGRAM, folder / "in", self.out, path, "--workers", "2", "--allow-plugins"],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self.workers = self._announced(folder / "announce", 2)

    def _announced(self, fifo: Path, count: int) -> list[psutil.Process]:
        found = b""
        with open(os.open(fifo, os.O_RDWR), "rb", buffering=0) as stream:
            while found.count(b"\n") < count:
                assert select.select([stream], [], [], PATIENCE_S)[0], "the workers never got to work"
                found += stream.read(64)
        return [psutil.Process(int(line)) for line in found.split()]

    def told(self, text: str) -> None:
        """Read the program's log up to a line that holds this."""
        for line in self.process.stderr:
            if text in line:
                return
        raise AssertionError(f"it never said {text!r}")

    def end(self) -> str:
        """Wait for the end; the last words. No worker is left."""
        out, err = self.process.communicate(timeout=PATIENCE_S)
        assert "Traceback" not in err
        _, alive = psutil.wait_procs(self.workers, timeout=10)
        assert [p for p in alive if p.status() != psutil.STATUS_ZOMBIE] == []
        return out


@pytest.fixture
def waiting(tmp_path: Path) -> Iterator[Waiting]:
    waiting = Waiting(tmp_path)
    yield waiting
    waiting.gate.close()
    waiting.process.kill()
    waiting.process.communicate()


class TestSignals:
    """Ctrl-C, SIGTERM and SIGKILL while two photos are in progress and seven wait."""

    def test_ctrl_c_finishes_what_is_in_hand(self, waiting):
        os.killpg(waiting.process.pid, signal.SIGINT)  # as a terminal does: to all processes
        waiting.told("warning: stopping; photos have 8 s to finish, a second signal stops at once")
        fcntl.flock(waiting.gate, fcntl.LOCK_UN)
        out = waiting.end()
        assert waiting.process.returncode == ExitCode.INTERRUPTED
        assert re.match(r"mined 2 photos in .*; interrupted, another run goes on from here; results", out)
        assert len(mined(waiting.out)) == 2

    def test_a_second_signal_drops_it_whole(self, waiting):
        os.killpg(waiting.process.pid, signal.SIGTERM)
        waiting.told("stopping")
        waiting.process.terminate()
        out = waiting.end()
        assert waiting.process.returncode == ExitCode.TERMINATED
        assert out.startswith("mined 0 photos in ")
        assert mined(waiting.out) == set()

    def test_workers_die_with_a_parent_that_is_killed(self, waiting):
        waiting.process.kill()
        waiting.end()
        done = run(waiting.out.parent / "in" / "0.png", waiting.out, _faces(waiting.out.parent))
        assert done.returncode == ExitCode.OK
        assert mined(waiting.out) == {"0.png.json"}  # what the killed run left is swept


def _faces(folder: Path) -> Path:
    return pipeline_file(folder / "faces.yml", FACES, REPORT)


class TestEnvironment:
    """What the machine does not allow: exit code 3, one sentence, nothing half written."""

    def refused(self, *arguments, **more: object) -> str:
        done = run(*arguments, **more)
        assert done.returncode == ExitCode.ENVIRONMENT, done.stderr
        assert "Traceback" not in done.stderr
        return done.stderr.splitlines()[-1]

    def test_an_output_that_cannot_be_written(self, tmp_path, faces, unprivileged):
        small_photo(tmp_path / "in" / "a.png")
        locked = tmp_path / "locked"
        locked.mkdir(mode=0o555)
        for output in (locked, locked / "out"):
            told = self.refused(tmp_path / "in", output, faces, prefix=unprivileged)
            assert told.startswith(f"{output}: cannot be written (Permission denied); choose another OUTPUT")

    def test_an_output_that_is_a_file(self, tmp_path, faces):
        small_photo(tmp_path / "in" / "a.png")
        told = self.refused(tmp_path / "in", faces, faces)
        assert told == f"{faces}: a file stands where a folder is needed; choose another OUTPUT folder"

    def test_a_disk_that_is_full_in_the_middle(self, tmp_path):
        """A file system of 64 KiB, in a mount namespace of its own."""
        out = tmp_path / "out"
        out.mkdir()
        mount = ["unshare", "--mount", "sh", "-c", 'mount -t tmpfs -o size=64k tmpfs "$0" && exec "$@"', out]
        tried = subprocess.run([*mount, "true"], capture_output=True, text=True)
        if tried.returncode != 0:
            pytest.skip(f"no file system can be mounted here: {tried.stderr}")
        for n in range(60):
            small_photo(tmp_path / "in" / f"{n}.png")
        check = [sys.executable, "-c", _LIST_AFTER]
        told = self.refused(tmp_path / "in", out, _faces(tmp_path), prefix=[*mount, *check, out])
        assert re.search(rf"the disk mounted at {re.escape(str(out))} is full \(No space left", told)

    def test_standard_streams_that_are_closed(self, tmp_path, faces):
        small_photo(tmp_path / "in" / "a.png")
        closed = ["sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh"]
        done = run(tmp_path / "in", tmp_path / "out", faces, prefix=closed)
        assert done.returncode == ExitCode.OK
        assert (tmp_path / "out" / "a.png.json").is_file()

    def test_few_descriptors_are_enough(self, tmp_path, faces):
        for n in range(40):
            small_photo(tmp_path / "in" / f"{n}.png")
        limit = ["sh", "-c", 'ulimit -n 20; exec "$@"', "sh"]
        done = run(tmp_path / "in", tmp_path / "out", faces, "--workers", "9", prefix=limit)
        assert done.returncode == ExitCode.OK, done.stderr
        assert re.search(r"warning: no more than \d workers can be started \(Too many open", done.stderr)
        assert len(mined(tmp_path / "out")) == 40


_LIST_AFTER = """
import json, pathlib, subprocess, sys
folder, *command = sys.argv[1:]
code = subprocess.run(command).returncode
for path in pathlib.Path(folder).iterdir():
    if not path.name.startswith(".deepvisualminer."):
        assert path.suffix == ".json", path
        json.loads(path.read_bytes())
sys.exit(code)
"""


def test_example_prints_a_pipeline_file() -> None:
    for name, file in EXAMPLES.items():
        done = run("--example", name)
        assert (done.returncode, done.stderr) == (ExitCode.OK, "")
        assert done.stdout == (ROOT / file).read_text(encoding="utf-8")


def test_there_is_no_such_example() -> None:
    done = run("--example", "demmo")
    assert done.returncode == ExitCode.USAGE
    assert "demmo" in done.stderr
    assert "onlycascade" in done.stderr
