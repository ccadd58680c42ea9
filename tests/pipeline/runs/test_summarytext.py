from __future__ import annotations

from collections import Counter

from pipeline.errors import ExitCode, FailureCode
from pipeline.outcome import MOST_FAILURES, Outcome, Status, Summary
from pipeline.runs.plan import Planned
from pipeline.runs.selection import Reason
from pipeline.runs.summarytext import plan_text, planned_text, quiet_text, summary_text
from pipeline.source import SourceKind

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
    video = Outcome("/in/v.mp4", Status.MINED, frames=100, kind=SourceKind.VIDEO, duration_s=40.0)
    assert summary_text(summary(video, elapsed_s=60), "o").startswith(
        "mined 1 video in 1 min 0 s; 1.7 frames a second; "
    )
    total = summary(*[MINED] * 1240, *[video] * 12, *[FAILED] * 3, elapsed_s=480)
    last = summary_text(total, "o").splitlines()[-1]
    assert last.startswith(
        "mined 1,240 photos and 12 videos in 8 min 0 s, 3 failed (see above); 2.6 a second, "
        "2.5 frames a second in videos"
    )
    assert (total.mined, total.videos, total.frames) == (1252, 12, 2440)


def test_summary_names_each_failure_with_its_reason_on_a_line_of_its_own():
    failed = summary(FAILED, elapsed_s=7 * 3600)
    assert summary_text(failed, "/out") == "mined 0 photos in 7 h 0 min, 1 failed (see above)"
    assert quiet_text(failed, "/out", where_more="") == (
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
    lines = quiet_text(total, "/out", where_more="logged above").splitlines()
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


def test_quiet_says_what_was_removed_and_which_disk_is_missing_and_else_nothing():
    assert quiet_text(summary(MINED, elapsed_s=1), "/out", where_more="") == ""
    pruned = summary(MINED, elapsed_s=1, pruned=1000, missing=Counter({"/in/disk": 2}))
    assert quiet_text(pruned, "/out", where_more="") == (
        "/in/disk: 2 inputs missing, and the disk seems not to be mounted; the outputs were kept\n"
        "removed the outputs of 1,000 inputs that no longer exist; /out"
    )
    assert summary_text(pruned, "/out").splitlines()[0].startswith("/in/disk: 2 inputs missing")
