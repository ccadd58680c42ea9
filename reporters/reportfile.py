"""Reports read again: what one says of its source, and the same report for the source under another name."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pipeline.provenance import Provenance
from reporters.layout import HEAD_END, head_text
from reporters.report import SCHEMA, mtime_ns_of, path_of, to_file_keys

OWN_BEGINNING = b'{\n  "type": "'
"""How every report of ours begins; what begins otherwise under a report's name is not ours to replace."""

_MOST_HEAD_BYTES = 1 << 22
"""A video's summary has a line a label; a network may know ten thousand."""


def is_own_report(path: Path) -> bool:
    """Whether a file is a report of ours by how it begins.

    Raises: OSError: it is not there or cannot be read.
    """
    if not _may_be_opened(path):
        return False
    with open(path, "rb") as stream:
        return stream.read(len(OWN_BEGINNING)) == OWN_BEGINNING


def read_report_head(path: Path) -> Provenance | None:
    """What a report says of its source; None for what is no report of ours and of this schema."""
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
    except (KeyError, ValueError, TypeError, AttributeError):  # somebody's own idea of a report
        return None


def iter_under_other_name(path: Path, source_path: str) -> Iterator[bytes]:
    """A report as it would read had its source been mined under another name, piece by piece.

    Raises:
        ValueError: it is no report of ours.
        OSError: it cannot be read.
    """
    with open(path, "rb") as stream:
        beginning = stream.read(_MOST_HEAD_BYTES)
        head = _parsed(beginning)
        if head is None:
            raise ValueError(f"{path} is no report of ours")
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
    """A pipe under a report's name would keep whoever opens it waiting for ever."""
    mode = os.stat(path).st_mode
    return stat.S_ISREG(mode) or stat.S_ISDIR(mode)


def _parsed(beginning: bytes) -> dict[str, Any] | None:
    """The keys of a report before its frames."""
    end = beginning.find(HEAD_END)
    if end < 0 or not beginning.startswith(OWN_BEGINNING):
        return None
    try:
        head = json.loads(beginning[:end] + b"\n}")
    except (ValueError, RecursionError):
        return None
    return head if isinstance(head, dict) else None
