"""Workers and parents killed at random; in the end the output is that of an undisturbed run.

    DEEPVISUALMINER_CHAOS_SEED=7 python -m pytest tests/test_chaos.py

tries another seed than the one that is always tried.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import random
import re
import signal
import subprocess
import threading
import time
from collections import Counter
from pathlib import Path

import numpy as np
import psutil
import pytest
from PIL import Image

from pipeline.errors import ExitCode
from pipeline.files.lock import LOCK_NAME
from pipeline.kept.storefile import STORE_NAME
from pipeline.ledger.ledger import Ledger
from pipeline.ledger.ledgerfile import LEDGER_NAME
from pipeline.ledger.record import Record
from pipeline.outcome import Status
from search.place import INDEX_NAME
from tests.running import PROGRAM, ROOT, component, parts_in, pipeline_file, run

SEED = int(os.environ.get("DEEPVISUALMINER_CHAOS_SEED", "20160814"))
INPUTS = 300
KILL_WORKERS_EVERY_S = 0.4
"""On a machine that mines all inputs in `QUIET_S`; a slower one gets more time."""
QUIET_S = 8.0
HIDDEN = {LEDGER_NAME, STORE_NAME, LOCK_NAME, INDEX_NAME, Path(INDEX_NAME).with_suffix(".lock").name}
"""What a run leaves in OUTPUT beside the outputs."""
PARENTS_KILLED = 5
PATIENCE_S = 600

pytestmark = pytest.mark.slow


class Place:
    """INPUT with 300 photos, videos and bad files, and what it takes to run over it."""

    def __init__(self, folder: Path, chance: random.Random) -> None:
        self.input, self.chance = folder / "in", chance
        self.pipeline = pipeline_file(
            folder / "p.yml",
            component("faces", "simpledetector", model="haarcascade_frontalface_default.xml"),
            component("report", "jsonreportwriter", "faces"),
            component("copy", "photowriter", "faces"),
        )
        for number in range(INPUTS):
            self._make(number, chance.choice(("", "2016", "2016/summer", "caf\u00e9")))

    def _make(self, number: int, folder: str) -> None:
        """One of ten is bad, one of a hundred a video; no two have the same content."""
        path = self.input / folder / f"{number:03d}"
        path.parent.mkdir(parents=True, exist_ok=True)
        kind = number % 100
        if kind == 50:
            return self._video(path.with_suffix(".mp4"), number)
        side = self.chance.randrange(40, 400)
        pixels = np.random.default_rng(number).integers(0, 255, (side, side, 3), np.uint8)
        ending = self.chance.choice((".jpg", ".png", ".webp"))
        path = path.with_suffix(ending)
        Image.fromarray(pixels).save(path)
        bad = {5: b"", 15: b"words", 25: path.read_bytes()[: path.stat().st_size // 2], 35: b"\xff\xd8\xff"}
        if (content := bad.get(kind % 50)) is not None:
            path.write_bytes(content)
        return None

    @staticmethod
    def _video(path: Path, number: int) -> None:
        import imageio_ffmpeg

        frames = imageio_ffmpeg.write_frames(str(path), (64, 48), fps=10)
        frames.send(None)
        for index in range(8):
            frames.send(np.full((48, 64, 3), 20 * index + number % 20, np.uint8).tobytes())
        frames.close()

    def start(self, output: Path, log: Path) -> subprocess.Popen[bytes]:
        more = ["--workers", "2", "--quiet", "--log-file", log, "--nice", "0"]
        with open(f"{log}.errors", "ab") as errors:
            return subprocess.Popen(
                [*PROGRAM, self.input, output, self.pipeline, *more],
                cwd=ROOT,
                stdout=subprocess.DEVNULL,
                stderr=errors,
            )

    def undisturbed(self, output: Path) -> dict[str, bytes]:
        began = time.monotonic()
        done = run(self.input, output, self.pipeline, "--quiet", "--nice", "0")
        assert done.returncode == ExitCode.SOME_FAILED
        self.slowness = max(1.0, (time.monotonic() - began) / QUIET_S)
        return tree(output)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path, random.Random(SEED))


def tree(output: Path) -> dict[str, bytes]:
    """Everything in OUTPUT but the ledger, the lock and the index, by path."""
    return {
        os.path.relpath(path, output): path.read_bytes()
        for path in output.rglob("*")
        if path.is_file() and path.name not in HIDDEN
    }


def records(output: Path) -> list[Record]:
    with Ledger(output) as ledger:
        return list(ledger.iter_records())


def lines_in(log: Path) -> int:
    return log.read_bytes().count(b"\n") if log.exists() else 0


def kill_after(process: subprocess.Popen[bytes], log: Path, lines: int) -> bool:
    """Kill a run once its log has this many more lines; whether it was still running then."""
    until = lines_in(log) + lines
    give_up = time.monotonic() + PATIENCE_S
    while process.poll() is None and lines_in(log) < until:
        assert time.monotonic() < give_up, "the run hangs"
        time.sleep(0.002)
    killed = process.poll() is None
    process.kill()
    process.wait()
    return killed


@contextlib.contextmanager
def worker_killer(process: subprocess.Popen[bytes], chance: random.Random, every_s: float):
    """Kill a random descendant of a run now and then."""
    over = threading.Event()

    def kill() -> None:
        while not over.wait(every_s):
            with contextlib.suppress(psutil.Error):
                children = psutil.Process(process.pid).children(recursive=True)
                if children:
                    chance.choice(children).kill()

    killer = threading.Thread(target=kill)
    killer.start()
    try:
        yield
    finally:
        over.set()
        killer.join()


def assert_nothing_is_left(output: Path) -> None:
    """No process, no lock, no unfinished file."""
    deadline = time.monotonic() + 2
    while alive := [p.info for p in psutil.process_iter(["cmdline"]) if is_ours(p, output)]:
        assert time.monotonic() < deadline, alive
        time.sleep(0.05)
    assert parts_in(output) == []
    assert {path.name for path in output.iterdir() if path.name[0] == "."} == HIDDEN
    with open(output / LOCK_NAME, "rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        assert lock.read() == b""


def is_ours(process: psutil.Process, output: Path) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE and str(output) in " ".join(process.cmdline())
    except psutil.Error:
        return False


def test_chaos(tmp_path: Path, place: Place) -> None:
    """Workers are killed every 0.4 s and the parent five times."""
    expected = place.undisturbed(tmp_path / "expected")
    every_s = KILL_WORKERS_EVERY_S * place.slowness
    output, log, chance = tmp_path / "out", tmp_path / "log", random.Random(SEED + 1)
    for _ in range(PARENTS_KILLED):
        process = place.start(output, log)
        with worker_killer(process, chance, every_s):
            kill_after(process, log, chance.randrange(2, INPUTS // PARENTS_KILLED))
    process = place.start(output, log)
    with worker_killer(process, chance, every_s):
        process.wait(PATIENCE_S)
    errors = (tmp_path / "log.errors").read_text()
    assert process.returncode == ExitCode.SOME_FAILED, errors
    assert "/pipeline/" not in errors  # a traceback of this program, not of Python's helper
    assert "resource_tracker" not in errors
    done = run(place.input, output, place.pipeline, "--quiet", "--retry-failed")
    assert done.returncode == ExitCode.SOME_FAILED
    assert tree(output) == expected
    found = records(output)
    assert len({record.relative for record in found}) == len(found) == INPUTS
    assert summed(found) == summed(records(tmp_path / "expected"))
    assert_nothing_is_left(output)
    assert "Traceback" not in log.read_text()


def summed(found: list[Record]) -> Counter[tuple[str, Status, str | None]]:
    return Counter((record.relative, record.status, record.code) for record in found)


def test_a_run_killed_at_twenty_points_redoes_only_what_was_unfinished(tmp_path: Path, place: Place) -> None:
    expected = place.undisturbed(tmp_path / "expected")
    output, log, chance = tmp_path / "out", tmp_path / "log", random.Random(SEED + 2)
    killed = 0
    for _ in range(20):
        killed += kill_after(place.start(output, log), log, chance.randrange(1, 14))
    assert killed == 20
    done = run(place.input, output, place.pipeline, "--quiet", "--log-file", log)
    assert done.returncode == ExitCode.SOME_FAILED
    assert tree(output) == expected
    mined = Counter(re.findall(r"^.{19} (.*): mined$", log.read_text(), re.MULTILINE))
    assert set(mined.values()) == {1}
    failed = [record for record in records(output) if record.status is Status.FAILED]
    assert all(record.attempts == 1 for record in failed)
    assert (
        len(done.stdout.splitlines()) == len(failed) + 1
    )  # the last run reports failures that no earlier run could
    assert_nothing_is_left(output)


def test_no_worker_outlives_a_killed_parent_by_two_seconds(tmp_path: Path, place: Place) -> None:
    process = place.start(tmp_path / "out", tmp_path / "log")
    give_up = time.monotonic() + PATIENCE_S
    while lines_in(tmp_path / "log") < 20:
        assert time.monotonic() < give_up
        time.sleep(0.002)
    workers = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(signal.SIGKILL)
    process.wait()
    _, alive = psutil.wait_procs(workers, timeout=2)
    assert [p for p in alive if p.is_running() and p.status() != psutil.STATUS_ZOMBIE] == []
