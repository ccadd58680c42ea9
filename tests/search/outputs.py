"""OUTPUT folders for tests: reports as the program lays them out, without mining anything."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reporters.layout import FRAMES_END, FRAMES_SEPARATOR, frame_text, head_text
from reporters.report import SCHEMA, to_file_keys
from search.backend import Page
from search.indexing.indexing import update_index
from search.indexing.updating import Updated
from search.place import index_path
from search.question import understand
from search.sqlite.index import SqliteIndex

ROOT = "/photos"
"""Where INPUT lay; it is not there."""


def label(text: str, confidence: float | None = 0.9, **more: Any) -> dict[str, Any]:
    """One label of a box."""
    return {"label": text} | ({} if confidence is None else {"confidence": confidence}) | more


def name(text: str, distance: float = 0.3) -> dict[str, Any]:
    """A recognizer's label."""
    return label(text, None, method="embedding", distance=distance)


def boxes(*labels: dict[str, Any]) -> list[dict[str, Any]]:
    """A box for each label, side by side."""
    return [{"rect": [10 * n, 20, 10 * n + 8, 60], "labels": [one]} for n, one in enumerate(labels)]


@dataclass
class Output:
    """An OUTPUT folder whose reports are written by hand, and its index."""

    folder: Path

    def photo(self, relative: str, *labels: dict[str, Any], report: str = ".json", **head: Any) -> Path:
        """A photo's report; labels with a method stand under `names`, others under `objects`."""
        found = {
            "objects": boxes(*(one for one in labels if "method" not in one)),
            "names": boxes(*(one for one in labels if "method" in one)),
        }
        return self.report(relative, [{"frame": 0} | found], report=report, **{"type": "photo"} | head)

    def video(
        self, relative: str, seen: Mapping[float, Sequence[dict[str, Any]]], step_s: float = 0.5, **head: Any
    ) -> Path:
        """A video's report, mined each `step_s` seconds, with these labels at these times."""
        duration = head.setdefault("duration", max(seen, default=0.0) + 5.0)
        times = sorted({*(n * step_s for n in range(int(duration / step_s) + 1)), *seen})
        frames = []
        for number, time_s in enumerate(times):
            found = boxes(*seen.get(time_s, ()))
            frames.append({"frame": number, "time": time_s, "objects": found})
        return self.report(relative, frames, **{"type": "video", "format": "mp4"} | head)

    def report(
        self,
        relative: str,
        frames: list[dict[str, Any]],
        report: str = ".json",
        root: str = ROOT,
        **head: Any,
    ) -> Path:
        """A report of any shape."""
        path = Path(f"{os.fspath(self.folder)}/{relative}{report}")
        path.parent.mkdir(parents=True, exist_ok=True)
        whole: dict[str, Any] = {"type": head.pop("type")}
        whole |= to_file_keys(f"{root}/{relative}")
        whole |= {"schema": SCHEMA, "width": 640, "height": 480, "format": "jpeg", "bytes": 1000}
        whole |= {"pipeline": "ab" * 32} | head
        texts = FRAMES_SEPARATOR.join(map(frame_text, frames))
        path.write_text(head_text(whole) + texts + FRAMES_END, encoding="utf-8", errors="replace")
        return path

    def index(self) -> Updated:
        """Bring the index up to date."""
        return update_index(self.folder, index_path(self.folder))

    def open(self) -> SqliteIndex:
        """The index, to be asked."""
        return SqliteIndex(index_path(self.folder))

    def find(self, query: str) -> list[str]:
        """The paths below INPUT of the files that a query finds, sorted."""
        return sorted(self.in_order(query))

    def in_order(self, query: str) -> list[str]:
        """The same, newest first."""
        with self.open() as index:
            question = understand(query, index)
            hits = index.search(question.condition, Page(1000))
            assert hits.is_complete
            count = index.count(question.condition)
            assert (count.files, count.is_exact) == (len(hits.hits), True), "pages and counts agree"
            return [os.fsdecode(hit.path) for hit in hits.hits]

    def notes(self, query: str) -> str:
        """What is remarked on a query."""
        with self.open() as index:
            return "; ".join(understand(query, index).notes)
