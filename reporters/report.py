"""The keys of a report: results as the JSON values of their file.

No other module knows the keys. All functions are pure: they turn values into plain dictionaries, or back.
"""

from __future__ import annotations

import base64
import os
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from pipeline.capture import Capture
from pipeline.detections import Box, Detection, FrameResult, Label
from pipeline.source import MediaFacts, Source
from reporters.description import NO_DESCRIPTION, Description
from reporters.videosummary import Sighting, VideoSummary

if TYPE_CHECKING:  # pydantic with it, which programs that only read reports need not load
    from pipeline.videos.messages import VideoResult

SCHEMA = 1
"""Version of the format. It is raised when a key changes its meaning, not when keys are added."""

RESERVED_NAMES = ("frame", "time")
"""Keys of a frame beside the components' names; no component may have such a name."""

_CONFIDENCE_DIGITS = 6
_TIME_DIGITS = 6
_DISTANCE_DIGITS = 4
_SECOND_NS = 1_000_000_000
_MOMENT = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\.(\d{9})Z")


def to_report_head(
    source: Source, facts: MediaFacts, pipeline: str, description: Description = NO_DESCRIPTION
) -> dict[str, Any]:
    """Return all keys of a photo's report but `frames`.

    Args:
        source: the photo.
        facts: what its header says.
        pipeline: the hash of the effective pipeline.
        description: what people have said of it.
    """
    width, height = facts.size_wh
    head: dict[str, Any] = {"type": str(source.kind)} | to_file_keys(source.path_in_outputs)
    head |= {"schema": SCHEMA, "width": width, "height": height, "format": facts.format}
    if facts.images > 1:
        head["images"] = facts.images
    if facts.turn is not None:
        head["orientation"] = facts.turn.orientation
        if facts.turn.by_container:
            head["turned_by_container"] = True
    head |= _to_capture_keys(facts.capture)
    head |= {key: value for key, value in description.as_keys().items() if value}
    if facts.sha256 is not None:
        head["sha256"] = facts.sha256
    head["bytes"] = source.size_bytes
    if (modified := _to_moment(source.mtime_ns)) is not None:
        head["modified"] = modified
    head["pipeline"] = pipeline
    if facts.is_partial:
        head["status"] = "partial"
    return head


def to_video_head(
    source: Source,
    video: VideoResult,
    summary: VideoSummary,
    pipeline: str,
    description: Description = NO_DESCRIPTION,
) -> dict[str, Any]:
    """Return all keys of a video's report but `frames`.

    Args:
        source: the video.
        video: its facts, and what was read of it.
        summary: of its detections.
        pipeline: the hash of the effective pipeline.
        description: what people have said of it.
    """
    facts = video.facts
    as_photo = MediaFacts(
        facts.size_wh,
        facts.container,
        capture=facts.capture,
        sha256=video.sha256,
        is_partial=video.is_partial,
    )
    head = to_report_head(source, as_photo, pipeline, description)
    head |= {
        "codec": facts.codec,
        "duration": facts.duration_s,
        "frame_rate": round(float(facts.frame_rate), _TIME_DIGITS),
        "rotation": facts.rotation,
        **({"mirrored": True} if facts.is_mirrored else {}),
        **({"video_streams": facts.streams.videos} if facts.streams.videos > 1 else {}),
        "sound": facts.has_sound,
        "declared_frames": facts.declared_frames,
        "read_frames": video.frames,
    }
    if sampling := video.sampling.model_dump(exclude_defaults=True, exclude={"animations"}):
        head["sampling"] = sampling
    head["summary"] = {text: _to_sighting(seen) for text, seen in summary.sightings.items()}
    return head


def _to_capture_keys(capture: Capture) -> dict[str, Any]:
    """Return `taken`, `camera` and `gps`, those that are known; `gps` needs latitude and longitude."""
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
    """Return the keys that name a source: `file`, and `file_base64` if its path is not UTF-8."""
    path_bytes = os.fsencode(source_path)
    path = path_bytes.decode("utf-8", "replace")
    keys = {"file": path}
    if path.encode() != path_bytes:
        keys["file_base64"] = base64.b64encode(path_bytes).decode("ascii")
    return keys


def path_of(head: dict[str, Any]) -> str:
    """Return a source's path, as `os.fsdecode` gives it, from a report's head.

    Raises: ValueError, KeyError, TypeError, AttributeError: the head has none.
    """
    encoded = head.get("file_base64")
    return os.fsdecode(head["file"].encode() if encoded is None else base64.b64decode(encoded, validate=True))


def mtime_ns_of(head: dict[str, Any]) -> int:
    """Return a source's modification time, nanoseconds since 1970, from a report's head.

    Raises: ValueError, KeyError, TypeError: the head has none.
    """
    match = _MOMENT.fullmatch(head["modified"])
    if match is None:
        raise ValueError(f"{head['modified']} is not a time")
    seconds = datetime.fromisoformat(f"{match[1]}+00:00") - datetime.fromtimestamp(0, UTC)
    return (seconds.days * 86_400 + seconds.seconds) * _SECOND_NS + int(match[2])


def _to_moment(time_ns: int) -> str | None:
    """Format a time as UTC with nanoseconds; None if its year does not have four digits."""
    seconds, nanoseconds = divmod(time_ns, _SECOND_NS)
    try:
        moment = datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{nanoseconds:09d}Z" if moment.year >= 1000 else None


def to_report_frame(result: FrameResult) -> dict[str, Any]:
    """Return one element of a report's `frames`."""
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


def detections_of(shown: Any) -> tuple[Detection, ...]:
    """Return the detections that a frame of a report shows of one component.

    Raises: ValueError, KeyError, TypeError: it shows something else.
    """
    return tuple(
        Detection(
            _box_of(one["rect"]),
            tuple(_label_of(label) for label in one["labels"]),
            tuple((int(x), int(y)) for x, y in one["landmarks"]) if "landmarks" in one else None,
        )
        for one in shown
    )


def _box_of(rect: Any) -> Box:
    x1, y1, x2, y2 = map(int, rect)
    if not (0 <= x1 < x2 and 0 <= y1 < y2):
        raise ValueError(f"{rect} is no box")
    return Box(x1, y1, x2, y2)


def _label_of(shown: Any) -> Label:
    confidence, distance = shown.get("confidence"), shown.get("distance")
    return Label(
        str(shown["label"]),
        None if confidence is None else float(confidence),
        shown.get("method"),
        None if distance is None else float(distance),
    )


def _to_label(label: Label) -> dict[str, Any]:
    shown: dict[str, Any] = {"label": label.text}
    if label.confidence is not None:
        shown["confidence"] = round(float(label.confidence), _CONFIDENCE_DIGITS)
    if label.method is not None:
        shown["method"] = label.method
    if label.distance is not None:
        shown["distance"] = round(float(label.distance), _DISTANCE_DIGITS)
    return shown
