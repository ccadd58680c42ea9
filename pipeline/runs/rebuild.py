"""The ledger's records from the reports: what an output folder shows of the runs that filled it."""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Collection, Iterator
from pathlib import Path

from pipeline.ledger.ledger import Context, Record
from pipeline.outcome import Status
from pipeline.source import Stamp
from reporters.reportfile import ReportHead, read_report_head

_PICTURE = re.compile(r"(-.+)?-annotated\.[a-z0-9]+", re.DOTALL)
"""How the names of annotated copies end, after the name of their source."""


def iter_rebuilt(output_root: Path, limits: str) -> Iterator[Record]:
    """A record for each input with reports that say the same of it, folder by folder.

    Failures have no reports: those inputs are mined again. So are inputs of a pipeline without reports.

    Args:
        output_root: the folder that holds the reports.
        limits: of the run that asks; those of the runs before are not known.
    """
    for folder, folders, names in os.walk(output_root):
        folders.sort()
        relative_folder = os.path.relpath(folder, output_root)
        yield from _in_folder(folder, "" if relative_folder == "." else relative_folder, names, limits)


def _in_folder(folder: str, relative_folder: str, names: list[str], limits: str) -> Iterator[Record]:
    reports: dict[str, list[tuple[str, ReportHead]]] = defaultdict(list)
    for name in sorted(names):
        if name.endswith(".json"):
            head = read_report_head(Path(folder, name))
            if head is not None:
                reports[os.path.basename(head.path)].append((name, head))
    pictures = _pictures(names, reports.keys())
    for source_name, its_reports in reports.items():
        relative = os.path.join(relative_folder, source_name)
        head = its_reports[0][1]
        root = head.path.removesuffix(f"/{relative}") or "/"
        if len({head for _, head in its_reports}) != 1 or root == head.path:
            continue  # of several pipelines, or somebody moved them
        yield Record(
            relative,
            _stamp(head),
            Context(root, head.pipeline, limits),
            Status.MINED,
            format=head.format,
            sha256=head.sha256,
            outputs=(*(name for name, _ in its_reports), *pictures.get(source_name, ())),
        )


def _pictures(names: list[str], sources: Collection[str]) -> dict[str, list[str]]:
    """The annotated copies by the name of their source: the longest that a copy's name begins with."""
    found = defaultdict(list)
    for name in names:
        end = len(name)
        while (end := name.rfind("-", 0, end)) > 0:
            if name[:end] in sources and _PICTURE.fullmatch(name, end):
                found[name[:end]].append(name)
                break
    return found


def _stamp(head: ReportHead) -> Stamp:
    """What the source is now, if it is still the one; else what it was, with nothing known of its place."""
    try:
        now = Stamp.of(os.stat(head.path))
    except OSError:
        now = None
    if now is not None and (now.size_bytes, now.mtime_ns) == (head.size_bytes, head.mtime_ns):
        return now
    return Stamp(head.size_bytes, head.mtime_ns)
