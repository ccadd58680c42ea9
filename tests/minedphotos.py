"""Mining photos in tests: by worker processes of the test's own process, and what is in the reports."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import psutil

from pipeline.config.config import read_config
from pipeline.outcome import Outcome, Status
from pipeline.source import Limits, Source
from pipeline.workers.messages import WorkerSettings
from tests.pictures import source_of
from tests.running import component, pipeline_file, small_photo

REPORT = component("report", "jsonreportwriter", "all")
ALL = component("all", "tests.plugins.routes:Echoes")


def worker_pids() -> list[int]:
    """This process's children, dead ones too, but Python's own helper."""
    return [
        child.pid
        for child in psutil.Process().children()
        if child.status() == psutil.STATUS_ZOMBIE or "resource_tracker" not in " ".join(child.cmdline())
    ]


def settings_for(folder: Path, *components: str, level: int = logging.INFO) -> WorkerSettings:
    """Settings of workers with these components."""
    path = pipeline_file(folder / "p.yml", *components)
    config = read_config(str(path), allow_plugins=True)
    (folder / "out").mkdir(exist_ok=True)
    return WorkerSettings(config, folder / "out", Limits(), level)


def photos(folder: Path, count: int, width: int = 8) -> list[Source]:
    """So many photos, this wide."""
    return [source_of(small_photo(folder / "in" / f"{width}-{n}.png", width)) for n in range(count)]


def report_names(folder: Path) -> set[str]:
    """The reports under final names; each is whole and about its own file."""
    for path in (folder / "out").glob("*.json"):
        report = json.loads(path.read_bytes())
        assert Path(report["file"]).name == path.name.removesuffix(".json")
        assert len(report["frames"]) == 1
    return {path.name for path in (folder / "out").iterdir()}


def names(outcomes: list[Outcome], status: Status = Status.MINED) -> list[str]:
    """Of the files that came to this."""
    return sorted(Path(outcome.path).name for outcome in outcomes if outcome.status is status)
