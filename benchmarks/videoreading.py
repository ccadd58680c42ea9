"""Reading a video, no components: this project's reader, imageio-ffmpeg's and OpenCV's, side by side.

    .venv/bin/python -m benchmarks.videoreading [VIDEO]

Without a VIDEO, one is made: 20 s of 1280x720 H.264. Look at the CPU time; frames a second tell as much about
what else the machine is doing. Each reader decodes with one thread.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import imageio_ffmpeg
import numpy as np
import psutil

from pipeline.formats import HEAD_BYTES, identify
from pipeline.source import Limits, Source, SourceKind, Stamp
from pipeline.videos.facts import Video
from pipeline.videos.probe import probe_file
from pipeline.videos.reader import ReadStats, iter_frames, split_video
from pipeline.videos.sampling import Sampling, choose_frames
from pipeline.videos.segments import Segment, plan_segments

ROUNDS = 3


def main() -> None:
    """Read the video with each reader in turn, several times, and print the median of each."""
    with tempfile.TemporaryDirectory() as folder:
        path = sys.argv[1] if len(sys.argv) > 1 else _made(Path(folder) / "made.mp4")
        source = _source(path)
        video = probe_file(source, Limits())
        whole = plan_segments(video, choose_frames(video.times, Sampling()), split=False)
        cut = split_video(source, video, Sampling())
        width, height = video.facts.size_wh
        print(f"{os.path.basename(path)}: {len(video.times)} frames of {width}x{height}, {video.facts.codec}")
        readers: dict[str, Callable[[], int]] = {
            "ours": lambda: _ours(source, video, whole),
            f"ours, in {len(cut)} segments": lambda: _ours(source, video, cut),
            "ours, scaled to 416 wide": lambda: _ours(source, video, whole, (416, 1)),
            "imageio-ffmpeg": lambda: sum(1 for _ in _of_imageio(path, width, height)),
            "OpenCV, turned into RGB": lambda: sum(1 for _ in _of_opencv(path)),
        }
        measured: dict[str, list[tuple[float, float]]] = {name: [] for name in readers}
        for _ in range(ROUNDS):
            for name, read in readers.items():
                before, began = _cpu_s(), time.perf_counter()
                frames = read()
                measured[name].append(
                    ((_cpu_s() - before) / frames * 1e3, frames / (time.perf_counter() - began))
                )
        for name, rounds in measured.items():
            cpu_ms, rate = np.median(np.array(rounds), axis=0)
            print(f"{name:28} {cpu_ms:6.2f} ms CPU a frame {rate:8.1f} frames a second")


def _made(path: Path) -> str:
    picture = "testsrc2=size=1280x720:rate=25:duration=20,noise=alls=6:allf=t"
    encoding = "-c:v libx264 -preset fast -crf 24 -pix_fmt yuv420p"
    command = f"{imageio_ffmpeg.get_ffmpeg_exe()} -v error -f lavfi -i {picture} {encoding} {path}"
    psutil.Popen(command.split()).wait()
    return str(path)


def _source(path: str) -> Source:
    path = os.path.abspath(path)
    found = os.stat(path)
    with open(path, "rb") as stream:
        format_ = identify(stream.read(HEAD_BYTES)) or "mp4"
    return Source(
        path, os.path.basename(path), SourceKind.VIDEO, format_, Stamp(found.st_size, found.st_mtime_ns)
    )


def _cpu_s() -> float:
    """CPU time of this process and of the children that it has waited for."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def _ours(
    source: Source, video: Video, segments: list[Segment], at_least_wh: tuple[int, int] | None = None
) -> int:
    return sum(
        1
        for segment in segments
        for _ in iter_frames(source, video.facts, segment, ReadStats(), at_least_wh=at_least_wh)
    )


def _of_imageio(path: str, width: int, height: int) -> Iterator[np.ndarray]:
    reader = imageio_ffmpeg.read_frames(path, pix_fmt="rgb24", input_params=["-threads", "1"])
    next(reader)
    for frame in reader:
        yield np.frombuffer(frame, np.uint8).reshape(height, width, 3)


def _of_opencv(path: str) -> Iterator[np.ndarray]:
    cv2.setNumThreads(1)
    capture = cv2.VideoCapture(path, cv2.CAP_FFMPEG, [cv2.CAP_PROP_N_THREADS, 1])
    while True:
        came, bgr = capture.read()
        if not came:
            return
        yield cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB)


if __name__ == "__main__":
    main()
