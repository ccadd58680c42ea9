"""The report's shape: what was found in one source, as the JSON values of its file.

This module alone knows the report's keys. Everything is pure: values in, plain dictionaries out.
"""

from __future__ import annotations

import base64
import os
from typing import Any

from pipeline.detections import Detection, FrameResult, Label
from pipeline.source import MediaFacts, Source

SCHEMA = 1
"""Raised when a key changes its meaning; new keys alone do not raise it."""

RESERVED_NAMES = ("frame", "time")
"""Keys of a frame that stand beside the components' names; no component may be called so."""

_CONFIDENCE_DIGITS = 6
_DISTANCE_DIGITS = 4


def to_report_head(source: Source, facts: MediaFacts, pipeline: str) -> dict[str, Any]:
    """Everything of a report but its `frames`.

    Args:
        source: the input.
        facts: what its header says.
        pipeline: the hash of the effective pipeline.
    """
    path_bytes = os.fsencode(source.path)
    path = path_bytes.decode("utf-8", "replace")
    head: dict[str, Any] = {"type": str(source.kind), "file": path}
    if path.encode() != path_bytes:
        head["file_base64"] = base64.b64encode(path_bytes).decode("ascii")
    width, height = facts.size_wh
    head |= {"schema": SCHEMA, "width": width, "height": height, "format": facts.format}
    if facts.images > 1:
        head["images"] = facts.images
    for key in ("taken", "camera"):
        if (value := getattr(facts, key)) is not None:
            head[key] = value
    gps = {key: getattr(facts, key) for key in ("latitude", "longitude", "altitude")}
    if gps["latitude"] is not None and gps["longitude"] is not None:
        head["gps"] = {key: value for key, value in gps.items() if value is not None}
    if facts.sha256 is not None:
        head["sha256"] = facts.sha256
    head["pipeline"] = pipeline
    return head


def to_report_frame(result: FrameResult) -> dict[str, Any]:
    """One element of a report's `frames`."""
    frame: dict[str, Any] = {"frame": result.frame_index}
    if result.timestamp is not None:
        frame["time"] = round(result.timestamp, 6)
    for name, detections in result.found.items():
        frame[name] = [_to_detection(detection) for detection in detections]
    return frame


def _to_detection(detection: Detection) -> dict[str, Any]:
    box = detection.box
    return {
        "rect": [box.x1, box.y1, box.x2, box.y2],
        "labels": [_to_label(label) for label in detection.labels],
    }


def _to_label(label: Label) -> dict[str, Any]:
    shown: dict[str, Any] = {"label": label.text}
    if label.confidence is not None:
        shown["confidence"] = round(float(label.confidence), _CONFIDENCE_DIGITS)
    if label.method is not None:
        shown["method"] = label.method
    if label.distance is not None:
        shown["distance"] = round(float(label.distance), _DISTANCE_DIGITS)
    return shown
