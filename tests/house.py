"""A home whose photos are mined night after night."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pipeline.miner import mine
from pipeline.outcome import Outcome, Summary
from pipeline.runs.options import Options
from pipeline.runs.plan import Planned, plan
from pipeline.runs.selection import Reason
from tests.running import component, pipeline_file, small_photo

FACES = component("faces", "simpledetector", model="haarcascade_frontalface_default.xml")
REPORT = component("report", "jsonreportwriter", "faces")
COPY = component("copy", "photowriter", "faces")


@dataclass
class House:
    """A home with INPUT, OUTPUT and a pipeline file; each `night` is a run in this process."""

    folder: Path

    def __post_init__(self) -> None:
        self.input, self.output = self.folder / "in", self.folder / "out"
        self.pipeline = pipeline_file(self.folder / "p.yml", FACES, REPORT, COPY)

    def photo(self, relative: str, side: int = 8) -> Path:
        return small_photo(self.input / relative, side, side)

    def options(self, **more: object) -> Options:
        given = {"input": str(self.input), "output": str(self.output), "pipeline": str(self.pipeline)}
        return Options(**given | {"workers": 0} | more)

    def night(self, on_outcome: Callable[[Outcome], None] = lambda _: None, **more: object) -> Summary:
        return mine(self.options(**more), on_outcome)

    def counts(self, **more: object) -> dict[str, int]:
        summary = self.night(**more)
        names = ("mined", "failed", "ignored", "unchanged", "renamed", "left_alone", "pruned")
        return {name: count for name in names if (count := getattr(summary, name))}

    def plan(self, **more: object) -> list[Planned]:
        return list(plan(self.options(**more)))

    def planned(self, **more: object) -> list[tuple[str, Reason | None]]:
        return [(os.path.relpath(one.path, self.input), one.reason) for one in self.plan(**more)]

    def outputs(self) -> dict[str, bytes]:
        """Everything in OUTPUT but the books, by its path."""
        return {
            os.path.relpath(path, self.output): path.read_bytes()
            for path in self.output.rglob("*")
            if path.is_file() and not path.name.startswith(".deepvisualminer.")
        }

    def snapshot(self) -> dict[str, tuple[int, int, bytes]]:
        """Everything in OUTPUT with its times."""
        return {
            str(path): (path.lstat().st_mtime_ns, path.lstat().st_ino, path.read_bytes())
            for path in self.output.rglob("*")
            if path.is_file()
        }


def both(name: str) -> list[str]:
    return [f"{name}-annotated.jpg", f"{name}.json"]
