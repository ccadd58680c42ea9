from __future__ import annotations

import io
import logging

import pytest

from pipeline.outcome import Outcome, Status
from pipeline.runs import videospeed
from pipeline.runs.progress import PlainProgress, TerminalProgress
from pipeline.runs.videospeed import VideoSpeed
from pipeline.videos.progress import VideoProgress

PATH = "/in/trip.mp4"
ENDED = Outcome(PATH, Status.MINED, frames=2325)


def at(read, *, path=PATH, to_read=2325, to_mine=2325, span_s=93.0, every_frame=True):
    return VideoProgress(path, read, to_read, to_mine, span_s, every_frame)


@pytest.fixture
def clock(monkeypatch):
    seconds = [0.0]
    monkeypatch.setattr(videospeed.time, "monotonic", lambda: seconds[0])
    return seconds


def test_frames_done_speed_and_time_left(clock):
    speed = VideoSpeed()
    speed.on_video(at(0))
    assert (speed.is_active, speed.done, speed.total, speed.left_s()) == (True, 0, 2325, None)
    clock[0] = 10.0
    speed.on_video(at(325))
    assert speed.rate() == 32.5
    assert speed.sentence() == "mining trip.mp4: 325 of 2,325 frames, 32.5 frames a second, about 62 s left"


def test_of_a_sampled_video_the_mined_frames_count(clock):
    speed = VideoSpeed()
    speed.on_video(at(0, to_mine=186))
    clock[0] = 20.0
    speed.on_video(at(1250, to_mine=186))
    assert (speed.done, speed.total, speed.rate()) == (100, 186, 5.0)


def test_several_videos_are_counted_together(clock):
    speed = VideoSpeed()
    speed.on_video(at(0))
    speed.on_video(at(0, path="/in/b.mp4", to_read=100, to_mine=100))
    clock[0] = 10.0
    speed.on_video(at(50, path="/in/b.mp4", to_read=100, to_mine=100))
    assert speed.sentence().startswith("mining 2 videos: 50 of 2,425 frames, 5.0 frames a second")
    speed.on_video(at(100, path="/in/b.mp4", to_read=100, to_mine=100))
    speed.on_end("/in/b.mp4")
    assert (speed.title, speed.done, speed.rate()) == ("trip.mp4", 0, 10.0)
    speed.on_end(PATH)
    assert not speed.is_active


def test_a_log_line_a_minute(clock, caplog):
    caplog.set_level(logging.INFO, "visualminer")
    with PlainProgress("", "") as plain:
        for seconds in range(0, 130, 2):
            clock[0] = seconds
            plain.on_video(at(seconds * 15))
        plain.on_outcome(ENDED)
        clock[0] = 131.0
        plain.on_video(at(0, path="/in/b.mp4"))
    assert [record.getMessage() for record in caplog.records if "mining" in record.getMessage()] == [
        "mining trip.mp4: 900 of 2,325 frames, 15.0 frames a second, about 95 s left".replace(
            "95 s", "2 min"
        ),
        "mining trip.mp4: 1,800 of 2,325 frames, 15.0 frames a second, about 35 s left",
    ]


def test_a_bar_of_frames_while_videos_are_mined(tmp_path):
    with TerminalProgress(str(tmp_path), str(tmp_path / "out"), io.StringIO()) as terminal:
        terminal.on_video(at(0))
        terminal.on_video(at(465))
        files, frames = terminal._progress.tasks
        assert (frames.description, frames.completed, frames.total) == ("frames of trip.mp4", 465, 2325)
        assert frames.fields["rate"].endswith(" frames a second")
        terminal.on_outcome(ENDED)
        assert terminal._progress.tasks == [files]
