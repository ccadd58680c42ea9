"""Adopting and reaping orphaned processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import psutil
import pytest

from pipeline.workers.reaping import AdoptedProcess, child_subreaper, reap_children

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="not here: Linux alone has it")

ORPHANS = """
import os, sys
for line in range(int(sys.argv[1])):
    read_end, write_end = os.pipe()
    if not os.fork():
        os.close(read_end)
        os.setsid()
        os.write(write_end, b"%d\\n" % os.getpid())
        os.close(0), os.close(1), os.close(2), os.close(write_end)
        os.execvp("sleep", ["sleep", "600"])
    os.close(write_end)
    print(os.read(read_end, 99).decode().strip())
"""
"""Prints the numbers of processes that it leaves running."""


@pytest.fixture
def orphans() -> Iterator[list[int]]:
    """Two running children of an ended child of this process."""
    with child_subreaper() as adopts:
        assert adopts
        done = subprocess.run(
            [sys.executable, "-c", ORPHANS, "2"], capture_output=True, text=True, check=True
        )
        pids = [int(line) for line in done.stdout.split()]
        yield pids
        for pid in {child.pid for child in psutil.Process().children()} & set(pids):
            AdoptedProcess(pid).kill()
            os.waitpid(pid, 0)


def is_a_child(pid: int) -> bool:
    return pid in {child.pid for child in psutil.Process().children()}


def await_end(pid: int) -> None:
    """It has ended, and is a zombie."""
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)


def test_children_of_an_ended_child_are_adopted(orphans):
    assert all(is_a_child(pid) for pid in orphans)


def test_an_adopted_process_can_be_awaited_and_killed(orphans):
    process = AdoptedProcess(orphans[0])
    assert process.exitcode is None
    process.kill()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    assert not is_a_child(orphans[0])
    process.kill()  # another process may have its number by now
    assert is_a_child(orphans[1])


def test_its_exit_code_is_known_without_waiting(orphans):
    os.kill(orphans[0], signal.SIGTERM)
    await_end(orphans[0])
    process = AdoptedProcess(orphans[0])
    assert process.exitcode == -signal.SIGTERM


def test_ended_children_are_reaped_except_known_ones(orphans):
    reap_children(known=())
    os.kill(orphans[0], signal.SIGKILL)
    await_end(orphans[0])
    reap_children(known=orphans[:1])
    assert is_a_child(orphans[0])
    reap_children(known=())
    assert not is_a_child(orphans[0])
    assert is_a_child(orphans[1])


def test_orphans_are_not_adopted_once_the_context_is_closed():
    with child_subreaper():
        pass
    done = subprocess.run([sys.executable, "-c", ORPHANS, "1"], capture_output=True, text=True, check=True)
    pid = int(done.stdout)
    try:
        assert not is_a_child(pid)
    finally:
        os.kill(pid, signal.SIGKILL)


def test_no_orphan_is_adopted_while_sigchld_is_ignored():
    before = signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    try:
        with child_subreaper() as adopts:
            assert not adopts
    finally:
        signal.signal(signal.SIGCHLD, before)
