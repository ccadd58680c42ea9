"""The boxes of a video's frames, from its reports, for the overlay of a paused picture."""

from __future__ import annotations

import json
import os
import threading
from bisect import bisect_right
from collections import OrderedDict
from pathlib import Path
from typing import Any

from pipeline.text import printable
from search.documents import Document

_MOST_BYTES = 64 << 20
"""A larger report is not read: its video shows no boxes of single frames."""
_MOST_VIDEOS = 4
_FRAME_KEYS = frozenset({"frame", "time"})


class VideoBoxes:
    """Answers which boxes the mined frame at a time has; keeps the last few videos in memory.

    Args:
        output_root: OUTPUT.
    """

    def __init__(self, output_root: Path) -> None:
        self._output_root = os.fsencode(output_root)
        self._kept: OrderedDict[tuple[bytes, int], list[dict[str, Any]]] = OrderedDict()
        self._lock = threading.Lock()

    def at(self, document: Document, time_s: float) -> dict[str, Any]:
        """The time and the boxes of the last mined frame that is not later than this.

        Returns: `time` in seconds, or None before the first mined frame; `boxes`, each with `rect`, `text`,
            `confidence` and `component`.
        """
        frames = self._frames(document)
        number = bisect_right([frame["time"] for frame in frames], time_s + 0.001) - 1
        if number < 0:
            return {"time": None, "boxes": []}
        return {"time": frames[number]["time"], "boxes": list(_boxes(frames[number]))}

    def _frames(self, document: Document) -> list[dict[str, Any]]:
        key = (document.path, document.stamp)
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        frames = self._read(document)
        with self._lock:
            self._kept[key] = frames
            while len(self._kept) > _MOST_VIDEOS:
                self._kept.popitem(last=False)
        return frames

    def _read(self, document: Document) -> list[dict[str, Any]]:
        """The frames of all reports of a video, in the order of time."""
        frames: list[dict[str, Any]] = []
        for name in document.reports:
            path = os.path.join(self._output_root, document.folder, name)
            try:
                if os.stat(path).st_size > _MOST_BYTES:
                    continue
                with open(path, encoding="utf-8") as stream:
                    report = json.load(stream)
                frames.extend(frame for frame in report["frames"] if isinstance(frame["time"], (int, float)))
            except (OSError, ValueError, KeyError, TypeError):  # it is being replaced, or was edited by hand
                continue
        return sorted(frames, key=lambda frame: float(frame["time"]))


def _boxes(frame: dict[str, Any]) -> list[dict[str, Any]]:
    found = []
    for component, entries in frame.items():
        if component in _FRAME_KEYS or not isinstance(entries, list):
            continue
        for entry in entries:
            if not (isinstance(entry, dict) and entry.get("labels") and len(entry.get("rect", ())) == 4):
                continue
            label = entry["labels"][0]
            found.append(
                {
                    "rect": entry["rect"],
                    "text": printable(str(label.get("label", ""))),
                    "confidence": label.get("confidence"),
                    "component": printable(component),
                }
            )
    return found
