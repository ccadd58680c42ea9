"""The report's shape: what was found in one source, as the JSON values of its file.

This module alone knows the report's keys. Everything is pure: values in, plain dictionaries out.
"""

from __future__ import annotations

import base64
import os
import re
from datetime import UTC, datetime
from typing import Any

from pipeline.capture import Capture
from pipeline.detections import Detection, FrameResult, Label
from pipeline.source import MediaFacts, Source
from pipeline.videos.messages import VideoResult
from reporters.videosummary import Sighting, VideoSummary

SCHEMA = 1
"""Raised when a key changes its meaning; new keys alone do not raise it."""

RESERVED_NAMES = ("frame", "time")
"""Keys of a frame that stand beside the components' names; no component may be called so."""

_CONFIDENCE_DIGITS = 6
_TIME_DIGITS = 6
_DISTANCE_DIGITS = 4
_SECOND_NS = 1_000_000_000
_MOMENT = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\.(\d{9})Z")


def to_report_head(source: Source, facts: MediaFacts, pipeline: str) -> dict[str, Any]:
    """Everything of a report but its `frames`.

    Args:
        source: the input.
        facts: what its header says.
        pipeline: the hash of the effective pipeline.
    """
    width, height = facts.size_wh
    head: dict[str, Any] = {"type": str(source.kind)} | to_file_keys(source.path)
    head |= {"schema": SCHEMA, "width": width, "height": height, "format": facts.format}
    if facts.images > 1:
        head["images"] = facts.images
    head |= _to_capture_keys(facts.capture)
    if facts.sha256 is not None:
        head["sha256"] = facts.sha256
    head["bytes"] = source.size_bytes
    if (modified := _to_moment(source.mtime_ns)) is not None:
        head["modified"] = modified
    head["pipeline"] = pipeline
    if facts.is_partial:
        head["status"] = "partial"
    return head


def to_video_head(source: Source, video: VideoResult, summary: VideoSummary, pipeline: str) -> dict[str, Any]:
    """Everything of a video's report but its `frames`.

    Args:
        source: the input.
        video: what was read of it.
        summary: of what was found.
        pipeline: the hash of the effective pipeline.
    """
    facts = video.facts
    as_photo = MediaFacts(
        facts.size_wh,
        facts.container,
        capture=facts.capture,
        sha256=video.sha256,
        is_partial=video.is_partial,
    )
    head = to_report_head(source, as_photo, pipeline)
    head |= {
        "codec": facts.codec,
        "duration": facts.duration_s,
        "frame_rate": round(float(facts.frame_rate), _TIME_DIGITS),
        "rotation": facts.rotation,
        "sound": facts.has_sound,
        "declared_frames": facts.declared_frames,
        "read_frames": video.frames,
    }
    if sampling := video.sampling.model_dump(exclude_defaults=True):
        head["sampling"] = sampling
    head["summary"] = {text: _to_sighting(seen) for text, seen in summary.sightings.items()}
    return head


def _to_capture_keys(capture: Capture) -> dict[str, Any]:
    """When, with what and where the source was taken; half a position is none."""
    keys: dict[str, Any] = {"taken": capture.taken, "camera": capture.camera}
    if capture.latitude is not None and capture.longitude is not None:
        gps = {"latitude": capture.latitude, "longitude": capture.longitude, "altitude": capture.altitude}
        keys["gps"] = {key: value for key, value in gps.items() if value is not None}
    return {key: value for key, value in keys.items() if value is not None}


def _to_sighting(seen: Sighting) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "frames": seen.frames,
        "first": round(seen.first_s, _TIME_DIGITS),
        "last": round(seen.last_s, _TIME_DIGITS),
    }
    if seen.confidence is not None:
        shown["confidence"] = round(float(seen.confidence), _CONFIDENCE_DIGITS)
    return shown | {"frame": seen.frame_index}


def to_file_keys(source_path: str) -> dict[str, str]:
    """The keys that name a source: `file`, and where its path is not UTF-8 also its bytes."""
    path_bytes = os.fsencode(source_path)
    path = path_bytes.decode("utf-8", "replace")
    keys = {"file": path}
    if path.encode() != path_bytes:
        keys["file_base64"] = base64.b64encode(path_bytes).decode("ascii")
    return keys


def path_of(head: dict[str, Any]) -> str:
    """A source's path, as `os.fsdecode` gives it, from a report's head.

    Raises: ValueError, KeyError, TypeError, AttributeError: there is none in it.
    """
    encoded = head.get("file_base64")
    return os.fsdecode(head["file"].encode() if encoded is None else base64.b64decode(encoded, validate=True))


def mtime_ns_of(head: dict[str, Any]) -> int:
    """When a source was changed, nanoseconds since 1970, from a report's head.

    Raises: ValueError, KeyError, TypeError: there is nothing of the kind in it.
    """
    match = _MOMENT.fullmatch(head["modified"])
    if match is None:
        raise ValueError(f"{head['modified']} is no moment")
    seconds = datetime.fromisoformat(f"{match[1]}+00:00") - datetime.fromtimestamp(0, UTC)
    return (seconds.days * 86_400 + seconds.seconds) * _SECOND_NS + int(match[2])


def _to_moment(time_ns: int) -> str | None:
    """Universal time to the nanosecond; None for a time that no calendar of four digits has."""
    seconds, nanoseconds = divmod(time_ns, _SECOND_NS)
    try:
        moment = datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{nanoseconds:09d}Z" if moment.year >= 1000 else None


def to_report_frame(result: FrameResult) -> dict[str, Any]:
    """One element of a report's `frames`."""
    frame: dict[str, Any] = {"frame": result.frame_index}
    if result.timestamp is not None:
        frame["time"] = round(result.timestamp, _TIME_DIGITS)
    for name, detections in result.found.items():
        frame[name] = [_to_detection(detection) for detection in detections]
    return frame


def _to_detection(detection: Detection) -> dict[str, Any]:
    box = detection.box
    shown: dict[str, Any] = {
        "rect": list(box.xyxy),
        "labels": [_to_label(label) for label in detection.labels],
    }
    if detection.landmarks is not None:
        shown["landmarks"] = [list(point) for point in detection.landmarks]
    return shown


def _to_label(label: Label) -> dict[str, Any]:
    shown: dict[str, Any] = {"label": label.text}
    if label.confidence is not None:
        shown["confidence"] = round(float(label.confidence), _CONFIDENCE_DIGITS)
    if label.method is not None:
        shown["method"] = label.method
    if label.distance is not None:
        shown["distance"] = round(float(label.distance), _DISTANCE_DIGITS)
    return shown
