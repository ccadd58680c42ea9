"""Reading whole reports: the detections in a source, as values of checked types.

Other programs may write to the folder of a report, so every value is checked, and invalid ones are left out.
The report of a long video is read frame by frame.
"""

from __future__ import annotations

import json
import math
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from pipeline.files.ownfiles import REPORT_BEGINNING
from reporters.description import MAX_FACES, MAX_KEYWORDS
from reporters.layout import HEAD_END
from reporters.report import SCHEMA, path_of

MAX_LABEL_CHARS = 200
NAMED_FACES = "named_faces"
"""The key of faces that were named in other programs, and what stands for their component."""
_WHOLE_BYTES = 1 << 20
"""Reports up to this size are parsed at once, which is faster; larger ones frame by frame."""
_MAX_HEAD_BYTES = 1 << 22
_MAX_LINE_BYTES = 1 << 22
_MAX_FRAME_BYTES = 1 << 24
_MAX_COORDINATE = 1 << 30
_MAX_LANDMARKS = 100
_TAKEN = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)(?:T(\d\d):(\d\d):(\d\d)(?:\.\d+)?(?:Z|([+-])(\d\d):(\d\d)(?::\d\d)?)?)?", re.ASCII
)


class SeenLabel(NamedTuple):
    """One label of one box.

    Args:
        component: the name of the component that found it.
        text: the label.
        is_name: whether a recognizer gave it.
        confidence: 0 to 1, or None.
        distance: of a recognizer, or None.
        rect: left, top, right, bottom in pixels of the upright picture.
        landmarks: points of the box's content, (x, y) pixels, or None.
    """

    component: str
    text: str
    is_name: bool
    confidence: float | None
    distance: float | None
    rect: tuple[int, int, int, int]
    landmarks: tuple[tuple[int, int], ...] | None = None


class SeenFrame(NamedTuple):
    """The detections in one frame.

    Args:
        number: from 0.
        time_s: seconds from the start of a video; 0 for a photo.
        components: the names of all components in it, also of those without detections.
        labels: of all boxes, in the order of the report.
    """

    number: int
    time_s: float
    components: tuple[str, ...]
    labels: tuple[SeenLabel, ...]


class ReportFacts(NamedTuple):
    """The head of a report: facts about its source.

    Args:
        path: of the source, as `os.fsdecode` gives it.
        kind: `photo` or `video`.
        taken: local time as digits, YYYYMMDDhhmmss; 0 if it is unknown.
        offset_min: offset of that time from UTC, minutes, or None.
        size_wh: upright width and height, pixels.
        format: of the content.
        camera: maker and model, or None.
        latitude, longitude: degrees, both or neither.
        altitude: metres, or None.
        sha256: of the content, or None.
        size_bytes: of the source.
        pipeline: the fingerprint, hexadecimal.
        duration_s: of a video, or None.
        is_partial: whether the source was cut off or damaged.
        keywords: given in other programs, levels separated by `|`.
        title: likewise, or empty.
        rating: likewise: 1 to 5, -1 for rejected, 0 for none.
        named_faces: likewise; their component is `named_faces`.
    """

    path: str
    kind: str
    taken: int
    offset_min: int | None
    size_wh: tuple[int, int]
    format: str
    camera: str | None
    latitude: float | None
    longitude: float | None
    altitude: float | None
    sha256: bytes | None
    size_bytes: int
    pipeline: str
    duration_s: float | None
    is_partial: bool
    keywords: tuple[str, ...] = ()
    title: str = ""
    rating: int = 0
    named_faces: tuple[SeenLabel, ...] = ()


class ReportReader:
    """Reads one report of this program.

    Raises:
        ValueError: the file is not a report of this program, or is damaged.
        OSError: it cannot be read; the methods raise it too.
    """

    def __init__(self, path: str | Path) -> None:
        self._path = path
        with open(path, "rb") as stream:
            beginning = stream.read(len(REPORT_BEGINNING))
            if beginning != REPORT_BEGINNING:
                raise ValueError("no report of this program")
            beginning += stream.read(_WHOLE_BYTES)
            self._is_whole = not stream.read(1)
            if not self._is_whole:
                stream.seek(0)
                beginning = stream.read(_MAX_HEAD_BYTES)
        if self._is_whole:
            head = _parsed(beginning)
            self._frames = head.get("frames")
        else:
            self._frames_at = beginning.find(HEAD_END) + len(HEAD_END)
            head = _parsed(beginning[: self._frames_at - len(HEAD_END)] + b"\n}")
        self.facts = _facts(head)

    def iter_frames(self) -> Iterator[SeenFrame]:
        """Yield the frames in the order of the report.

        Raises: ValueError: the report is damaged.
        """
        if self._is_whole:
            if not isinstance(self._frames, list):
                raise ValueError("it has no frames")
            yield from map(_frame, self._frames)
            return
        with open(self._path, "rb") as stream:
            stream.seek(self._frames_at)
            for text in _iter_frame_texts(iter(lambda: stream.readline(_MAX_LINE_BYTES), b"")):
                yield _frame(_parsed(text))


def _parsed(text: bytes) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except RecursionError:
        raise ValueError("its JSON is nested too deeply") from None
    if not isinstance(value, dict):
        raise ValueError("it is no JSON object")
    return value


def _iter_frame_texts(lines: Iterator[bytes]) -> Iterator[bytes]:
    """Yield the JSON object of each frame, which ends at the only line that holds its brace (see
    `reporters.layout`).
    """
    pieces: list[bytes] = []
    size = 0
    is_closed = False
    for line in lines:
        bare = line.rstrip(b"\n")
        is_closed = is_closed or bare == b"  ]"
        if not pieces and bare != b"    {":
            if bare.strip() not in (b"", b"]", b"}"):
                raise ValueError("its frames do not lie on lines as this program writes them")
            continue
        pieces.append(b"}" if bare in (b"    }", b"    },") else line)
        size += len(line)
        if size > _MAX_FRAME_BYTES:
            raise ValueError("one of its frames is too large")
        if pieces[-1] == b"}":
            yield b"".join(pieces)
            pieces, size = [], 0
    if pieces or not is_closed:
        raise ValueError("it is cut off")


def _facts(head: dict[str, Any]) -> ReportFacts:
    """Parse the facts of a head.

    Raises: ValueError: a required key is missing.
    """
    if head.get("schema") != SCHEMA or head.get("type") not in ("photo", "video"):
        raise ValueError(f"it has another shape than version {SCHEMA}")
    try:
        path = path_of(head)
    except (ValueError, KeyError, TypeError, AttributeError):
        raise ValueError("it does not say which file it is about") from None
    if "\0" in path or not os.path.basename(path):
        raise ValueError("it does not say which file it is about")
    gps = head.get("gps")
    latitude, longitude, altitude = _place(gps) if isinstance(gps, dict) else (None, None, None)
    taken, offset_min = _taken(head.get("taken"))
    return ReportFacts(
        path=path,
        kind=head["type"],
        taken=taken,
        offset_min=offset_min,
        size_wh=(_whole(head.get("width")), _whole(head.get("height"))),
        format=_text(head.get("format")) or "",
        camera=_text(head.get("camera")),
        latitude=latitude,
        longitude=longitude,
        altitude=altitude,
        sha256=_hash(head.get("sha256")),
        size_bytes=_whole(head.get("bytes"), 1 << 62),
        pipeline=_text(head.get("pipeline")) or "",
        duration_s=_real(head.get("duration"), 0.0, 1e9),
        is_partial=head.get("status") == "partial",
        keywords=_keywords(head.get("keywords")),
        title=_text(head.get("title")) or "",
        rating=_rating(head.get("rating")),
        named_faces=tuple(_named_faces(head.get(NAMED_FACES))),
    )


def _keywords(values: Any) -> tuple[str, ...]:
    texts = values[:MAX_KEYWORDS] if isinstance(values, list) else []
    return tuple(text for value in texts if (text := _text(value)))


def _named_faces(values: Any) -> Iterator[SeenLabel]:
    for value in values[:MAX_FACES] if isinstance(values, list) else ():
        if isinstance(value, dict):
            text, rect = _text(value.get("name")), _rect(value.get("rect"))
            if text and rect is not None:
                yield SeenLabel(NAMED_FACES, text, True, None, None, rect)


def _rating(value: Any) -> int:
    return value if type(value) is int and -1 <= value <= 5 else 0


def _frame(frame: Any) -> SeenFrame:
    if not isinstance(frame, dict):
        raise ValueError("one of its frames is none")
    labels: list[SeenLabel] = []
    components = []
    for name, boxes in frame.items():
        if not isinstance(boxes, list):
            continue
        component = _text(name) or "?"
        components.append(component)
        for box in boxes:
            rect = _rect(box.get("rect")) if isinstance(box, dict) else None
            if rect is not None and isinstance(box.get("labels"), list):
                landmarks = _landmarks(box["landmarks"]) if "landmarks" in box else None
                labels.extend(_labels(component, box["labels"], rect, landmarks))
    time_s = _real(frame.get("time", 0.0), 0.0, 1e9) or 0.0
    return SeenFrame(_whole(frame.get("frame"), 1 << 40), time_s, tuple(components), tuple(labels))


def _labels(
    component: str,
    labels: list[Any],
    rect: tuple[int, int, int, int],
    landmarks: tuple[tuple[int, int], ...] | None,
) -> Iterator[SeenLabel]:
    for label in labels:
        text = _text(label.get("label")) if isinstance(label, dict) else None
        if text:
            confidence = _real(label.get("confidence"), 0.0, 1.0)
            distance = _real(label.get("distance"), -1e9, 1e9)
            yield SeenLabel(component, text, "method" in label, confidence, distance, rect, landmarks)


def _landmarks(value: Any) -> tuple[tuple[int, int], ...] | None:
    if not isinstance(value, list) or len(value) > _MAX_LANDMARKS:
        return None
    points = []
    for point in value:
        if not isinstance(point, list) or len(point) != 2 or not all(map(_is_coordinate, point)):
            return None
        points.append((point[0], point[1]))
    return tuple(points)


def _is_coordinate(number: Any) -> bool:
    return type(number) is int and -_MAX_COORDINATE < number < _MAX_COORDINATE


def _rect(value: Any) -> tuple[int, int, int, int] | None:
    if not isinstance(value, list) or len(value) != 4:
        return None
    x1, y1, x2, y2 = value
    return (x1, y1, x2, y2) if all(map(_is_coordinate, value)) else None


def _text(value: Any) -> str | None:
    """Return a short text that every database accepts; None if the value is no text."""
    if not isinstance(value, str) or not value:
        return None
    if not value.isascii():  # JSON's escapes can write surrogates, which UTF-8 cannot
        value = value.encode("utf-8", "replace").decode()
    return str(value.replace("\0", "\ufffd")[:MAX_LABEL_CHARS])


def _real(value: Any, low: float, high: float) -> float | None:
    if type(value) not in (int, float) or not math.isfinite(value) or not low <= value <= high:
        return None
    return float(value)


def _whole(value: Any, high: int = _MAX_COORDINATE) -> int:
    return value if type(value) is int and 0 <= value <= high else 0


def _hash(value: Any) -> bytes | None:
    try:
        digest = bytes.fromhex(value)
    except (ValueError, TypeError):
        return None
    return digest if len(digest) == 32 else None


def _place(gps: dict[str, Any]) -> tuple[float | None, float | None, float | None]:
    latitude = _real(gps.get("latitude"), -90.0, 90.0)
    longitude = _real(gps.get("longitude"), -180.0, 180.0)
    if latitude is None or longitude is None:
        return None, None, None
    return latitude, longitude, _real(gps.get("altitude"), -1e6, 1e6)


def _taken(value: Any) -> tuple[int, int | None]:
    match = _TAKEN.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        return 0, None
    taken = int(
        "".join(part or "00" for part in match.groups()[:6])
    )  # a day without a time begins at midnight
    if match[7] is None:
        return taken, 0 if value.endswith("Z") else None
    minutes = int(match[8]) * 60 + int(match[9])
    return taken, -minutes if match[7] == "-" else minutes
