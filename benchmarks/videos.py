"""What mining a video costs beside the bare work, what a second worker gains, and whether memory is flat.

    python -m benchmarks.videos [--video FILE] [--precision float32|int8] [--annotate]

Prints, each measured in this run on this machine:
- CPU time a frame of `visualminer.py` (deep detector and report, with --annotate an annotated MP4 too) over
  that of ffmpeg's decoding at the network's size, a bare engine call, and where asked a bare encode;
- frames a second with one worker and with two, and their ratio;
- the most memory (PSS) of the workers and their ffmpegs, early in the run and at its end.

Where the machine does other work at the time, believe the CPU times and not the ratio of the workers.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

import psutil

from benchmarks.photos import ROOT, cpu_seconds_of, run, run_miner
from pipeline.formats import HEAD_BYTES, identify
from pipeline.host.ffmpeg import ffmpeg_path
from pipeline.source import Limits, Source, SourceKind, Stamp
from pipeline.videos.facts import VideoFacts
from pipeline.videos.probe import probe_file

SETTLE_S = 0.1
INPUT_PX = 416


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--video", type=Path, help="a video (default: 795 synthetic frames of 768x576)")
    parser.add_argument("--precision", choices=("float32", "int8"), default="float32")
    parser.add_argument("--annotate", action="store_true", help="write an annotated MP4 as well")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        video = given.video.resolve() if given.video else make_video(folder / "synthetic.mp4")
        pipeline = write_pipeline(folder / "pipeline.yml", given.precision, given.annotate)
        report(video, pipeline, given.precision, given.annotate, folder)


def report(video: Path, pipeline: Path, precision: str, annotate: bool, folder: Path) -> None:
    looked_at = probe_file(source_of(video), Limits())
    frames = len(looked_at.times)
    width, height = looked_at.facts.size_wh
    print(f"{video.name}: {frames} frames of {width}x{height}, yolov3-tiny {precision}")
    run_miner(
        ["--nice", "0", video, folder / "warm-up", pipeline]
    )  # compiles the network, if it is not in the cache
    bare = bare_cpu(video, looked_at.facts, frames, precision, annotate) / frames
    print(f"bare decode, engine{' and encode' if annotate else ''}: {bare * 1e3:7.1f} ms of CPU a frame")
    walls = []
    for workers in (1, 2):
        began = time.perf_counter()
        output = folder / f"out-{workers}"
        arguments = ["--nice", "0", "--workers", workers, video, output, pipeline]
        cpu, _ = cpu_seconds_of(partial(run_miner, arguments))
        walls.append(time.perf_counter() - began)
        print(
            f"--workers {workers}, start included: {cpu / frames * 1e3:7.1f} ms of CPU a frame, "
            f"ratio {cpu / frames / bare:.2f}; {frames / walls[-1]:.1f} frames a second"
        )
    print(f"two workers are {walls[0] / walls[1]:.2f} times as fast as one")
    early, late = memory_of(video, pipeline, folder / "out-memory")
    print(
        f"memory of two workers and their ffmpegs (PSS): {early / 1e6:.0f} MB early, {late / 1e6:.0f} MB late"
    )


def make_video(path: Path) -> Path:
    picture = "testsrc2=size=768x576:rate=25"
    coding = ("-frames:v", "795", "-c:v", "libx264", "-pix_fmt", "yuv420p", "-g", "50", str(path))
    run([ffmpeg_path(), "-nostdin", "-v", "error", "-f", "lavfi", "-i", picture, *coding])
    return path


def source_of(path: Path) -> Source:
    found = path.stat()
    with open(path, "rb") as stream:
        format_ = identify(stream.read(HEAD_BYTES)) or "mp4"
    return Source(str(path), path.name, SourceKind.VIDEO, format_, Stamp.of(found))


def write_pipeline(path: Path, precision: str, annotate: bool) -> Path:
    detector = {"model": "yolov3-tiny", "precision": precision}
    components = [
        {"name": "objects", "type": "deepdetector", "inputs": ["files"], "params": detector},
        {"name": "report", "type": "jsonreportwriter", "inputs": ["objects"]},
    ]
    if annotate:
        components.append({"name": "video", "type": "videowriter", "inputs": ["objects"]})
    path.write_text(json.dumps({"pipeline": components}), encoding="utf-8")
    return path


def bare_cpu(video: Path, facts: VideoFacts, frames: int, precision: str, annotate: bool) -> float:
    """CPU seconds of the least that the same takes: ffmpeg alone and the engine alone."""
    width, height = facts.size_wh
    scale = 1.0 if annotate else min(1.0, INPUT_PX / max(width, height))
    size = f"scale={round(width * scale)}:{round(height * scale)}:flags=area"
    ffmpeg = [ffmpeg_path(), "-nostdin", "-v", "error", "-threads", "1", "-i", str(video)]
    raw = ["-vf", size, "-pix_fmt", "rgb24", "-f", "rawvideo", "-y", os.devnull]
    seconds, _ = cpu_seconds_of(lambda: run([*ffmpeg, *raw]))
    if annotate:
        coding = ["-c:v", "libx264", "-preset", "veryfast", "-bf", "0", "-crf", "21", "-threads", "1"]
        both, _ = cpu_seconds_of(lambda: run([*ffmpeg, *coding, "-f", "null", "-"]))
        decoding, _ = cpu_seconds_of(lambda: run([*ffmpeg, "-f", "null", "-"]))
        seconds += both - decoding
    done = run([sys.executable, "-m", "benchmarks.barevideo", str(frames), precision])
    return seconds + float(done.stdout)


def memory_of(video: Path, pipeline: Path, output: Path) -> tuple[int, int]:
    """The most that workers and ffmpegs hold together in the second fifth of a run, and in its last."""
    arguments = ["--nice", "0", "--workers", "2", str(video), str(output), str(pipeline)]
    miner = subprocess.Popen(
        [sys.executable, "visualminer.py", *arguments], cwd=ROOT, stdout=subprocess.DEVNULL
    )
    parent, held = psutil.Process(miner.pid), []
    while miner.poll() is None:
        held.append(0)
        for child in parent.children(recursive=True):
            try:
                held[-1] += child.memory_full_info().pss
            except psutil.Error:
                continue
        time.sleep(SETTLE_S)
    fifth = max(1, len(held) // 5)
    return max(held[fifth : 2 * fifth] or held), max(held[-fifth:])


if __name__ == "__main__":
    main()
