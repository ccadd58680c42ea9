from __future__ import annotations

import io
import logging
import os
import threading
from collections import Counter

import pytest

from pipeline.errors import ExitCode, FailureCode
from pipeline.outcome import MOST_FAILURES, Outcome, Status, Summary
from pipeline.runs import progress
from pipeline.runs.plan import Planned
from pipeline.runs.progress import PlainProgress, TerminalProgress, plan_text, planned_text, summary_text
from pipeline.runs.selection import Reason
from pipeline.source import SourceKind
from tests.running import small_photo

MINED = Outcome("/in/a.jpg", Status.MINED, frames=1)
IGNORED = Outcome("/in/notes.txt", Status.IGNORED, None, "neither a photo nor a video by its content")
FAILED = Outcome("/in/\udcff\n.jpg", Status.FAILED, FailureCode.TRUNCATED, "ends too early")


def summary(*outcomes: Outcome, **more: object) -> Summary:
    total = Summary(**more)
    for outcome in outcomes:
        total.add(outcome)
    return total


def test_summary_of_a_good_run():
    assert summary_text(summary(MINED, MINED, IGNORED, elapsed_s=0.5), "/out") == (
        "mined 2 photos in 0.5 s; 4.0 a second, 1 ignored; results are in /out"
    )
    assert summary_text(summary(MINED, elapsed_s=125), "/out").startswith("mined 1 photo in 2 min 5 s; 0.0 ")


def test_summary_of_photos_and_videos():
    video = Outcome("/in/v.mp4", Status.MINED, frames=100, kind=SourceKind.VIDEO)
    assert summary_text(summary(video, elapsed_s=60), "o").startswith("mined 1 video in 1 min 0 s; ")
    total = summary(*[MINED] * 1240, *[video] * 12, *[FAILED] * 3, elapsed_s=480)
    last = summary_text(total, "o").splitlines()[-1]
    assert last.startswith(
        "mined 1,240 photos and 12 videos in 8 min 0 s, 3 failed (see above); 2.6 a second"
    )
    assert (total.mined, total.videos, total.frames) == (1252, 12, 2440)


def test_summary_names_each_failure_with_its_reason_on_a_line_of_its_own():
    assert summary_text(summary(FAILED, elapsed_s=7 * 3600), "/out") == (
        "  /in/\ufffd\\n.jpg: truncated: ends too early\nmined 0 photos in 7 h 0 min, 1 failed (see above)"
    )


def test_summary_of_a_night_with_little_to_do():
    ends = (
        (3, Status.UNCHANGED),
        (2, Status.RENAMED),
        (1, Status.LEFT_ALONE),
        (4, Status.IGNORED),
    )
    outcomes = [Outcome("/in/x", status) for count, status in ends for _ in range(count)]
    total = summary(*outcomes, elapsed_s=4, pruned=1000)
    assert total.exit_code is ExitCode.OK
    assert summary_text(total, "/out") == (
        "mined 0 photos in 4.0 s; 3 unchanged, 2 known under another name, "
        "1 left alone that failed before, 4 ignored, 1,000 gone and their outputs removed; "
        "results are in /out"
    )


def test_summary_of_more_failures_than_are_kept():
    total = summary(*[FAILED] * (MOST_FAILURES + 5), elapsed_s=1)
    lines = summary_text(total, "/out").splitlines()
    assert len(total.failures) == MOST_FAILURES == len(lines) - 2
    assert lines[-2:] == [
        "  and 5 more, logged above",
        "mined 0 photos in 1.0 s, 10,005 failed (see above)",
    ]


def test_summary_of_an_interrupted_run():
    text = summary_text(summary(MINED, elapsed_s=1, interrupted_by=ExitCode.INTERRUPTED), "/o")
    assert text == (
        "mined 1 photo in 1.0 s; 1.0 a second; interrupted, another run goes on from here; results are in /o"
    )


def test_dry_run_in_words():
    lines = [planned_text(Planned("/in/a\n.jpg", reason)) for reason in (Reason.NEW, Reason.RENAMED, None)]
    assert lines == [
        "would mine (new): /in/a\\n.jpg",
        "would rename the outputs of (renamed): /in/a\\n.jpg",
        "would remove the outputs of what is gone: /in/a\\n.jpg",
    ]
    assert plan_text(Counter()) == "would mine 0 files"
    counts = Counter({Reason.NEW: 1200, Reason.CHANGED: 1, Reason.RENAMED: 3, None: 2})
    assert plan_text(counts) == (
        "would mine 1,201 files (1 changed, 1,200 new); would rename the outputs of 3; "
        "would remove the outputs of 2 that are gone"
    )


def test_exit_codes():
    assert summary(MINED, IGNORED).exit_code is ExitCode.OK
    assert summary(MINED, FAILED).exit_code is ExitCode.SOME_FAILED
    assert summary(FAILED, interrupted_by=ExitCode.TERMINATED).exit_code is ExitCode.TERMINATED


def test_plain_progress_speaks_of_failures_at_once_and_of_the_rest_now_and_then(caplog, monkeypatch):
    caplog.set_level(logging.INFO, "visualminer")
    clock = iter([0.0, 1.0, 2.0, 31.0, 32.0, 70.0])
    monkeypatch.setattr(progress.time, "monotonic", lambda: next(clock))
    with PlainProgress() as plain:
        for outcome in (MINED, FAILED, IGNORED, MINED, MINED):
            plain.on_outcome(outcome)
    assert [(record.levelname, record.getMessage()) for record in caplog.records] == [
        ("ERROR", "/in/\ufffd\\n.jpg: failed (truncated): ends too early"),
        ("INFO", "3 files done, 1 failed, 0.1 a second"),
        ("INFO", "5 files done, 1 failed, 0.1 a second"),
    ]


def test_what_becomes_of_every_file_is_there_for_those_who_ask(caplog):
    caplog.set_level(logging.DEBUG, "visualminer")
    left = Outcome("/in/b.jpg", Status.LEFT_ALONE, FailureCode.TRUNCATED, "ends too early")
    for outcome in (MINED, IGNORED, Outcome("/in/a.jpg", Status.UNCHANGED), left):
        PlainProgress().on_outcome(outcome)
    assert [record.getMessage() for record in caplog.records] == [
        "/in/a.jpg: mined",
        "/in/notes.txt: ignored: neither a photo nor a video by its content",
        "/in/b.jpg: left alone: ends too early",
    ]
    assert caplog.records[-1].fields == {"file": "/in/b.jpg", "status": "left alone", "code": "truncated"}


@pytest.fixture
def bar(tmp_path):
    """The progress of a folder of three files, with OUTPUT inside, on something like a terminal."""
    for name in ("a.png", "b.png", "deeper/c.png", "deeper/out/a.png.json"):
        small_photo(tmp_path / name)
    with TerminalProgress(str(tmp_path), str(tmp_path / "deeper" / "out"), io.StringIO()) as terminal:
        for thread in threading.enumerate():
            if thread.name == "file counter":
                thread.join(30)
        yield terminal


def test_a_bar_counts_the_files_and_never_more_than_all(bar):
    (task,) = bar._progress.tasks
    assert (task.completed, task.total) == (0, 3)
    for outcome in (MINED, FAILED, IGNORED, MINED):
        bar.on_outcome(outcome)
    assert (task.completed, task.total) == (4, 4)
    assert task.fields["rate"].endswith(" a second, 1 failed")
    for _ in range(300):  # what comes by the ten thousand moves it now and then
        bar.on_outcome(Outcome("/in/a.jpg", Status.UNCHANGED))
    assert (task.completed, task.total) == (256, 256)


def test_a_bar_for_one_photo(tmp_path):
    photo = small_photo(tmp_path / "a.png")
    terminal = TerminalProgress(os.fspath(photo), os.fspath(tmp_path / "out"), io.StringIO())
    terminal._count_files()
    assert terminal._progress.tasks[0].total == 1
