from __future__ import annotations

import io
import logging
import os
import threading

import pytest

from pipeline.errors import FailureCode
from pipeline.outcome import Outcome, Status
from pipeline.runs import progress
from pipeline.runs.progress import PlainProgress, TerminalProgress
from tests.running import small_photo

MINED = Outcome("/in/a.jpg", Status.MINED, frames=1)
IGNORED = Outcome("/in/notes.txt", Status.IGNORED, None, "neither a photo nor a video by its content")
FAILED = Outcome("/in/\udcff\n.jpg", Status.FAILED, FailureCode.TRUNCATED, "ends too early")


def test_plain_progress_speaks_of_failures_at_once_and_of_the_rest_now_and_then(
    caplog, monkeypatch, tmp_path
):
    caplog.set_level(logging.INFO, "visualminer")
    clock = [0.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: clock[0])
    unchanged = Outcome("/in/b.jpg", Status.UNCHANGED)
    with PlainProgress(str(tmp_path), str(tmp_path / "out")) as plain:
        for seconds, outcome in ((1, MINED), (2, FAILED), (40, unchanged), (41, MINED), (80, MINED)):
            clock[0] = seconds
            plain.on_outcome(outcome)
        for seconds, checked in ((81, 0), (82, 1), (120, 2)):
            clock[0] = seconds
            plain.on_pruning("looking", checked, 9000)
    assert [(record.levelname, record.getMessage()) for record in caplog.records] == [
        ("ERROR", "/in/\ufffd\\n.jpg: failed (truncated): ends too early"),
        ("INFO", "3 files done, 1 mined, 1 failed, 0.0 mined a second"),
        ("INFO", "5 files done, 3 mined, 1 failed, 0.0 mined a second"),
        ("INFO", "looking: 0 of 9,000"),
        ("INFO", "looking: 2 of 9,000"),
    ]


def test_what_becomes_of_every_file_is_there_for_those_who_ask(caplog):
    caplog.set_level(logging.DEBUG, "visualminer")
    left = Outcome("/in/b.jpg", Status.LEFT_ALONE, FailureCode.TRUNCATED, "ends too early")
    known = Outcome("/in/a.jpg.xmp", Status.IGNORED, None, "a sidecar", is_old_news=True)
    for outcome in (MINED, IGNORED, known, Outcome("/in/a.jpg", Status.UNCHANGED), left):
        PlainProgress("", "").on_outcome(outcome)
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
    assert task.fields["rate"].endswith(" mined a second, 1 failed")
    for _ in range(300):  # what comes by the ten thousand moves it now and then
        bar.on_outcome(Outcome("/in/a.jpg", Status.UNCHANGED))
    assert (task.completed, task.total) == (256, 256)
    bar.on_pruning("looking", 512, 9000)
    assert (task.description, task.completed, task.total) == ("looking", 512, 9000)


def test_a_bar_for_one_photo(tmp_path):
    photo = small_photo(tmp_path / "a.png")
    terminal = TerminalProgress(os.fspath(photo), os.fspath(tmp_path / "out"), io.StringIO())
    terminal._files._count()
    assert terminal._progress.tasks[0].total == 1
