"""The lock of an output folder: its holder, its end, and no life beyond that."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from pipeline.errors import ExitCode, LockedError, OutputError
from pipeline.files.lock import LOCK_NAME, lock_output, lock_output_for_reading

ROOT = Path(__file__).resolve().parents[3]

HOLD = """
import os, subprocess, sys
from pathlib import Path
from pipeline.files.lock import lock_output
with lock_output(Path(sys.argv[1])):
    {more}
    print(os.getpid(), flush=True)
    sys.stdin.read()
"""


def start_holder(folder: Path, more: str = "pass") -> subprocess.Popen[str]:
    """Another process that has the lock until its input ends."""
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD.format(more=more), folder],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    assert holder.stdout is not None
    assert int(holder.stdout.readline()) == holder.pid
    return holder


def end(holder: subprocess.Popen[str]) -> None:
    holder.communicate("", timeout=20)
    assert holder.returncode == 0


def test_lock_is_had_again_and_again(tmp_path: Path) -> None:
    for _ in range(3):
        with lock_output(tmp_path) as was_killed:
            assert not was_killed
            assert (tmp_path / LOCK_NAME).stat().st_size > 0
    assert (tmp_path / LOCK_NAME).exists()
    assert (tmp_path / LOCK_NAME).read_bytes() == b""


def test_second_run_is_told_who_has_it(tmp_path: Path) -> None:
    holder = start_holder(tmp_path)
    try:
        with pytest.raises(LockedError) as caught, lock_output(tmp_path):
            raise AssertionError
        assert caught.value.exit_code is ExitCode.LOCKED
        message = str(caught.value)
        assert message.startswith(f"{tmp_path}: another run has this OUTPUT folder (process {holder.pid} on ")
        assert re.search(r"since \d{4}-\d\d-\d\d \d\d:\d\d:\d\d: -c ", message)
        assert "--wait-lock SECONDS" in message
        with pytest.raises(LockedError, match=f"process {holder.pid}"), lock_output_for_reading(tmp_path):
            raise AssertionError
    finally:
        end(holder)


def test_lock_ends_with_a_killed_holder(tmp_path: Path) -> None:
    holder = start_holder(tmp_path)
    holder.kill()
    holder.wait()
    assert (tmp_path / LOCK_NAME).read_bytes() != b""  # its name still stands there
    with lock_output(tmp_path) as was_killed:
        assert was_killed
        assert str(os.getpid()) in (tmp_path / LOCK_NAME).read_text()


@pytest.mark.parametrize(
    "child",
    [
        "child = subprocess.Popen(['sleep', '60'], close_fds=False).pid",
        "child = os.fork() or os.read(os.pipe()[0], 1)",
    ],
    ids=["started", "forked"],
)
def test_lock_is_not_inherited_by_a_child_that_outlives_its_holder(tmp_path: Path, child: str) -> None:
    holder = subprocess.Popen(
        [
            sys.executable,
            "-c",
            HOLD.format(more=f"{child}; print(child, file=sys.stderr, flush=True)"),
            tmp_path,
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    assert holder.stdout is not None
    assert holder.stderr is not None
    survivor = int(holder.stderr.readline())
    try:
        assert int(holder.stdout.readline()) == holder.pid
        holder.kill()
        holder.wait()
        os.kill(survivor, 0)
        with lock_output(tmp_path, wait_s=30) as was_killed:  # a child may need a moment to close it
            assert was_killed
    finally:
        os.kill(survivor, signal.SIGKILL)
        holder.stdout.close()
        holder.stderr.close()
        assert holder.stdin is not None
        holder.stdin.close()


def test_waits_for_a_holder_that_ends_in_time(tmp_path: Path) -> None:
    holder = start_holder(tmp_path)
    ender = threading.Timer(0.3, end, [holder])
    ender.start()
    with lock_output(tmp_path, wait_s=60):
        assert holder.poll() is not None or holder.wait(20) == 0
    ender.join()


def test_waits_no_longer_than_it_may(tmp_path: Path) -> None:
    holder = start_holder(tmp_path)
    with pytest.raises(LockedError), lock_output(tmp_path, wait_s=0.3):
        raise AssertionError
    end(holder)


def test_lock_file_that_was_removed_is_no_second_lock(tmp_path: Path) -> None:
    """A process that waited for the removed file does not hold the new one."""
    holder = start_holder(tmp_path)
    got: list[str] = []

    def wait_for_it() -> None:
        with lock_output(tmp_path, wait_s=60):
            got.append((tmp_path / LOCK_NAME).read_text())

    waiting = threading.Thread(target=wait_for_it)
    waiting.start()
    (tmp_path / LOCK_NAME).unlink()
    end(holder)
    waiting.join(60)
    assert str(os.getpid()) in got[0]


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"pid": "x"}', b"\xff\x00"])
def test_holder_that_says_nothing_sensible(tmp_path: Path, content: bytes) -> None:
    holder = start_holder(tmp_path)
    (tmp_path / LOCK_NAME).write_bytes(content)
    with pytest.raises(LockedError, match="another run has this OUTPUT folder; wait"), lock_output(tmp_path):
        raise AssertionError
    end(holder)


def test_what_a_holder_calls_itself_cannot_write_to_the_terminal(tmp_path: Path) -> None:
    holder = start_holder(tmp_path)
    (tmp_path / LOCK_NAME).write_text(
        '{"pid": 1, "host": "h\\u001b[2J", "since": "now", "command": "a\\nb \\udcff"}'
    )
    with pytest.raises(LockedError) as caught, lock_output(tmp_path):
        raise AssertionError
    assert str(caught.value).isprintable()
    end(holder)


def test_lock_for_reading_makes_nothing(tmp_path: Path) -> None:
    with lock_output_for_reading(tmp_path), lock_output_for_reading(tmp_path / "not-there"):
        assert list(tmp_path.iterdir()) == []


def test_link_in_place_of_the_lock_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / LOCK_NAME).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OutputError, match="cannot be written"), lock_output(tmp_path):
        raise AssertionError
    assert not (tmp_path / "elsewhere").exists()
