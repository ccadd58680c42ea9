"""Reports read again: nothing in them is trusted."""

from __future__ import annotations

import copy
import json
import os
import random
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from pipeline.capture import Capture
from pipeline.source import MediaFacts, Source, SourceKind, Stamp
from reporters.layout import FRAMES_END, FRAMES_SEPARATOR, frame_text, head_text
from reporters.report import to_report_head
from reporters.reportreader import ReportReader, SeenLabel
from tests.running import ROOT

PHOTO = ROOT / "example-image-report.json"
VIDEO = ROOT / "example-video-report.json"


def written(folder: Path, report: dict[str, Any]) -> Path:
    """A report laid out as the program does it."""
    path = folder / "r.json"
    frames = report["frames"] if isinstance(report.get("frames"), list) else []
    head = {key: value for key, value in report.items() if key != "frames"}
    texts = FRAMES_SEPARATOR.join(
        frame_text(one) if isinstance(one, dict) else json.dumps(one) for one in frames
    )
    path.write_text(head_text(head) + texts + FRAMES_END, encoding="utf-8", errors="replace")
    return path


def test_the_example_photo() -> None:
    reader = ReportReader(PHOTO)
    assert (reader.facts.path, reader.facts.kind, reader.facts.size_wh) == (
        *("/home/you/photos/zidane.jpg", "photo"),
        (1280, 720),
    )
    (frame,) = reader.iter_frames()
    assert frame.components == ("objects", "human-faces", "cat-faces")
    assert frame.labels[0] == SeenLabel("objects", "person", False, 0.92757, None, (726, 27, 1158, 720))


def test_the_example_video_has_the_frames_of_its_summary() -> None:
    reader = ReportReader(VIDEO)
    frames = list(reader.iter_frames())
    summary = json.loads(VIDEO.read_text(encoding="utf-8"))["summary"]
    for text, seen in summary.items():
        times = [frame.time_s for frame in frames if text in {label.text for label in frame.labels}]
        assert (len(times), times[0], times[-1]) == (seen["frames"], seen["first"], seen["last"])


def test_a_long_report_is_read_frame_by_frame(tmp_path: Path) -> None:
    report = json.loads(VIDEO.read_text(encoding="utf-8"))
    frames = report["frames"] * 2000
    path = written(tmp_path, report | {"frames": frames})
    assert path.stat().st_size > 4 << 20
    tracemalloc.start()
    reader = ReportReader(path)
    count = sum(len(frame.labels) for frame in reader.iter_frames())
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    short = ReportReader(VIDEO)
    assert count == 2000 * sum(len(frame.labels) for frame in short.iter_frames())
    assert reader.facts == short.facts
    assert most < path.stat().st_size, "the frames are not all in memory"


@pytest.mark.parametrize("cut", [8, 9, 1000, 100_000])
def test_a_long_report_that_is_cut_is_damaged(tmp_path: Path, cut: int) -> None:
    report = json.loads(VIDEO.read_text(encoding="utf-8"))
    path = written(tmp_path, report | {"frames": report["frames"] * 400})
    content = path.read_bytes()
    path.write_bytes(content[:-cut])
    with pytest.raises(ValueError, match="cut off"):
        list(ReportReader(path).iter_frames())


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("schema", 2),
        ("schema", None),
        ("type", "song"),
        ("file", None),
        ("file", ["x"]),
        ("file", ""),
        ("file", "/photos/"),
        ("file", "/photos/a\0.jpg"),
        ("file_base64", "?"),
    ],
)
def test_what_it_cannot_do_without(tmp_path: Path, key: str, value: object) -> None:
    report = json.loads(PHOTO.read_text(encoding="utf-8")) | {key: value}
    with pytest.raises(ValueError, match=r"shape|which file"):
        ReportReader(written(tmp_path, report))


@pytest.mark.parametrize(
    ("taken", "read"),
    [
        ("2008-06-14T15:30:00", (20080614153000, None)),
        ("2008-06-14T15:30:00.25+05:30", (20080614153000, 330)),
        ("2008-06-14T15:30:00-00:30", (20080614153000, -30)),
        ("2008-06-14T15:30:00Z", (20080614153000, 0)),
        ("14.6.2008", (0, None)),
        ("1985-07-20", (19850720000000, None)),
        (20080614, (0, None)),
        (None, (0, None)),
    ],
)
def test_dates(tmp_path: Path, taken: object, read: tuple[int, int | None]) -> None:
    report = json.loads(PHOTO.read_text(encoding="utf-8")) | {"taken": taken}
    facts = ReportReader(written(tmp_path, report)).facts
    assert (facts.taken, facts.offset_min) == read


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
def test_dates_that_the_writer_writes(
    taken: str | None, digits: int, offset_min: int | None, tmp_path: Path
) -> None:
    facts = MediaFacts((8, 8), "jpeg", capture=Capture(taken))
    head = to_report_head(Source("/a.jpg", "a.jpg", SourceKind.PHOTO, "jpeg", Stamp(1, 0)), facts, "f00d")
    report = tmp_path / "a.jpg.json"
    report.write_text(head_text(head) + FRAMES_END)
    assert json.loads(report.read_bytes()).get("taken") == taken
    read = ReportReader(report).facts
    assert (read.taken, read.offset_min) == (digits, offset_min)


def test_paths_that_are_not_utf8(tmp_path: Path) -> None:
    report = json.loads(PHOTO.read_text(encoding="utf-8")) | {"file_base64": "L3Bob3Rvcy/p/y5qcGc="}
    assert os.fsencode(ReportReader(written(tmp_path, report)).facts.path) == b"/photos/\xe9\xff.jpg"


def test_whatever_stands_in_a_report_the_values_have_their_types(tmp_path: Path) -> None:
    chance = random.Random(5)
    original = json.loads(VIDEO.read_text(encoding="utf-8"))
    read = 0
    for _ in range(400):
        report = copy.deepcopy(original)
        for _ in range(chance.randrange(1, 4)):
            spoil(report, chance)
        try:
            reader = ReportReader(written(tmp_path, report))
            frames = list(reader.iter_frames())
        except ValueError:
            continue
        read += 1
        facts = reader.facts
        assert isinstance(facts.path, str)
        assert all(type(one) is int for one in (*facts.size_wh, facts.taken, facts.size_bytes))
        assert facts.latitude is None or -90 <= facts.latitude <= 90
        for label in (label for frame in frames for label in frame.labels):
            label.text.encode("utf-8")
            assert label.text
            assert label.confidence is None or 0 <= label.confidence <= 1
            assert all(type(one) is int for one in label.rect)
    assert read > 100


def spoil(value: Any, chance: random.Random) -> None:
    """Replace something somewhere in a report by something else."""
    while isinstance(value, dict | list) and value:
        key = chance.choice(list(value)) if isinstance(value, dict) else chance.randrange(len(value))
        inner = value[key]
        if not isinstance(inner, dict | list) or not inner or chance.random() < 0.15:
            value[key] = chance.choice(SPOILED)
            return
        value = inner


SPOILED = (
    None,
    True,
    -1,
    1 << 80,
    1e308,
    "",
    "\ud800",
    "x" * 5000,
    [],
    {},
    [[[]]],
    {"a": {"b": []}},
    "a\0b",
    0.5,
)
