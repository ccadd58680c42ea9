"""Reading whole reports."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pipeline.capture import Capture
from pipeline.source import MediaFacts, Source, SourceKind
from reporters.layout import FRAMES_END, head_text
from reporters.report import to_report_head
from reporters.reportreader import ReportReader


@pytest.mark.parametrize(
    ("taken", "digits", "offset_min"),
    [
        ("2016-08-14T17:20:05", 20160814172005, None),
        ("2016-08-14T17:20:05+02:00", 20160814172005, 120),
        ("2016-08-14T17:20:05-03:30", 20160814172005, -210),
        ("1985-07-20", 19850720000000, None),
        (None, 0, None),
    ],
)
def test_when_a_photo_was_taken(
    taken: str | None, digits: int, offset_min: int | None, tmp_path: Path
) -> None:
    facts = MediaFacts((8, 8), "jpeg", capture=Capture(taken))
    head = to_report_head(Source("/a.jpg", "a.jpg", SourceKind.PHOTO, "jpeg", 1, 0), facts, "f00d")
    report = tmp_path / "a.jpg.json"
    report.write_text(head_text(head) + FRAMES_END)
    assert json.loads(report.read_bytes()).get("taken") == taken
    read = ReportReader(report).facts
    assert (read.taken, read.offset_min) == (digits, offset_min)
