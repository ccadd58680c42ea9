"""Reading reports: what a report says of its source, and a copy of it for a source that was renamed."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pipeline.files.ownfiles import REPORT_BEGINNING
from pipeline.provenance import Provenance, StatedFindings
from reporters.layout import HEAD_END, head_text
from reporters.report import RESERVED_NAMES, SCHEMA, detections_of, mtime_ns_of, path_of, to_file_keys

_MOST_HEAD_BYTES = 1 << 22
"""A video's summary has one line per label, and a network may have ten thousand labels."""
_MOST_PHOTO_BYTES = 1 << 24
"""Of the report of a photo that is read for its findings."""


def is_own_report(path: Path) -> bool:
    """Return whether a file begins as a report of this program does.

    Raises: OSError: it is missing or cannot be read.
    """
    if not _may_be_opened(path):
        return False
    with open(path, "rb") as stream:
        return stream.read(len(REPORT_BEGINNING)) == REPORT_BEGINNING


def read_report_head(path: Path) -> Provenance | None:
    """Read what a report says of its source; None if it is not a report of this program and schema."""
    try:
        if not _may_be_opened(path):
            return None
        with open(path, "rb") as stream:
            head = _parsed(stream.read(_MOST_HEAD_BYTES))
    except OSError:
        return None
    if head is None or head.get("schema") != SCHEMA:
        return None
    try:
        sha256 = head.get("sha256")
        return Provenance(
            path_of(head),
            int(head["bytes"]),
            mtime_ns_of(head),
            str(head["format"]),
            None if sha256 is None else bytes.fromhex(sha256).hex(),
            str(head["pipeline"]),
        )
    except (KeyError, ValueError, TypeError, AttributeError):  # begins like a report but is not one
        return None


def read_photo_findings(path: Path) -> StatedFindings | None:
    """Read what a photo's report says was found; None if it is no whole report of a photo of this schema."""
    try:
        if not _may_be_opened(path) or path.stat().st_size > _MOST_PHOTO_BYTES:
            return None
        report = json.loads(path.read_bytes())
        if (report["schema"], report["type"], "status" in report) != (SCHEMA, "photo", False):
            return None
        (frame,) = report["frames"]
        found = {name: detections_of(shown) for name, shown in frame.items() if name not in RESERVED_NAMES}
        return StatedFindings((int(report["width"]), int(report["height"])), report["sha256"], found)
    except (OSError, KeyError, ValueError, TypeError, AttributeError, RecursionError):
        return None


def iter_under_other_name(path: Path, source_path: str) -> Iterator[bytes]:
    """Yield a report in pieces, with another path of its source.

    Raises:
        ValueError: the file is not a report of this program.
        OSError: it cannot be read.
    """
    with open(path, "rb") as stream:
        beginning = stream.read(_MOST_HEAD_BYTES)
        head = _parsed(beginning)
        if head is None:
            raise ValueError(f"{path} is not a report of this program")
        renamed: dict[str, Any] = {}
        for key, value in head.items():
            if key == "file":
                renamed |= to_file_keys(source_path)
            elif key != "file_base64":
                renamed[key] = value
        yield head_text(renamed).encode()
        yield beginning[beginning.index(HEAD_END) + len(HEAD_END) :]
        while piece := stream.read(1 << 20):
            yield piece


def _may_be_opened(path: Path) -> bool:
    """Return whether opening a path cannot block, as it would with a named pipe."""
    mode = os.stat(path).st_mode
    return stat.S_ISREG(mode) or stat.S_ISDIR(mode)


def _parsed(beginning: bytes) -> dict[str, Any] | None:
    """Parse the head at the beginning of a report; None if there is none."""
    end = beginning.find(HEAD_END)
    if end < 0 or not beginning.startswith(REPORT_BEGINNING):
        return None
    try:
        head = json.loads(beginning[:end] + b"\n}")
    except (ValueError, RecursionError):
        return None
    return head if isinstance(head, dict) else None
