"""Reports read again, and given another name."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest

from pipeline.capture import Capture
from pipeline.detections import Box, Detection, FrameResult, Label
from pipeline.frame import Frame
from pipeline.provenance import Provenance
from pipeline.source import MediaFacts, Source, SourceKind, Stamp
from reporters.jsonreportwriter import JsonReportWriter, JsonReportWriterParams
from reporters.reportfile import is_own_report, iter_under_other_name, read_report_head

FRAME = Frame.from_rgb(np.zeros((4, 4, 3), np.uint8))
FACTS = MediaFacts(
    (4, 4), "png", images=2, capture=Capture("2016-08-14T17:20:05", 'A "Camera"'), sha256="ab" * 32
)


def write_report(out: Path, path: str, mtime_ns: int = 1_471_190_405_123_456_789, frames: int = 2) -> Path:
    """The report of a source at this path, with something found in each frame."""
    source = Source(path, os.path.basename(path), SourceKind.PHOTO, "png", Stamp(1234, mtime_ns))
    writer = JsonReportWriter("report", JsonReportWriterParams(), fingerprint="f00d")
    found = {"objects": (Detection(Box(0, 0, 2, 2), (Label(',\n  "frames": ['),)),)}
    with writer.open(source, FACTS, out) as session:
        for index in range(frames):
            session.write(FRAME, FrameResult(index, None, found))
    return out / f"{os.path.basename(path)}.json"


@pytest.mark.parametrize("name", ["a.png", 'quo"te\n.png', os.fsdecode(b"caf\xe9.png"), "\u00fc.png"])
def test_a_head_comes_back(tmp_path, name):
    report = write_report(tmp_path, f"/photos/{name}")
    assert read_report_head(report) == Provenance(
        f"/photos/{name}", 1234, 1_471_190_405_123_456_789, "png", "ab" * 32, "f00d"
    )
    assert is_own_report(report)
    assert json.loads(report.read_bytes())["modified"] == "2016-08-14T16:00:05.123456789Z"


@pytest.mark.parametrize(
    "mtime_ns", [0, -1, -(10**9) * 86_400 * 365, 253_402_300_799_999_999_999, 1_471_190_405_000_000_000]
)
def test_times_come_back(tmp_path, mtime_ns):
    head = read_report_head(write_report(tmp_path, "/a.png", mtime_ns))
    assert head is not None
    assert head.mtime_ns == mtime_ns


@pytest.mark.parametrize("mtime_ns", [253_402_300_800_000_000_000, 10**25, -(10**25)])
def test_time_that_no_calendar_has(tmp_path, mtime_ns):
    report = write_report(tmp_path, "/a.png", mtime_ns)
    assert "modified" not in json.loads(report.read_bytes())
    assert read_report_head(report) is None


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: "",
        lambda text: "{}",
        lambda text: text.replace('"schema": 1', '"schema": 2'),
        lambda text: text.replace('"modified": "2016', '"modified": "16'),
        lambda text: text.replace('"modified": "2016-08', '"modified": "2016-13'),
        lambda text: text.replace('"bytes": 1234', '"bytes": null'),
        lambda text: text.replace('"bytes": 1234', '"bytes": [' * 20_000),
        lambda text: text.replace('"ababab', '"xyabab'),
        lambda text: text.replace('"file": ', '"elif": '),
        lambda text: text.replace('"file": "/a.png"', '"file": 7'),
        lambda text: text.replace('"file": "/a.png"', '"file": "", "file_base64": "?"'),
        lambda text: text[:60],
        lambda text: text.replace('"frames"', '"Frames"'),
        lambda text: "[" + text[1:],
    ],
)
def test_what_is_no_report_of_ours_says_nothing(tmp_path, damage):
    report = write_report(tmp_path, "/a.png", frames=0)
    before = report.read_text()
    report.write_text(damage(before))
    assert report.read_text() != before
    assert read_report_head(report) is None


def test_a_pipe_under_a_report_s_name_keeps_nobody_waiting(tmp_path):
    os.mkfifo(tmp_path / "a.json")
    assert not is_own_report(tmp_path / "a.json")
    assert read_report_head(tmp_path / "a.json") is None


def test_what_is_not_there_says_nothing(tmp_path):
    assert read_report_head(tmp_path / "none.json") is None
    assert read_report_head(tmp_path) is None


@pytest.mark.parametrize("name", ["b.png", os.fsdecode(b"caf\xe9.png"), 'quo"te\n.png'])
def test_another_name_gives_the_report_that_mining_gives(tmp_path, name):
    (tmp_path / "mined").mkdir()
    report = write_report(tmp_path, os.fsdecode(b"/old \xff/a.png"))
    mined = write_report(tmp_path / "mined", f"/new/{name}")
    assert b"".join(iter_under_other_name(report, f"/new/{name}")) == mined.read_bytes()


def test_a_long_report_keeps_all_of_its_frames(tmp_path):
    report = write_report(tmp_path, "/a.png", frames=3000)
    renamed = b"".join(iter_under_other_name(report, "/a.png"))
    assert len(renamed) > 200_000
    assert renamed == report.read_bytes()


def test_another_name_for_what_is_no_report(tmp_path):
    (tmp_path / "a.json").write_text('{"title": "a.jpg"}')
    assert not is_own_report(tmp_path / "a.json")
    with pytest.raises(ValueError, match="not a report of this program"):
        list(iter_under_other_name(tmp_path / "a.json", "/b.jpg"))
