from __future__ import annotations

import pytest

from pipeline.errors import FailureCode
from pipeline.outcome import Status
from pipeline.runs.rebuild import iter_rebuilt
from pipeline.source import SourceKind
from pipeline.workers.pool import WorkerPool
from reporters.jsonreportwriter import JsonReportWriter
from tests.isomedia import Movie
from tests.minedvideos import (
    NUMBERS,
    REPORT,
    SHORT_GOPS,
    X264,
    mine,
    mine_one,
    numbers_in,
    outputs,
    report_of,
    settings_for,
)
from tests.pictures import source_of as photo_source
from tests.running import component, parts_in, small_photo
from tests.videos import RATE, VARIABLE, ffmpeg, is_left, make_video, source_of


def test_report_of_a_video(tmp_path):
    path = make_video(tmp_path / "v.mp4", *SHORT_GOPS, frames=60)
    outcome = mine_one(tmp_path, path, NUMBERS, REPORT)
    assert (outcome.status, outcome.frames, outcome.kind) == (Status.MINED, 60, SourceKind.VIDEO)
    assert outcome.outputs == ("v.mp4.json",)
    report = report_of(tmp_path, "v.mp4")
    assert numbers_in(report) == [frame["frame"] for frame in report["frames"]] == list(range(60))
    assert [frame["time"] for frame in report["frames"]] == [n / RATE for n in range(60)]
    expected = {"codec": "h264", "duration": 2.4, "frame_rate": 25.0, "rotation": 0, "sound": False}
    expected |= {"declared_frames": 60, "read_frames": 60, "format": "mp4", "width": 160, "height": 96}
    assert {key: report[key] for key in expected} == expected
    assert report["sha256"] == outcome.sha256
    assert "status" not in report
    assert "sampling" not in report
    keys = list(report)
    assert keys.index("summary") < keys.index("frames")
    assert report["summary"]["7"] == {
        "frames": 1,
        "first": 0.28,
        "last": 0.28,
        "confidence": 0.07,
        "frame": 7,
    }


@pytest.mark.parametrize("filters", [[], [VARIABLE]], ids=["constant", "variable"])
def test_outputs_are_the_same_whatever_the_number_of_workers(tmp_path, filters):
    path = make_video(tmp_path / "v.mkv", *SHORT_GOPS, frames=200, filters=filters)
    for workers in (0, 1, 2, 3):
        assert mine_one(tmp_path, path, NUMBERS, REPORT, workers=workers).status is Status.MINED
    assert outputs(tmp_path, 0) == outputs(tmp_path, 1) == outputs(tmp_path, 2) == outputs(tmp_path, 3)
    report = report_of(tmp_path, "v.mkv")
    left = [number for number in range(200) if not filters or is_left(number)]
    assert numbers_in(report) == left
    assert [frame["time"] for frame in report["frames"]] == [round(number / RATE, 3) for number in left]


def test_a_rotated_video_is_mined_upright(tmp_path):
    lying = make_video(tmp_path / "lying.mp4", *X264, frames=5)
    ffmpeg("-display_rotation", "90", "-i", lying, "-c", "copy", tmp_path / "v.mp4")
    mine_one(tmp_path, tmp_path / "v.mp4", component("numbers", "tests.plugins.routes:Echoes"), REPORT)
    report = report_of(tmp_path, "v.mp4")
    assert (report["width"], report["height"], report["rotation"]) == (96, 160, 270)
    assert report["frames"][4]["numbers"][0]["rect"] == [0, 0, 96, 160]


def test_sampling_of_the_pipeline_file(tmp_path):
    path = make_video(tmp_path / "v.mp4", *SHORT_GOPS, frames=100)
    mine_one(tmp_path, path, NUMBERS, REPORT, video="every: 10, start: 1, max_frames: 5")
    report = report_of(tmp_path, "v.mp4")
    assert numbers_in(report) == [30, 40, 50, 60, 70]
    assert report["sampling"] == {"every": 10, "start": 1.0, "max_frames": 5}
    assert (report["declared_frames"], report["read_frames"]) == (100, 5)
    mine_one(tmp_path, path, NUMBERS, REPORT, video="start: 60")
    assert report_of(tmp_path, "v.mp4")["frames"] == []


def test_a_video_that_is_cut_off_is_partial(tmp_path):
    whole = make_video(tmp_path / "whole.mkv", *SHORT_GOPS, frames=100)
    (tmp_path / "v.mkv").write_bytes(whole.read_bytes()[: whole.stat().st_size * 2 // 3])
    assert mine_one(tmp_path, tmp_path / "v.mkv", NUMBERS, REPORT).status is Status.MINED
    report = report_of(tmp_path, "v.mkv")
    assert report["status"] == "partial"
    assert report["read_frames"] == len(report["frames"]) < report["declared_frames"]
    assert numbers_in(report) == list(range(len(report["frames"])))


def test_a_mirrored_video_and_one_with_a_second_lens_say_so(tmp_path):
    one = make_video(tmp_path / "one.mp4", *X264, frames=5)
    ffmpeg("-i", one, "-i", one, "-map", "0", "-map", "1", "-c", "copy", tmp_path / "v.mp4")
    movie = Movie(tmp_path / "v.mp4")
    movie.set_matrix(-1, 0, 0, 1)
    movie.save()
    mine_one(tmp_path, tmp_path / "v.mp4", NUMBERS, REPORT)
    report = report_of(tmp_path, "v.mp4")
    assert (report["rotation"], report["mirrored"], report["video_streams"]) == (0, True, 2)
    mine_one(tmp_path, one, NUMBERS, REPORT)
    assert {"mirrored", "video_streams"}.isdisjoint(report_of(tmp_path, "one.mp4"))


def test_a_video_that_goes_on_with_another_programme_is_partial(tmp_path):
    one = make_video(tmp_path / "one.ts", *SHORT_GOPS, frames=50)
    other = ("-mpegts_service_id", "5", "-mpegts_start_pid", "300", "-tables_version", "1")
    two = make_video(tmp_path / "two.ts", *SHORT_GOPS, *other, frames=50)
    (tmp_path / "v.ts").write_bytes(one.read_bytes() + two.read_bytes())
    outcome = mine_one(tmp_path, tmp_path / "v.ts", NUMBERS, REPORT)
    assert outcome.status is Status.MINED
    assert outcome.sentence == "it goes on with another programme, which is not read; mined as far as it goes"
    report = report_of(tmp_path, "v.ts")
    assert report["status"] == "partial"
    assert numbers_in(report) == list(range(50))


def test_what_is_no_video_fails(tmp_path):
    (tmp_path / "v.mp4").write_bytes(b"\0\0\0\x18ftypmp42" + bytes(100))
    outcome = mine_one(tmp_path, tmp_path / "v.mp4", NUMBERS, REPORT, workers=1)
    assert (outcome.status, outcome.code) == (Status.FAILED, FailureCode.UNREADABLE_VIDEO)
    assert outputs(tmp_path, 1) == {}


def test_a_worker_that_dies_costs_its_segment_which_is_tried_once_more(tmp_path):
    path = make_video(tmp_path / "v.mp4", *SHORT_GOPS, frames=200)
    dies = component("numbers", "tests.plugins.numbers:Numbers", dies_at=120, once=str(tmp_path / "note"))
    assert mine_one(tmp_path, path, dies, REPORT, workers=2).status is Status.MINED
    assert (tmp_path / "note").exists()
    assert numbers_in(report_of(tmp_path, "v.mp4", 2)) == list(range(200))
    assert parts_in(tmp_path) == []


def test_a_segment_that_kills_two_workers_fails_its_video_alone(tmp_path):
    path = make_video(tmp_path / "v.mp4", *SHORT_GOPS, frames=200)
    good = make_video(tmp_path / "good.mp4", *X264, frames=20)
    dies = component("numbers", "tests.plugins.numbers:Numbers", dies_at=70)
    sources = [source_of(path), source_of(good)]
    by_name = {outcome.path: outcome for outcome in mine(tmp_path, sources, dies, REPORT, workers=2)}
    assert by_name[str(good)].status is Status.MINED
    failed = by_name[str(path)]
    assert (failed.status, failed.code) == (Status.FAILED, FailureCode.WORKER_CRASHED)
    assert "SIGKILL" in failed.sentence
    assert list(outputs(tmp_path, 2)) == ["good.mp4.json"]


@pytest.mark.parametrize("workers", [0, 2])
def test_a_segment_that_cannot_be_mined_fails_its_video(tmp_path, workers):
    path = make_video(tmp_path / "v.mp4", *SHORT_GOPS, frames=200)
    raises = component("numbers", "tests.plugins.numbers:Numbers", raises_at=70)
    outcome = mine_one(tmp_path, path, raises, REPORT, workers=workers)
    assert (outcome.code, outcome.sentence) == (
        FailureCode.COMPONENT_FAILED,
        'component "numbers" raised ValueError: of this frame',
    )
    assert outputs(tmp_path, workers) == {}


def test_a_segment_without_progress_is_given_up(tmp_path):
    path = make_video(tmp_path / "v.mp4", *SHORT_GOPS, frames=100)
    hangs = component("numbers", "tests.plugins.numbers:Numbers", hangs_at=60)
    (outcome,) = WorkerPool(settings_for(tmp_path, hangs, REPORT), 2, 60.0, stall_s=5.0).mine(
        [source_of(path)]
    )
    assert (outcome.code, outcome.sentence) == (FailureCode.TIMEOUT, "no frame was mined for 5 s")
    assert list((tmp_path / "out").iterdir()) == []


def test_a_folder_of_one_video_and_ten_photos(tmp_path):
    path = make_video(tmp_path / "v.mp4", *SHORT_GOPS, frames=200)
    photos = [photo_source(small_photo(tmp_path / f"{n}.png", 160, 96)) for n in range(10)]
    outcomes = mine(tmp_path, [source_of(path), *photos], NUMBERS, REPORT, workers=2)
    assert [outcome.status for outcome in outcomes] == [Status.MINED] * 11
    assert numbers_in(report_of(tmp_path, "v.mp4", 2)) == list(range(200))
    assert len(outputs(tmp_path, 2)) == 11


def test_closed_early_nothing_is_left(tmp_path):
    path = make_video(tmp_path / "v.mp4", *SHORT_GOPS, frames=200)
    photo = photo_source(small_photo(tmp_path / "p.png", 160, 96))
    mining = WorkerPool(settings_for(tmp_path, NUMBERS, REPORT), 1, 60.0).mine(
        [source_of(path), photo, photo]
    )
    next(mining)
    mining.close()
    assert parts_in(tmp_path) == []


def test_a_lost_ledger_is_made_of_the_reports_of_videos_too(tmp_path):
    path = make_video(tmp_path / "v.mp4", *X264, frames=10)
    outcome = mine_one(tmp_path, path, NUMBERS, REPORT)
    (record,) = iter_rebuilt(tmp_path / "out-0", "limits", [JsonReportWriter])
    assert (record.relative, record.format, record.sha256) == ("v.mp4", "mp4", outcome.sha256)
    assert record.outputs == ("v.mp4.json",)
