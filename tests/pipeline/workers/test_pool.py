from __future__ import annotations

import contextlib
import logging
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.errors import ExitCode, FailureCode, MinerError
from pipeline.outcome import Status
from pipeline.source import Source, Stamp
from pipeline.workers.executor import SerialExecutor
from pipeline.workers.handle import WorkerState
from pipeline.workers.pool import WorkerPool
from pipeline.workers.startfailures import MAX_FAILED_LOADS
from tests.minedphotos import ALL, REPORT, names, photos, report_names, settings_for, worker_pids
from tests.pictures import source_of
from tests.running import component, parts_in

CRASHED = "two workers died while they mined it; the last one"
MISBEHAVING = {
    "dies": (11, FailureCode.WORKER_CRASHED, f"{CRASHED} was killed by SIGKILL"),
    "segfaults": (12, FailureCode.WORKER_CRASHED, f"{CRASHED} was killed by SIGSEGV"),
    "hangs": (13, FailureCode.TIMEOUT, "not done after 6 s; --timeout SECONDS allows more"),
    "raises": (14, FailureCode.COMPONENT_FAILED, 'component "raises" raised ValueError: first line second'),
    "exits": (15, FailureCode.COMPONENT_FAILED, 'component "exits" raised SystemExit: bye'),
    "eats_memory": (16, FailureCode.OUT_OF_MEMORY, "needed more memory than there is"),
}
"""Plug-in -> the width of the photo that it misbehaves on, and how that photo must fail."""


@pytest.fixture(autouse=True)
def nothing_left_behind(tmp_path: Path) -> Iterator[None]:
    """No process, zombie, descriptor or unfinished file outlives an executor."""
    from multiprocessing import resource_tracker

    resource_tracker.ensure_running()  # Python's own helper, one for the life of the process
    children, descriptors = set(worker_pids()), len(os.listdir("/proc/self/fd"))
    yield
    assert set(worker_pids()) <= children
    assert len(os.listdir("/proc/self/fd")) <= descriptors  # fewer where garbage of earlier tests goes
    assert parts_in(tmp_path) == []


@pytest.fixture(autouse=True, params=[False, True], ids=["each loads", "forked"])
def is_forked(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Each test runs with workers that load the pipeline and with forked ones."""
    if not request.param:  # as elsewhere than on Linux
        monkeypatch.setattr(
            "pipeline.workers.template.child_subreaper", lambda: contextlib.nullcontext(False)
        )
    return request.param


def test_each_misbehaviour_costs_one_photo_and_all_others_are_mined(tmp_path, caplog, is_forked):
    caplog.set_level(logging.DEBUG, "pipeline")
    once = component("once", "tests.plugins.dies:Dies", width=10, once=str(tmp_path / "once"))
    misbehaving = [
        component(name, f"tests.plugins.{name}:{name.title().replace('_', '')}", width=width)
        for name, (width, _, _) in MISBEHAVING.items()
    ]
    good = photos(tmp_path, 12) + photos(tmp_path, 1, width=10)
    bad = {photos(tmp_path, 1, width)[0].path: (code, text) for width, code, text in MISBEHAVING.values()}
    sources = good[:6] + [source_of(path) for path in bad] + good[6:]
    workers = WorkerPool(settings_for(tmp_path, ALL, once, *misbehaving, REPORT, level=logging.DEBUG), 2, 6.0)
    outcomes, counts = [], []
    for outcome in workers.mine(sources):
        outcomes.append(outcome)
        counts.append(len(worker_pids()))

    failed = {outcome.path: outcome for outcome in outcomes if outcome.status is Status.FAILED}
    assert {path: (o.code, o.sentence[: len(bad[path][1])]) for path, o in failed.items()} == bad
    assert Counter(outcome.path for outcome in outcomes) == Counter(source.path for source in sources)
    assert report_names(tmp_path) == {f"{name}.json" for name in names(outcomes)}
    assert len(names(outcomes)) == len(good)
    # The pool is back at its size after each death.
    assert max(counts) == Counter(counts).most_common(1)[0][0] == 2 + is_forked
    logged = "\n".join(record.getMessage() for record in caplog.records)
    assert logged.count("its task is tried once more") == 3
    assert "Segmentation fault" in logged  # faulthandler's traceback
    assert "in misbehave" in logged


def test_one_photo_starts_one_worker_and_none_starts_none(tmp_path):
    workers = WorkerPool(settings_for(tmp_path, ALL, REPORT), 4, 60.0)
    pids = []
    for outcome in workers.mine(photos(tmp_path, 1)):
        assert (outcome.status, outcome.frames) == (Status.MINED, 1)
        pids += worker_pids()
    assert len(pids) == 1
    assert list(WorkerPool(settings_for(tmp_path, ALL), 4, 60.0).mine([])) == []


def test_an_idle_worker_that_is_killed_is_replaced(tmp_path, caplog):
    outcomes = WorkerPool(settings_for(tmp_path, ALL, REPORT), 1, 60.0).mine(photos(tmp_path, 3))
    done = [next(outcomes)]
    (pid,) = worker_pids()
    os.kill(pid, signal.SIGKILL)
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    done += outcomes
    assert [outcome.status for outcome in done] == [Status.MINED] * 3
    assert "an idle worker was killed by SIGKILL" in caplog.text
    assert "tried once more" not in caplog.text  # the photo that it was not sent did not kill it


def test_workers_killed_at_random(tmp_path):
    """300 photos, a worker killed after every 30: each photo has one outcome and one whole report.

    The killer lets a worker finish its first photo, which may be another victim's second try.
    """
    chance = random.Random(2017)
    (tmp_path / "settled").mkdir()
    settles = component("settles", "tests.plugins.settles:Settles", folder=str(tmp_path / "settled"))
    sources = photos(tmp_path, 300)
    outcomes, kills = [], 0
    for outcome in WorkerPool(settings_for(tmp_path, settles, ALL, REPORT), 2, 60.0).mine(iter(sources)):
        outcomes.append(outcome)
        if len(outcomes) >= 30 * (kills + 1):
            settled = {int(path.name) for path in (tmp_path / "settled").iterdir()} & set(worker_pids())
            if settled:
                os.kill(chance.choice(sorted(settled)), signal.SIGKILL)
                kills += 1
    assert kills >= 5
    assert names(outcomes) == sorted(Path(source.path).name for source in sources)
    assert report_names(tmp_path) == {f"{name}.json" for name in names(outcomes)}


def test_workers_that_never_get_to_work_end_the_run(tmp_path, caplog):
    tally = tmp_path / "tally"
    dying = component("all", "tests.plugins.dies_loading:DiesLoading", tally=str(tally))
    with pytest.raises(MinerError) as raised:
        list(WorkerPool(settings_for(tmp_path, dying, REPORT), 2, 60.0).mine(photos(tmp_path, 9)))
    assert str(raised.value) == (
        f"{MAX_FAILED_LOADS} workers in a row died while loading; "
        "the last ended with exit status 9 (no such device)"
    )
    assert raised.value.exit_code is ExitCode.ENVIRONMENT
    assert MAX_FAILED_LOADS <= tally.stat().st_size <= MAX_FAILED_LOADS + 1


def test_workers_that_have_worked_get_more_starts_and_not_without_end(tmp_path, monkeypatch):
    """The models are good, so whatever kills workers may stop."""
    monkeypatch.setattr("pipeline.workers.startfailures.MAX_FAILED_STARTS", MAX_FAILED_LOADS + 2)
    dying = component(
        "all", "tests.plugins.dies_loading:DiesLoading", tally=str(tmp_path / "tally"), spared=1
    )
    outcomes = WorkerPool(settings_for(tmp_path, dying, REPORT), 1, 60.0).mine(photos(tmp_path, 3))
    assert next(outcomes).status is Status.MINED
    (pid,) = worker_pids()
    os.kill(pid, signal.SIGKILL)
    with pytest.raises(MinerError, match=f"^{MAX_FAILED_LOADS + 2} workers in a row died while loading"):
        list(outcomes)


def test_a_model_that_cannot_be_used_ends_the_run_with_its_sentence(tmp_path):
    refusing = component("net", "tests.plugins.refuses_loading:RefusesLoading")
    for executor in (
        WorkerPool(settings_for(tmp_path, refusing), 2, 60.0),
        SerialExecutor(settings_for(tmp_path, refusing)),
    ):
        with pytest.raises(MinerError) as raised:
            list(executor.mine(photos(tmp_path, 3)))
        assert str(raised.value) == 'component "net": m.onnx: is no network; give another'
        assert raised.value.exit_code is ExitCode.ENVIRONMENT


def test_closed_early_it_drops_the_rest(tmp_path):
    """As when the caller raises: closing the generator ends the workers and the walk."""
    walked = []

    def walk() -> Iterator[Source]:
        for source in photos(tmp_path, 50):
            walked.append(source)
            yield source

    outcomes = WorkerPool(settings_for(tmp_path, ALL, REPORT), 2, 60.0).mine(walk())
    next(outcomes)
    outcomes.close()
    assert worker_pids() == []
    assert len(walked) <= 3  # one for each worker, and no list of the rest
    assert 1 <= len(report_names(tmp_path)) <= 2


def test_output_goes_nowhere_and_log_lines_reach_the_parent(tmp_path, caplog, capfd):
    """Megabytes on standard output and error, logging threads: nothing reaches the user's own streams."""
    noisy = component("noisy", "tests.plugins.noisy:Noisy")
    outcomes = list(WorkerPool(settings_for(tmp_path, ALL, noisy, REPORT), 1, 60.0).mine(photos(tmp_path, 2)))
    assert [outcome.status for outcome in outcomes] == [Status.MINED] * 2
    logged = sorted(record.getMessage() for record in caplog.records)
    assert logged.count("the same for everybody") == 1
    logged.remove("the same for everybody")
    assert logged == sorted(f"thread {n}: {'w' * 99}" for n in range(8) for _ in range(2))
    assert {record.name for record in caplog.records} == {"pipeline.noisy"}
    printed = capfd.readouterr()
    assert "oise" not in (printed.out + printed.err).lower()


def test_what_idle_workers_have_printed_is_not_logged_when_they_are_ended(tmp_path, caplog):
    caplog.set_level(logging.DEBUG, "pipeline")
    noisy = component("noisy", "tests.plugins.noisy:Noisy")
    outcomes = list(WorkerPool(settings_for(tmp_path, ALL, noisy, REPORT), 1, 60.0).mine(photos(tmp_path, 1)))
    assert [outcome.status for outcome in outcomes] == [Status.MINED]
    assert not any("last output" in record.getMessage() for record in caplog.records)


def test_a_pipeline_description_longer_than_any_pipe(tmp_path):
    """Two hundred thousand characters of params reach the worker."""
    long = ALL.replace("  params:", f"  params:\n    outputlabel: {'x' * 200_000}")
    outcomes = list(WorkerPool(settings_for(tmp_path, long, REPORT), 1, 60.0).mine(photos(tmp_path, 1)))
    assert [outcome.status for outcome in outcomes] == [Status.MINED]


def test_the_serial_executor_gives_the_same_outcomes(tmp_path):
    raising = component("raises", "tests.plugins.raises:Raises", width=9)
    sources = [*photos(tmp_path, 2), *photos(tmp_path, 1, width=9)]
    Path(photos(tmp_path, 1, width=7)[0].path).unlink()
    gone = Source(str(tmp_path / "in" / "7-0.png"), "7-0.png", sources[0].kind, "png", Stamp(9, 0))
    both = []
    for make in (lambda a: WorkerPool(a, 2, 60.0), SerialExecutor):
        outcomes = make(settings_for(tmp_path, ALL, raising, REPORT)).mine([*sources, gone])
        both.append(sorted(outcomes, key=lambda outcome: outcome.path))
    assert both[0] == both[1]
    assert [outcome.status for outcome in both[0]] == [
        Status.IGNORED,
        Status.MINED,
        Status.MINED,
        Status.FAILED,
    ]
    assert both[0][0].code is FailureCode.VANISHED


def test_the_serial_executor_stops(tmp_path):
    executor = SerialExecutor(settings_for(tmp_path, ALL, REPORT))
    outcomes = executor.mine(photos(tmp_path, 3))
    next(outcomes)
    executor.stop()
    assert list(outcomes) == []
    with pytest.raises(KeyboardInterrupt):
        executor.stop()


class StoppedAtReady(WorkerPool):
    """Ctrl-C comes just before the message that a worker is ready."""

    def _receive(self, worker):
        if worker.state is WorkerState.LOADING and not self._stops:
            self.stop()
        return super()._receive(worker)


def test_stopped_while_workers_load_it_waits_for_none_of_them(tmp_path):
    workers = StoppedAtReady(settings_for(tmp_path, ALL, REPORT), 2, 60.0)
    assert list(workers.mine(photos(tmp_path, 3))) == []
    assert time.monotonic() < workers._grace_ends


def test_stopped_before_it_began_it_hands_out_nothing(tmp_path):
    workers = WorkerPool(settings_for(tmp_path, ALL, REPORT), 2, 60.0)
    workers.stop()
    assert list(workers.mine(photos(tmp_path, 3))) == []
    assert report_names(tmp_path) == set()
    workers.stop()  # a late signal does no harm
