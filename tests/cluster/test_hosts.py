"""Runs over several hosts, each with its own address, name and mounts, that come, go and fail."""

from __future__ import annotations

import json
import signal
import subprocess
import time

import pytest

from tests.cluster.hosts import until
from tests.cluster.site import PHOTOS, Site
from tests.running import parts_in

pytestmark = pytest.mark.slow
Run = subprocess.Popen[str]
ALL = {f"{number}.png.json" for number in range(PHOTOS)}


@pytest.fixture
def run(site: Site) -> Run:
    """A run on two hosts, each of which holds a photo until the gate opens."""
    return site.start_held_run(2, 3)


@pytest.fixture
def run_on_one(site: Site) -> Run:
    """The same on one host."""
    return site.start_held_run(2)


def finish(site: Site, run: Run, name: str = "run") -> dict:
    """Let a run go to its good end, and check what it has left."""
    site.open_gate()
    assert run.wait(120) == 0, site.said(name)
    assert site.reports() == ALL
    assert not parts_in(site.folder)
    return site.summary(name)


def test_a_host_is_killed_and_another_comes(site: Site) -> None:
    elsewhere = site.folder / "elsewhere"
    site.mined.mkdir()
    site.start_machine(2)
    site.start_machine(
        3,
        *("--input-root", str(elsewhere / "in"), "--output-root", str(elsewhere / "out")),
        mounts={site.photos: elsewhere / "in", site.mined: elsewhere / "out"},
    )
    site.close_gate()
    run = site.start_run()
    site.wait_for("host2", "host3")
    site.hosts[1].power_off()
    site.start_machine(4)
    site.wait_for("host4")
    summary = finish(site, run)
    assert "host2: it has not answered" in site.said()
    machines = summary["machines"]
    assert machines.keys() == {"host3", "host4"}
    assert sum(machine["mined"] for machine in machines.values()) == PHOTOS
    assert summary["counts"]["photos"] == PHOTOS
    begun = [photo for photo, _ in site.notes()]
    lost = [photo for photo, host in site.notes() if host == "host2"]
    assert sorted(begun) == sorted([*range(10, 10 + PHOTOS), *lost])
    assert len(lost) == 1
    report = json.loads((site.mined / "0" / "0.png.json").read_text())
    assert report["file"] == str(site.photos / "0" / "0.png")


def test_a_cable_is_pulled_and_put_in_again(site: Site, run: Run) -> None:
    began = time.monotonic()
    site.hosts[1].cut()
    until(lambda: not site.engines(2), patience_s=30)
    assert time.monotonic() - began > 10, "the engine has not waited for the end of its lease"
    until(lambda: "host2: it has not answered" in site.said())
    site.hosts[1].mend()
    until(lambda: site.busy()["host2"] > 1, site.folder / "run.log")
    summary = finish(site, run)
    assert summary["counts"]["photos"] == PHOTOS
    lost = site.notes()[: 1 + max(site.notes().index(note) for note in site.notes() if note[1] == "host2")]
    assert len(site.notes()) == PHOTOS + 1, lost


def test_the_run_is_killed_and_nothing_stays(site: Site, run: Run) -> None:
    assert site.engines(2)
    run.send_signal(signal.SIGKILL)
    until(lambda: not site.engines(2) and not site.engines(3), patience_s=30)
    summary = finish(site, site.start_run(name="next"), "next")
    assert summary["counts"]["photos"] == PHOTOS


def test_the_run_is_stopped(site: Site, run: Run) -> None:
    began = time.monotonic()
    run.send_signal(signal.SIGINT)
    assert run.wait(30) == 130
    assert time.monotonic() - began < 10
    until(lambda: not site.engines(2) and not site.engines(3), patience_s=5)
    assert not parts_in(site.folder)
    assert not site.summary()["finished"]
    summary = finish(site, site.start_run(name="next"), "next")
    assert summary["counts"]["photos"] == PHOTOS


def test_photos_in_progress_are_finished_when_the_run_is_stopped(site: Site, run_on_one: Run) -> None:
    run_on_one.send_signal(signal.SIGTERM)
    until(lambda: "stopping" in site.said())
    site.open_gate()
    assert run_on_one.wait(30) == 143
    assert site.summary()["counts"]["photos"] == len(site.reports()) == 1


def test_the_scheduler_goes_and_comes_back(site: Site, run_on_one: Run) -> None:
    site.stop_scheduler()
    site.start_scheduler()
    until(lambda: site.busy()["host2"] > 1, site.folder / "run.log")
    finish(site, run_on_one)


def test_a_dask_worker_is_killed_and_its_engine_dies_with_it(site: Site, run: Run) -> None:
    site.hosts[1].kill_parent_of(site.engines(2)[0])
    until(lambda: not site.engines(2), patience_s=5)
    finish(site, run)


def test_the_network_of_a_machine_is_cut_until_its_connections_are_given_up(site: Site, run: Run) -> None:
    site.hosts[1].cut()
    until(lambda: "the connection was lost" in site.log_of(2).read_text(), patience_s=150)
    assert not site.engines(2)
    site.hosts[1].mend()
    until(lambda: site.busy()["host2"] > 1, site.folder / "run.log")
    finish(site, run)
    assert len(site.notes()) == PHOTOS + 1


def test_the_network_of_the_run_is_cut_for_a_minute(site: Site, run: Run) -> None:
    site.hosts[0].cut()
    until(lambda: site.said().count("it has not answered") == 2, site.folder / "run.log")
    assert not site.engines(2)
    assert not site.engines(3)
    until(lambda: "the connection was lost" in site.log_of(3).read_text(), patience_s=150)
    assert run.poll() is None
    site.hosts[0].mend()
    finish(site, run)
    assert len(site.notes()) == PHOTOS + 2
