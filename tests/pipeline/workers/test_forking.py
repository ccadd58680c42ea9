"""Workers that are forked off one process which has the pipeline loaded, the template."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import psutil
import pytest

from pipeline.errors import ExitCode
from pipeline.outcome import Outcome, Status
from pipeline.workers.forking import NotForked
from pipeline.workers.pool import WorkerPool
from pipeline.workers.process import Message, Ready
from pipeline.workers.queue import TaskQueue
from pipeline.workers.template import MAX_FAILED_FORKS
from tests.minedphotos import ALL, REPORT, names, photos, report_names, settings_for, worker_pids
from tests.pipeline.workers.test_queue import FAILED, PHOTO, VIDEO, cut
from tests.running import component, pipeline_file, run, small_photo

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="not here: elsewhere each worker loads the pipeline itself"
)
DIES_FORKING = component("dying", "tests.plugins.dies_forking:DiesForking")
FACES = component("faces", "simpledetector", model="haarcascade_frontalface_default.xml")


def loads_once(folder: Path) -> str:
    """A component that writes down how often it is loaded."""
    return component("all", "tests.plugins.dies_loading:DiesLoading", tally=str(folder / "tally"), spared=99)


def loads(folder: Path) -> int:
    return (folder / "tally").stat().st_size


def eldest_child() -> int:
    """The worker process that was there first: the template."""
    return min(worker_pids(), key=lambda pid: psutil.Process(pid).create_time())


def assert_all_mined(folder: Path, outcomes: list[Outcome], count: int) -> None:
    assert [outcome.status for outcome in outcomes] == [Status.MINED] * count
    assert len({outcome.path for outcome in outcomes}) == count
    assert report_names(folder) == {f"{name}.json" for name in names(outcomes)}


def test_the_pipeline_is_loaded_once(tmp_path):
    pids = set()
    outcomes = []
    for outcome in WorkerPool(settings_for(tmp_path, loads_once(tmp_path), REPORT), 2, 60.0).mine(
        photos(tmp_path, 30)
    ):
        outcomes.append(outcome)
        pids |= set(worker_pids())
    assert loads(tmp_path) == 1
    assert len(pids) == 3
    assert_all_mined(tmp_path, outcomes, 30)


@pytest.mark.parametrize("unfit", ["nice:Nice", "threads:Threads", "accelerated:Accelerated"])
def test_by_each_worker_where_a_fork_is_not_known_to_be_safe(tmp_path, unfit):
    """A component does not say that it is, has a thread, or says once it is loaded that it is not."""
    told = settings_for(tmp_path, loads_once(tmp_path), component("unfit", f"tests.plugins.{unfit}"), REPORT)
    outcomes = list(WorkerPool(told, 2, 60.0).mine(photos(tmp_path, 30)))
    assert loads(tmp_path) == 2
    assert_all_mined(tmp_path, outcomes, 30)


@pytest.mark.parametrize(("workers", "count"), [(1, 9), (4, 1)])
def test_a_worker_alone_mines_itself(tmp_path, workers, count):
    pids = set()
    for _ in WorkerPool(settings_for(tmp_path, ALL, REPORT), workers, 60.0).mine(photos(tmp_path, count)):
        pids |= set(worker_pids())
    assert len(pids) == 1


def test_a_mould_that_is_killed_costs_no_photo(tmp_path, caplog):
    """Those that it made go on, and are heard; one that dies after it is followed by another."""
    mining = WorkerPool(settings_for(tmp_path, loads_once(tmp_path), REPORT), 2, 4.0).mine(
        photos(tmp_path, 60)
    )
    outcomes = [next(mining)]
    template = eldest_child()
    os.kill(template, signal.SIGKILL)
    while template in worker_pids():
        outcomes.append(next(mining))
    assert loads(tmp_path) == 1
    os.kill(worker_pids()[0], signal.SIGKILL)
    outcomes += mining
    assert_all_mined(tmp_path, outcomes, 60)
    assert caplog.text.count("the process that workers are forked off was killed by SIGKILL") == 1
    assert loads(tmp_path) == 2


def test_one_that_dies_whenever_it_should_fork_is_given_up(tmp_path, caplog):
    told = settings_for(tmp_path, loads_once(tmp_path), DIES_FORKING, REPORT)
    outcomes = list(WorkerPool(told, 2, 60.0).mine(photos(tmp_path, 30)))
    assert_all_mined(tmp_path, outcomes, 30)
    ended = "the process that workers are forked off ended with exit status 9"
    assert caplog.text.count(ended) == MAX_FAILED_FORKS
    assert caplog.text.count(f"{ended}; workers load by themselves now") == 1
    assert loads(tmp_path) == MAX_FAILED_FORKS + 2


def test_one_that_hangs_costs_nothing_but_a_wait(tmp_path, caplog, monkeypatch):
    """Stopped, it answers nobody."""
    monkeypatch.setattr("pipeline.workers.handle.FORK_TIMEOUT_S", 0.5)
    mining = WorkerPool(settings_for(tmp_path, loads_once(tmp_path), REPORT), 2, 60.0).mine(
        photos(tmp_path, 60)
    )
    outcomes = [next(mining)]
    template = eldest_child()
    os.kill(template, signal.SIGSTOP)
    os.kill(next(pid for pid in worker_pids() if pid != template), signal.SIGKILL)
    outcomes += mining
    assert_all_mined(tmp_path, outcomes, 60)
    assert caplog.text.count("the process that workers are forked off hangs; now each loads") == 1


class Speaks:
    """Stands for a worker, and says one thing."""

    def __init__(self, message: Message, pid: int | None) -> None:
        self.message, self.pid, self.task = message, pid, None
        self.ready, self.connection = False, self

    def recv(self) -> Message:
        return self.message

    def note_ready(self, pid: int) -> None:
        self.ready = True

    def end(self) -> str:
        return "ended"


@pytest.mark.parametrize("other", [Speaks(Ready(99, may_fork=True), 99), Speaks(NotForked("full"), None)])
def test_a_video_that_fails_while_its_other_half_goes_back_has_its_outcome(tmp_path, other):
    """The other half was assigned to a worker that becomes the template, or that could not be forked."""
    workers = WorkerPool(settings_for(tmp_path, ALL, REPORT), 3, 60.0)
    workers._queue = TaskQueue([VIDEO, PHOTO])
    with workers._template.adopting():
        workers._queue.note(workers._queue.next(), cut(2))
        failing = Speaks(FAILED, 98)
        failing.task, other.task = workers._queue.next(), workers._queue.next()
        workers._workers = [failing, other]
        assert list(workers._receive(failing)) == []
        assert [outcome.sentence for outcome in workers._receive(other)] == [FAILED.sentence]
    workers._queue.close()


def test_where_the_program_was_started_with_sigchld_ignored(tmp_path):
    """As by a shell's `trap "" CHLD`: no orphan's end could be awaited."""
    for n in range(9):
        small_photo(tmp_path / "in" / f"{n}.png")
    pipeline = pipeline_file(tmp_path / "p.yml", FACES, component("report", "jsonreportwriter", "faces"))
    ignoring = ["sh", "-c", 'trap "" CHLD; exec "$@"', "sh"]
    done = run(tmp_path / "in", tmp_path / "out", pipeline, "--workers", "2", prefix=ignoring)
    assert done.returncode == ExitCode.OK, done.stderr
    assert len(list((tmp_path / "out").glob("*.json"))) == 9
