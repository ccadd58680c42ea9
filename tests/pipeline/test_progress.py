from __future__ import annotations

import io
import logging
import os
import threading

import pytest

from pipeline import progress
from pipeline.errors import ExitCode, FailureCode
from pipeline.outcome import Outcome, Status, Summary
from pipeline.progress import PlainProgress, TerminalProgress, summary_text
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
        "mined 2 photos in 0.5 s, 4.0 photos a second; ignored 1, failed 0\nresults are in /out"
    )
    assert summary_text(summary(MINED, elapsed_s=125), "/out").startswith("mined 1 photo in 2 min 5 s, 0.0 ")


def test_summary_names_each_failure_with_its_reason_on_a_line_of_its_own():
    assert summary_text(summary(FAILED, elapsed_s=7 * 3600), "/out") == (
        "mined 0 photos in 7 h 0 min; ignored 0, failed 1\n  /in/\ufffd\\n.jpg: truncated: ends too early"
    )


def test_summary_of_an_interrupted_run():
    text = summary_text(summary(MINED, elapsed_s=1, interrupted_by=ExitCode.INTERRUPTED), "/out")
    assert text.splitlines()[0].endswith("failed 0; interrupted before the end")


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
    for outcome in (MINED, IGNORED):
        PlainProgress().on_outcome(outcome)
    assert [record.getMessage() for record in caplog.records] == [
        "/in/a.jpg: mined",
        "/in/notes.txt: ignored: neither a photo nor a video by its content",
    ]


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


def test_a_bar_for_one_photo(tmp_path):
    photo = small_photo(tmp_path / "a.png")
    terminal = TerminalProgress(os.fspath(photo), os.fspath(tmp_path / "out"), io.StringIO())
    terminal._count_files()
    assert terminal._progress.tasks[0].total == 1
