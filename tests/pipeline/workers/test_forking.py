"""Workers forked from the template, a process that has loaded the pipeline."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import psutil
import pytest

from pipeline.errors import ExitCode
from pipeline.outcome import Outcome, Status
from pipeline.tasks import Task
from pipeline.workers.handle import WorkerState
from pipeline.workers.messages import Message, NotForked, Ready
from pipeline.workers.pool import WorkerPool
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
    """The oldest worker process: the template."""
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
def test_each_worker_loads_it_where_a_fork_is_not_known_to_be_safe(tmp_path, unfit):
    """A component does not declare it, has a thread, or denies it once it is loaded."""
    settings = settings_for(
        tmp_path, loads_once(tmp_path), component("unfit", f"tests.plugins.{unfit}"), REPORT
    )
    outcomes = list(WorkerPool(settings, 2, 60.0).mine(photos(tmp_path, 30)))
    assert loads(tmp_path) == 2
    assert_all_mined(tmp_path, outcomes, 30)


@pytest.mark.parametrize(("workers", "count"), [(1, 9), (4, 1)])
def test_a_worker_alone_mines_itself(tmp_path, workers, count):
    pids = set()
    for _ in WorkerPool(settings_for(tmp_path, ALL, REPORT), workers, 60.0).mine(photos(tmp_path, count)):
        pids |= set(worker_pids())
    assert len(pids) == 1


def test_a_template_that_is_killed_costs_no_photo(tmp_path, caplog):
    """Workers forked from it go on; one that dies later is replaced."""
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
    assert caplog.text.count("the template of the workers was killed by SIGKILL") == 1
    assert loads(tmp_path) == 2


def test_a_template_that_dies_at_each_fork_is_given_up(tmp_path, caplog):
    settings = settings_for(tmp_path, loads_once(tmp_path), DIES_FORKING, REPORT)
    outcomes = list(WorkerPool(settings, 2, 60.0).mine(photos(tmp_path, 30)))
    assert_all_mined(tmp_path, outcomes, 30)
    ended = "the template of the workers ended with exit status 9"
    assert caplog.text.count(ended) == MAX_FAILED_FORKS
    assert caplog.text.count(f"{ended}; each worker loads the pipeline itself now") == 1
    assert loads(tmp_path) == MAX_FAILED_FORKS + 2


def test_a_template_that_dies_before_it_has_forked_forty_workers_is_replaced(tmp_path, caplog):
    """One death is one failure, however many workers were asked for: neither the run nor the forking ends."""
    once = component("dying", "tests.plugins.dies_forking:DiesForking", once=str(tmp_path / "died"))
    settings = settings_for(tmp_path, loads_once(tmp_path), once, REPORT)
    outcomes = list(WorkerPool(settings, 40, 60.0).mine(photos(tmp_path, 60)))
    assert (tmp_path / "died").exists()
    assert_all_mined(tmp_path, outcomes, 60)
    warnings = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert warnings == ["the template of the workers ended with exit status 9; another takes its place"]
    assert loads(tmp_path) == 2


def test_a_template_that_hangs_before_it_has_forked_any_worker_is_given_up(tmp_path, caplog, monkeypatch):
    """The forks time out together; that is said once, and the workers load the pipeline themselves."""
    monkeypatch.setattr("pipeline.workers.handle.FORK_TIMEOUT_S", 0.5)
    hanging = component("hanging", "tests.plugins.hangs_forking:HangsForking")
    settings = settings_for(tmp_path, loads_once(tmp_path), hanging, REPORT)
    outcomes = list(WorkerPool(settings, 4, 60.0).mine(photos(tmp_path, 9)))
    assert_all_mined(tmp_path, outcomes, 9)
    warnings = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert warnings == ["the template of the workers hangs; each worker loads the pipeline itself now"]


def test_forked_workers_that_die_before_they_report_are_given_up(tmp_path, caplog):
    """The template lives, but what it forks does not."""
    stillborn = component("stillborn", "tests.plugins.stillborn:Stillborn")
    settings = settings_for(tmp_path, loads_once(tmp_path), stillborn, REPORT)
    outcomes = list(WorkerPool(settings, 2, 60.0).mine(photos(tmp_path, 30)))
    assert_all_mined(tmp_path, outcomes, 30)
    assert caplog.text.count("a worker ended while it was forked") == MAX_FAILED_FORKS


def test_a_template_that_hangs_costs_nothing_but_a_wait(tmp_path, caplog, monkeypatch):
    """A stopped process answers no request."""
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
    assert caplog.text.count("the template of the workers hangs; each worker loads") == 1


class FakeWorker:
    """Stands for a worker that sends one message."""

    def __init__(self, message: Message, state: WorkerState) -> None:
        self.message, self.state = message, state
        self.template, self.task, self.pid = None, None, None
        self.connection = self

    def recv(self) -> Message:
        return self.message

    def on_ready(self, pid: int) -> None:
        self.state = WorkerState.READY

    def take_task(self) -> Task | None:
        task, self.task = self.task, None
        return task

    def end(self) -> None:
        """There is no process."""


@pytest.mark.parametrize(
    "other",
    [
        FakeWorker(Ready(99, may_fork=True), WorkerState.LOADING),
        FakeWorker(NotForked("full"), WorkerState.FORKING),
    ],
    ids=["becomes the template", "cannot be forked"],
)
def test_a_video_that_fails_while_its_other_half_goes_back_has_its_outcome(tmp_path, other):
    """The other half was assigned to a worker that becomes the template, or that could not be forked."""
    pool = WorkerPool(settings_for(tmp_path, ALL, REPORT), 3, 60.0)
    queue = pool._queue = TaskQueue([VIDEO, PHOTO])
    with pool._processes.opened():
        queue.note(queue.next(), cut(2))
        failing = FakeWorker(FAILED, WorkerState.BUSY)
        failing.task, other.task = queue.next(), queue.next()
        pool._processes.workers = [failing, other]
        assert pool._receive(failing) is None
        outcome = pool._receive(other)
        assert outcome is not None
        assert outcome.sentence == FAILED.sentence
    queue.close()


def test_where_the_program_was_started_with_sigchld_ignored(tmp_path):
    """As by a shell's `trap "" CHLD`: the kernel would not tell how an orphan ended."""
    for n in range(9):
        small_photo(tmp_path / "in" / f"{n}.png")
    pipeline = pipeline_file(tmp_path / "p.yml", FACES, component("report", "jsonreportwriter", "faces"))
    ignoring = ["sh", "-c", 'trap "" CHLD; exec "$@"', "sh"]
    done = run(tmp_path / "in", tmp_path / "out", pipeline, "--workers", "2", prefix=ignoring)
    assert done.returncode == ExitCode.OK, done.stderr
    assert len(list((tmp_path / "out").glob("*.json"))) == 9
