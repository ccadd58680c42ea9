"""The JSON summary of a run for programs: counts, failures with codes, durations, versions."""

from __future__ import annotations

import base64
import json
import os
import platform
import sqlite3
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

from pipeline import __version__
from pipeline.errors import ExitCode, UsageError
from pipeline.files.outputs import write_file
from pipeline.host.packages import installed_versions
from pipeline.outcome import Outcome, Summary
from pipeline.text import printable

SCHEMA = 1
"""Raised when a key changes its meaning; new keys alone do not raise it."""


def check_summary_file(path: str) -> None:
    """Check before a long run that its summary can be written at the end.

    Raises: UsageError: it cannot be written.
    """
    folder = os.path.dirname(os.path.abspath(path))
    if os.path.isdir(path):
        raise UsageError(f"{printable(path)}: the summary's name is a folder's; name a file")
    if not os.path.isdir(folder) or not os.access(folder, os.W_OK | os.X_OK):
        raise UsageError(f"{printable(path)}: no summary can be written into that folder; name another")


def write_summary(
    path: str, began: datetime, places: dict[str, str], summary: Summary, error: str, exit_code: ExitCode
) -> None:
    """Write the summary of a run and replace an earlier file.

    Args:
        path: the file.
        began: when the run began, with its time zone.
        places: `input`, `output` and `pipeline`, as the command line names them.
        summary: the results of inputs; empty if the run did not begin.
        error: the sentence that ended the run, or an empty text.
        exit_code: of the program.
    Raises: OutputError: it cannot be written.
    """
    content = {
        "schema": SCHEMA,
        "began": began.isoformat(timespec="seconds"),
        **{key: printable(place) for key, place in places.items()},
        "exit_code": int(exit_code),
        "finished": not error and summary.interrupted_by is None,
        "error": error or None,
        "seconds": round(summary.elapsed_s, 3),
        "mining_seconds": round(summary.mining_s, 3),
        "counts": _counts(summary),
        **_machines(summary),
        "components": _components(summary),
        "failures": [_failure(outcome) for outcome in summary.failures],
        "versions": _versions(),
    }
    text = json.dumps(content, ensure_ascii=False, indent=2) + "\n"
    write_file(Path(path).absolute(), text.encode("utf-8", "replace"))


def _counts(summary: Summary) -> dict[str, int]:
    return {
        "photos": summary.mined - summary.videos,
        "videos": summary.videos,
        "partial": summary.partial,
        "frames": summary.frames,
        "failed": summary.failed,
        "ignored": summary.ignored,
        "unchanged": summary.unchanged,
        "renamed": summary.renamed,
        "left_alone": summary.left_alone,
        "pruned": summary.pruned,
        "missing": summary.missing.total(),
    }


def _machines(summary: Summary) -> dict[str, Any]:
    """The machines of a cluster, by name; no key without a cluster."""
    machines = {name: asdict(counts) for name, counts in sorted(summary.machines.items())}
    return {"machines": machines} if machines else {}


def _components(summary: Summary) -> dict[str, dict[str, int]]:
    """For each detector, how many inputs it looked at, and in how many its findings were known."""
    names = sorted({*summary.ran, *summary.reused})
    return {name: {"run": summary.ran[name], "reused": summary.reused[name]} for name in names}


def _failure(outcome: Outcome) -> dict[str, Any]:
    path = os.fsencode(outcome.path)
    shown: dict[str, Any] = {"file": path.decode("utf-8", "replace")}
    if shown["file"].encode() != path:
        shown["file_base64"] = base64.b64encode(path).decode("ascii")
    if outcome.machine:
        shown["machine"] = outcome.machine
    return shown | {
        "code": outcome.code,
        "sentence": outcome.sentence,
        "seconds": round(outcome.duration_s, 3),
    }


def _versions() -> dict[str, str]:
    versions = {
        "deepvisualminer": __version__,
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "system": platform.platform(),
    }
    installed = {package: version for package, version in installed_versions().items() if version is not None}
    return versions | installed
