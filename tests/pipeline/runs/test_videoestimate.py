"""The first estimate of a long run over videos."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.outcome import Outcome, Status
from pipeline.runs import videoestimate
from pipeline.runs.filecounter import FileCounter
from pipeline.runs.videoestimate import VideoEstimate
from pipeline.videos.progress import VideoProgress

PATH = "/in/trip.mp4"


def at(read: int, *, path: str = PATH, to_read: int = 2325, every_frame: bool = True) -> VideoProgress:
    return VideoProgress(path, read, to_read, to_read, 93.0, every_frame)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    seconds = [0.0]
    monkeypatch.setattr(videoestimate.time, "monotonic", lambda: seconds[0])
    return seconds


def test_a_long_video_is_estimated_once_with_what_sampling_would_save(clock: list[float]) -> None:
    estimate = VideoEstimate(lambda: None)
    assert estimate.on_video(at(0)) is None
    clock[0] = 5.0
    assert estimate.on_video(at(1)) is None
    clock[0] = 10.0
    assert estimate.on_video(at(2)) == (
        "trip.mp4: about 3 h 14 min: 93 s of video at every frame; video: {fps: 2} would take about 51 min"
    )
    clock[0] = 20.0
    assert estimate.on_video(at(4)) is None


def test_short_videos_are_not_worth_an_estimate_and_sampled_ones_get_no_advice(clock: list[float]) -> None:
    estimate = VideoEstimate(lambda: None)
    estimate.on_video(at(0))
    clock[0] = 10.0
    assert estimate.on_video(at(1000)) is None
    sampled = at(5, to_read=186, every_frame=False)
    assert estimate.on_video(sampled) == "trip.mp4: about 6 min: 93 s of video, 186 frames"


def test_many_videos_are_estimated_together_by_their_sizes(tmp_path: Path, clock: list[float]) -> None:
    """Ten videos of 200,000 bytes; the first is mined in 20 s, and the second is half done."""
    for number in range(10):
        (tmp_path / f"{number}.mp4").write_bytes(bytes(200_000))
    (tmp_path / "a.jpg").write_bytes(bytes(5_000))
    files = FileCounter(str(tmp_path), str(tmp_path / "out"))
    estimate = VideoEstimate(lambda: files.videos)
    first, second = (str(tmp_path / f"{number}.mp4") for number in range(2))
    assert estimate.on_video(at(0, path=first)) is None
    clock[0] = 20.0
    assert estimate.on_video(at(2325, path=first)) is None  # the files are not counted yet
    estimate.on_outcome(Outcome(first, Status.MINED))
    files._count()
    assert (files.total, files.videos) == (11, (10, 2_000_000))
    clock[0] = 100.0  # photos in between do not count
    assert estimate.on_video(at(0, path=second)) == (
        "about 3 min: 10 videos of 2 MB at every frame; video: {fps: 2} would take about 53 s"
    )
    clock[0] = 110.0
    assert estimate.on_video(at(1000, path=second)) is None  # once


def test_a_run_that_leaves_videos_as_they_are_is_not_estimated_by_sizes(
    tmp_path: Path, clock: list[float]
) -> None:
    video = tmp_path / "a.mp4"
    video.write_bytes(bytes(1000))
    estimate = VideoEstimate(lambda: (50, 50_000))
    estimate.on_outcome(Outcome("/in/b.mp4", Status.UNCHANGED))
    estimate.on_video(at(0, path=str(video)))
    clock[0] = 10.0
    sentence = estimate.on_video(at(2, path=str(video)))
    assert sentence is not None and sentence.startswith("a.mp4: about 3 h 14 min: ")
