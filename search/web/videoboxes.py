"""The boxes of a video's frames, from its reports, for the overlay of a paused picture."""

from __future__ import annotations

import json
import os
import threading
from array import array
from bisect import bisect_right
from collections import OrderedDict
from pathlib import Path
from typing import Any, NamedTuple

from pipeline.text import printable
from reporters.reportreader import ReportReader, SeenFrame
from search.documents import Document

_MOST_BYTES = 64 << 20
"""Bound on the reports of a video, and on what is kept of all videos. Larger reports show no boxes."""
_ROUNDING_S = 0.001
_EMPTY = b"[]"


class _Frames(NamedTuple):
    """The mined frames of a video.

    Args:
        times_s: ascending.
        boxes: of each frame, a JSON array.
    """

    times_s: array[float]
    boxes: list[bytes]

    @property
    def size_bytes(self) -> int:
        """About how much memory it takes."""
        return sum(len(one) + 50 for one in self.boxes if one is not _EMPTY) + 16 * len(self.boxes)


class VideoBoxes:
    """Answers which boxes the mined frame at a time has; keeps the last few videos in memory.

    Args:
        output_root: OUTPUT.
        most_bytes: bound on what is kept.
    """

    def __init__(self, output_root: Path, most_bytes: int = _MOST_BYTES) -> None:
        self._output_root = os.fsencode(output_root)
        self._most_bytes = most_bytes
        self._kept: OrderedDict[tuple[bytes, int], _Frames] = OrderedDict()
        self._lock = threading.Lock()

    def at(self, document: Document, time_s: float) -> dict[str, Any]:
        """The time and the boxes of the last mined frame that is not later than this.

        Returns: `time` in seconds, or None before the first mined frame; `boxes`, each with `rect`, `text`,
            `is_name`, `confidence` and `component`.
        """
        frames = self._frames(document)
        number = bisect_right(frames.times_s, time_s + _ROUNDING_S) - 1
        if number < 0:
            return {"time": None, "boxes": []}
        return {"time": frames.times_s[number], "boxes": json.loads(frames.boxes[number])}

    def _frames(self, document: Document) -> _Frames:
        key = (document.path, document.stamp)
        with self._lock:  # two requests never read one report twice at once
            if key not in self._kept:
                self._kept[key] = self._read(document)
            self._kept.move_to_end(key)
            while len(self._kept) > 1 and self._size() > self._most_bytes:
                self._kept.popitem(last=False)
            return self._kept[key]

    def _size(self) -> int:
        return sum(frames.size_bytes for frames in self._kept.values())

    def _read(self, document: Document) -> _Frames:
        """The frames of all reports of a video, in the order of time."""
        found: dict[float, bytes] = {}
        left = self._most_bytes
        known: set[str] = set()
        for name in document.reports:
            path = os.fsdecode(os.path.join(self._output_root, document.folder, name))
            try:
                left -= os.stat(path).st_size
                if left < 0:
                    continue
                new: set[str] = set()  # a component that two reports have is shown once
                for frame in ReportReader(path).iter_frames():
                    new.update(frame.components)
                    boxes = [one for one in _boxes(frame) if one["component"] not in known]
                    if (earlier := found.get(frame.time_s, _EMPTY)) is not _EMPTY:
                        boxes = json.loads(earlier) + boxes
                    found[frame.time_s] = _text(boxes)
                known |= {printable(name) for name in new}
            except (OSError, ValueError):  # it is being replaced, or was edited by hand
                continue
        times = sorted(found)
        return _Frames(array("d", times), [found[time_s] for time_s in times])


def _text(boxes: list[dict[str, Any]]) -> bytes:
    return json.dumps(boxes, separators=(",", ":")).encode() if boxes else _EMPTY


def _boxes(frame: SeenFrame) -> list[dict[str, Any]]:
    """Each box with its first label, which is the most confident one."""
    found: dict[tuple[str, tuple[int, int, int, int]], dict[str, Any]] = {}
    for seen in frame.labels:
        found.setdefault(
            (seen.component, seen.rect),
            {
                "rect": seen.rect,
                "text": printable(seen.text),
                "is_name": seen.is_name,
                "confidence": seen.confidence,
                "component": printable(seen.component),
            },
        )
    return list(found.values())
