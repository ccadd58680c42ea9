"""Limits of the machine, enforced by the kernel: memory, processes, descriptors, disks."""

from __future__ import annotations

import contextlib
import json
import os
import random
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from pipeline.config.config import read_config
from pipeline.errors import ExitCode, FailureCode
from pipeline.files.walk import iter_sources
from pipeline.miner import mine
from pipeline.outcome import Outcome, Status
from pipeline.runs.options import Options
from pipeline.source import Limits
from pipeline.workers.messages import WorkerSettings
from pipeline.workers.pool import WorkerPool
from tests.minedvideos import NUMBERS, X264
from tests.running import ROOT, component, parts_in, pipeline_file, run, small_photo
from tests.videos import make_video

HOARDS = component("all", "tests.plugins.hoards:Hoards", width=16)
FACES = component("faces", "simpledetector", model="haarcascade_frontalface_default.xml")
REPORT = component("report", "jsonreportwriter", "all")
CGROUPS = Path("/sys/fs/cgroup")


@contextlib.contextmanager
def control_group(controller: str, **limits: int) -> Iterator[list[str]]:
    """A command's beginning that puts what follows under limits of version 1 control groups."""
    group = CGROUPS / controller / f"deepvisualminer-test-{os.getpid()}"
    try:
        group.mkdir()
        for name, limit in limits.items():
            (group / f"{controller}.{name}").write_text(str(limit))
    except OSError as error:
        with contextlib.suppress(OSError):
            group.rmdir()
        pytest.skip(f"no control group of version 1 can be made here: {error}")
    try:
        yield ["sh", "-c", f'echo $$ > {group}/cgroup.procs && exec "$@"', "sh"]
    finally:
        for _ in range(100):
            with contextlib.suppress(OSError):
                group.rmdir()
                break
            time.sleep(0.05)


@contextlib.contextmanager
def small_disk(folder: Path, kib: int) -> Iterator[list[str]]:
    """A command's beginning that runs what follows where `folder` is a file system of this size."""
    folder.mkdir(exist_ok=True)
    mount = f'mount -t tmpfs -o size={kib}k tmpfs "$0" && exec "$@"'
    prefix = ["unshare", "--mount", "sh", "-c", mount, str(folder)]
    tried = subprocess.run([*prefix, "true"], capture_output=True, text=True)
    if tried.returncode:
        pytest.skip(f"no file system can be mounted here: {tried.stderr}")
    yield prefix


def reports(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*.json"))


def test_a_worker_that_allocates_too_much_costs_one_photo(tmp_path: Path) -> None:
    """The limit is the process's own; the rest of the machine is not affected."""
    for n in range(4):
        small_photo(tmp_path / "in" / f"{n}.png")
    small_photo(tmp_path / "in" / "large.png", 16)
    config = read_config(str(pipeline_file(tmp_path / "p.yml", HOARDS, REPORT)), allow_plugins=True)
    settings = WorkerSettings(config, tmp_path / "out", Limits(), memory_bytes=700_000_000)
    most = 0
    outcomes = []
    for outcome in WorkerPool(settings, 1, 60.0).mine(iter_sources(str(tmp_path / "in"))):  # type: ignore[arg-type]
        outcomes.append(outcome)
        children = psutil.Process().children()
        most = max([most, *(child.memory_info().rss for child in children)])
    failed = [outcome for outcome in outcomes if outcome.status is Status.FAILED]
    assert [(Path(outcome.path).name, outcome.code) for outcome in failed] == [
        ("large.png", FailureCode.OUT_OF_MEMORY)
    ]
    assert len(outcomes) == 5
    assert most < 1_000_000_000


def test_the_oom_killer_kills_the_worker_and_the_run_goes_on(tmp_path: Path) -> None:
    """A limit that the program does not know, and that is below the worker's own."""
    for n in range(4):
        small_photo(tmp_path / "in" / f"{n}.png")
    small_photo(tmp_path / "in" / "large.png", 16)
    pipeline = pipeline_file(tmp_path / "p.yml", HOARDS, REPORT)
    with control_group("memory", limit_in_bytes=400 << 20) as prefix:
        more = ["--workers", "2", "--allow-plugins"]
        done = run(tmp_path / "in", tmp_path / "out", pipeline, *more, prefix=prefix)
    assert done.returncode == ExitCode.SOME_FAILED, done.stderr
    assert reports(tmp_path / "out") == [f"{n}.png.json" for n in range(4)]
    crashed = "(worker_crashed): two workers died while they mined it; the last one was killed by SIGKILL"
    assert crashed in done.stderr
    assert done.stderr.count("its task is tried once more") == 1


def test_memory_decides_in_a_small_control_group(tmp_path: Path) -> None:
    small_photo(tmp_path / "in" / "a.png")
    pipeline = pipeline_file(tmp_path / "p.yml", FACES, component("report", "jsonreportwriter", "faces"))
    with control_group("memory", limit_in_bytes=400 << 20) as prefix:
        done = run(tmp_path / "in", tmp_path / "out", pipeline, prefix=prefix)
    assert done.returncode == ExitCode.OK, done.stderr
    assert "with up to 1 worker: memory decides (" in done.stderr


@pytest.mark.parametrize("most", [1, 2, 3, 4, 5])
def test_few_processes(tmp_path: Path, most: int) -> None:
    """The parent alone, with one process beside it, or with so many that some can be forked from another."""
    for n in range(5):
        small_photo(tmp_path / "in" / f"{n}.png")
    pipeline = pipeline_file(tmp_path / "p.yml", FACES, component("report", "jsonreportwriter", "faces"))
    with control_group("pids", max=most) as prefix:
        done = run(tmp_path / "in", tmp_path / "out", pipeline, "--workers", "9", prefix=prefix)
    assert "Traceback" not in done.stderr
    if most == 1:
        assert done.returncode == ExitCode.ENVIRONMENT
        assert "no worker process can be started (Resource temporarily unavailable)" in done.stderr
    else:
        assert done.returncode == ExitCode.OK, done.stderr
        assert len(reports(tmp_path / "out")) == 5
    assert parts_in(tmp_path) == []


@pytest.mark.slow
def test_ten_thousand_files_leak_no_descriptor(tmp_path: Path) -> None:
    first = small_photo(tmp_path / "in" / "0" / "0.png")
    for n in range(1, 10_000):
        folder = tmp_path / "in" / str(n % 10)
        folder.mkdir(exist_ok=True)
        (folder / f"{n}.png").write_bytes(first.read_bytes()[:-12] + bytes(12) + n.to_bytes(4, "big"))
    pipeline = pipeline_file(tmp_path / "p.yml", component("all", "tests.plugins.routes:Echoes"), REPORT)
    held: list[tuple[int, int]] = []

    def look(_: Outcome) -> None:
        nonlocal count
        count += 1
        if count % 3000 == 1000:
            own = psutil.Process()
            held.append((own.num_fds(), sum(child.num_fds() for child in own.children())))

    count = 0
    options = Options(
        str(tmp_path / "in"), str(tmp_path / "out"), str(pipeline), workers=1, allow_plugins=True
    )
    summary = mine(options, look)
    assert summary.mined + summary.failed == 10_000
    assert len(held) == 4
    assert len(set(held)) == 1, held
    before = len(os.listdir("/proc/self/fd"))
    mine(options, lambda _: None)
    assert len(os.listdir("/proc/self/fd")) == before


@pytest.mark.parametrize("kib", [16, 40, 64, 100])
def test_a_disk_that_is_full_for_the_ledger_or_for_what_comes_after(tmp_path: Path, kib: int) -> None:
    for n in range(60):
        small_photo(tmp_path / "in" / f"{n}.png")
    out = tmp_path / "out"
    copies = component("copies", "photowriter", "faces")
    report = component("report", "jsonreportwriter", "faces")
    pipeline = pipeline_file(tmp_path / "p.yml", FACES, copies, report)
    check = [sys.executable, "-c", _WHOLE_AFTER, str(out)]
    with small_disk(out, kib) as mount:
        done = run(tmp_path / "in", out, pipeline, "--workers", "1", prefix=[*mount, *check])
    assert done.returncode == ExitCode.ENVIRONMENT, done.stderr
    assert "Traceback" not in done.stderr
    last = done.stderr.splitlines()[-1]
    assert re.search(rf"the disk mounted at {re.escape(str(out))} is full \(No space left", last)


@pytest.mark.parametrize(("kib", "annotates"), [(56, False), (112, False), (80, True)])
def test_a_disk_that_fills_while_a_video_is_mined(tmp_path: Path, kib: int, annotates: bool) -> None:
    """In a segment's part or in what is joined: the run ends, and the next one with room mines the video."""
    (tmp_path / "in").mkdir()
    make_video(tmp_path / "in" / "v.mp4", *X264, frames=400)
    out = tmp_path / "out"
    components = [NUMBERS, component("report", "jsonreportwriter", "numbers")]
    if annotates:
        components.insert(1, component("video", "videowriter", "numbers"))
    pipeline = pipeline_file(tmp_path / "p.yml", *components)
    more = ["--allow-plugins", "--workers", "1"]
    with small_disk(out, kib) as mount:
        done = run(
            *(tmp_path / "in", out, pipeline, *more),
            prefix=[*mount, sys.executable, "-c", _TWICE, str(out)],
        )
    assert done.returncode == ExitCode.OK, done.stderr
    assert "Traceback" not in done.stderr
    assert re.search(rf"the disk mounted at {re.escape(str(out))} is full \(No space left", done.stderr)
    assert done.stdout.splitlines()[0].startswith("first: 3")
    assert "mined 1 video in" in done.stdout.splitlines()[-1]


_TWICE = """
import subprocess, sys
folder, *command = sys.argv[1:]
print("first:", subprocess.run(command).returncode, flush=True)
subprocess.run(["mount", "-o", "remount,size=64m", folder], check=True)
sys.exit(subprocess.run(command).returncode)
"""
"""Runs a command, gives the disk more room, and runs the command again."""


_WHOLE_AFTER = """
import json, pathlib, subprocess, sys
from PIL import Image
folder, *command = sys.argv[1:]
code = subprocess.run(command).returncode
for path in pathlib.Path(folder).iterdir():
    if path.name.startswith(".deepvisualminer."):
        continue
    if path.suffix == ".json":
        json.loads(path.read_bytes())
    else:
        assert path.suffix == ".jpg", path
        Image.open(path).load()
sys.exit(code)
"""


def test_an_output_that_cannot_be_written_ends_the_run_before_a_worker_starts(tmp_path: Path) -> None:
    small_photo(tmp_path / "in" / "a.png")
    (tmp_path / "out").write_text("a file")
    dying = component("all", "tests.plugins.dies_loading:DiesLoading", tally=str(tmp_path / "tally"))
    done = run(
        tmp_path / "in",
        tmp_path / "out",
        pipeline_file(tmp_path / "p.yml", dying, REPORT),
        "--allow-plugins",
    )
    assert done.returncode == ExitCode.ENVIRONMENT
    assert not (tmp_path / "tally").exists()


def test_a_power_cut_finds_the_old_output_or_the_new_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file is on the disk before it is renamed, and the folder before its outcome is reported."""
    done: list[str] = []
    fsync, replace = os.fsync, os.replace

    def noting_fsync(descriptor: int) -> None:
        done.append(f"fsync {Path(os.readlink(f'/proc/self/fd/{descriptor}')).suffix or 'folder'}")
        fsync(descriptor)

    def noting_replace(old: Path, new: Path) -> None:
        done.append(f"rename to {new.suffix}")
        replace(old, new)

    monkeypatch.setattr(os, "fsync", noting_fsync)
    monkeypatch.setattr(os, "replace", noting_replace)
    small_photo(tmp_path / "in" / "a.png")
    copies = component("copies", "photowriter", "faces")
    report = component("report", "jsonreportwriter", "faces")
    pipeline = pipeline_file(tmp_path / "p.yml", FACES, report, copies)
    options = Options(str(tmp_path / "in"), str(tmp_path / "out"), str(pipeline), workers=0)
    assert mine(options, lambda _: done.append("outcome")).mined == 1
    assert done == [
        *("fsync .part", "rename to .jpg", "fsync folder"),
        *("fsync .part", "rename to .json", "fsync folder"),
        "outcome",
    ]


def mutated(content: bytes, chance: random.Random) -> bytes:
    """A file as a bad disk, a broken upload or a fuzzer would leave it."""
    spoilt = bytearray(content)
    for _ in range(chance.randrange(1, 8)):
        match chance.randrange(4):
            case 0:
                spoilt[chance.randrange(len(spoilt))] ^= 1 << chance.randrange(8)
            case 1:
                del spoilt[chance.randrange(1, len(spoilt)) :]
            case 2:
                at = chance.randrange(len(spoilt))
                spoilt[at : at + 4] = chance.choice((b"\xff" * 4, bytes(4), b"\x7f\xff\xff\xff"))
            case 3:
                at = chance.randrange(len(spoilt))
                del spoilt[at : at + chance.randrange(1, 64)]
        if not spoilt:
            return b"x"
    return bytes(spoilt)


@pytest.mark.slow
def test_mutated_photos_have_one_record_each(tmp_path: Path) -> None:
    from tests.pictures import encoded, portrait

    chance = random.Random(2016)
    rgb = portrait((200, 150), (20, 20), 90)
    originals = {
        f".{ending}": encoded(rgb, format_)
        for ending, format_ in (
            *(("jpg", "JPEG"), ("png", "PNG"), ("webp", "WEBP"), ("gif", "GIF"), ("bmp", "BMP")),
            *(("tif", "TIFF"), ("ppm", "PPM"), ("heic", "HEIF"), ("avif", "AVIF")),
        )
    }
    (tmp_path / "in").mkdir()
    for n in range(400):
        ending = chance.choice(sorted(originals))
        (tmp_path / "in" / f"{n:03d}{ending}").write_bytes(mutated(originals[ending], chance))
    pipeline = pipeline_file(tmp_path / "p.yml", FACES, component("report", "jsonreportwriter", "faces"))
    log = tmp_path / "log"
    more = ["--workers", "2", "--timeout", "30", "--log-file", log, "--log-format", "json"]
    done = run(tmp_path / "in", tmp_path / "out", pipeline, *more)
    assert done.returncode == ExitCode.SOME_FAILED, done.stderr
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    ends = [Path(line["file"]).name for line in lines if "status" in line]
    assert sorted(ends) == sorted(os.listdir(tmp_path / "in"))
    whole = [json.loads((tmp_path / "out" / name).read_bytes()) for name in reports(tmp_path / "out")]
    assert len(whole) == sum(line.get("status") == "mined" for line in lines)
    assert "component_failed" not in done.stdout


@pytest.mark.slow
def test_mutated_pipeline_files_are_good_or_named_with_lines(tmp_path: Path, capfd) -> None:
    import visualminer
    from tests.running import restored_logging

    chance = random.Random(2017)
    original = (ROOT / "example-pipeline.yml").read_bytes()
    for n in range(150):
        path = tmp_path / f"{n}.yml"
        path.write_bytes(mutated(original, chance))
        with restored_logging():
            code = visualminer.main(["--check", str(path)])
        printed = capfd.readouterr().err
        assert code in (ExitCode.OK, ExitCode.USAGE, ExitCode.ENVIRONMENT)
        assert "Traceback" not in printed
        of_the_log = re.compile(r"\d{4}-\d\d-\d\d \d\d:")
        said = [line for line in printed.splitlines() if not of_the_log.match(line)]
        assert all(line.startswith(str(tmp_path)) for line in said) or code == ExitCode.ENVIRONMENT
