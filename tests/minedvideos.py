"""Mining videos in tests: by any number of workers, and what is in the reports."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pipeline.config.config import read_config
from pipeline.outcome import Outcome
from pipeline.source import Limits, Source
from pipeline.workers.executor import SerialExecutor
from pipeline.workers.messages import WorkerSettings
from pipeline.workers.pool import WorkerPool
from tests.running import component, pipeline_file
from tests.videos import source_of

REPORT = component("report", "jsonreportwriter", "numbers")
NUMBERS = component("numbers", "tests.plugins.numbers:Numbers")
X264 = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p")
SHORT_GOPS = (*X264, "-g", "25")


def settings_for(folder: Path, *components: str, video: str = "", out: str = "out") -> WorkerSettings:
    """What workers are settings: these components, and what stands under `video:`."""
    path = pipeline_file(folder / "p.yml", *components)
    if video:
        path.write_text(f"video: {{{video}}}\n{path.read_text()}")
    (folder / out).mkdir(exist_ok=True)
    return WorkerSettings(read_config(str(path), allow_plugins=True), folder / out, Limits())


def mine(
    folder: Path, sources: list[Source], *components: str, workers: int = 0, video: str = ""
) -> list[Outcome]:
    """Mine sources into `out-<workers>`; 0 for the serial executor."""
    settings = settings_for(folder, *components, video=video, out=f"out-{workers}")
    force = WorkerPool(settings, workers, 60.0) if workers else SerialExecutor(settings)
    return list(force.mine(sources))


def mine_one(folder: Path, video_path: Path, *components: str, workers: int = 0, video: str = "") -> Outcome:
    """Mine one video."""
    (outcome,) = mine(folder, [source_of(video_path)], *components, workers=workers, video=video)
    return outcome


def report_of(folder: Path, name: str, workers: int = 0) -> dict[str, Any]:
    """The report of a video."""
    return json.loads((folder / f"out-{workers}" / f"{name}.json").read_bytes())


def numbers_in(report: dict[str, Any]) -> list[int]:
    """The numbers that the frames of a report bear."""
    return [int(frame["numbers"][0]["labels"][0]["label"]) for frame in report["frames"]]


def outputs(folder: Path, workers: int = 0) -> dict[str, bytes]:
    """Everything in an output folder."""
    root = folder / f"out-{workers}"
    return {
        str(path.relative_to(root)): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()
    }
