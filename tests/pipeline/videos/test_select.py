"""The expression that chooses frames, put to ffmpeg itself."""

from __future__ import annotations

import random
import subprocess

import pytest

from pipeline.host.ffmpeg import ffmpeg_path
from pipeline.videos.select import HEARTBEAT_FRAMES, Run, find_runs, select_expression


def selected(expression: str, frames: int) -> list[int]:
    """Which of a generated video's frames ffmpeg lets pass, all of which are keyframes."""
    command = [
        ffmpeg_path(),
        "-v",
        "error",
        "-f",
        "lavfi",
        "-i",
        f"color=size=16x16:rate=25,trim=end_frame={frames}",
    ]
    command += [
        "-vf",
        f"select='{expression}'",
        "-fps_mode",
        "passthrough",
        "-c:v",
        "rawvideo",
        "-f",
        "framecrc",
        "-",
    ]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return [int(line.split(",")[2]) for line in done.stdout.splitlines() if line.startswith("0,")]


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ([], []),
        ([7], [Run(7, 7)]),
        (range(5, 50), [Run(5, 49)]),
        (range(0, 100, 10), [Run(0, 90, 10)]),
        ([0, 1, 2, 10, 20, 30, 31], [Run(0, 2), Run(10, 30, 10), Run(31, 31)]),
    ],
)
def test_runs(keys: list[int], expected: list[Run]) -> None:
    assert find_runs(keys, keys) == expected


def test_runs_of_times_know_what_lies_between() -> None:
    assert find_runs([0, 33, 67, 100], [0, 1, 2, 3]) == [Run(0, 100)]
    assert find_runs([0, 33, 67, 100], [0, 2, 4, 6]) == [Run(0, 33, 33), Run(67, 100, 33)]


def test_too_many_runs_are_merged() -> None:
    keys = [number * number for number in range(100)]
    runs = find_runs(keys, keys, max_runs=10)
    assert len(runs) <= 10
    assert all(any(run.first <= key <= run.last for run in runs) for key in keys)


@pytest.mark.parametrize("key", ["n", "pts"])
@pytest.mark.parametrize("seeking", [False, True])
def test_ffmpeg_selects_the_wanted_frames_and_signs_of_life(key: str, seeking: bool) -> None:
    wanted = sorted(random.Random(4).sample(range(6000), 2500))
    passed = selected(select_expression(find_runs(wanted, wanted), key, seeking=seeking), 6000)
    signs = range(0, 6000, HEARTBEAT_FRAMES)
    assert passed == sorted({*wanted, *signs, *range(wanted[-1], 6000)})


def test_equal_steps() -> None:
    wanted = list(range(100, 900, 37))
    passed = selected(select_expression(find_runs(wanted, wanted), "pts", seeking=False), 1000)
    signs = range(0, 1000, HEARTBEAT_FRAMES)
    assert passed == sorted({*wanted, *signs, *range(wanted[-1], 1000)})
