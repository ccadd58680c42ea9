"""What mining photos costs beside the bare work, and what one more worker costs in memory.

    python -m benchmarks.photos [--photos DIR] [--precision float32|int8]

Prints, each measured in this run on this machine:
- CPU time a photo of `visualminer.py` (deep detector and report, 1 and 2 workers, start included) over
  the CPU time of a scaled decode and a bare engine call of the same photos;
- the proportional memory (PSS) that a second worker adds;
- the wall-clock time of one photo from a cold start, the compiled network in the cache.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SETTLE_S = 0.05
ROUNDS = 5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--photos", type=Path, help="a folder of photos (default: the samples, 12 times)")
    parser.add_argument("--precision", choices=("float32", "int8"), default="float32")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        photos = given.photos or sample_photos(folder / "photos")
        pipeline = write_pipeline(folder / "pipeline.yml", given.precision)
        files = sorted(path for path in photos.iterdir() if path.is_file())
        run_miner([files[0], folder / "warm-up", pipeline])
        report(photos, files, pipeline, given.precision, folder)


def report(photos: Path, files: list[Path], pipeline: Path, precision: str, folder: Path) -> None:
    print(f"{len(files)} photos, yolov3-tiny {precision}, medians of {ROUNDS}")
    bare, *mined = (
        statistics.median(seconds)
        for seconds in zip(*rounds(photos, pipeline, precision, folder), strict=True)
    )
    print(f"bare: scaled decode and engine call          {bare / len(files) * 1e3:7.1f} ms of CPU a photo")
    for workers, seconds in enumerate(mined, 1):
        print(
            f"visualminer.py --workers {workers}, start included    {seconds / len(files) * 1e3:7.1f} ms of "
            f"CPU a photo, ratio {seconds / bare:.2f}"
        )
    one, two = (pss_of_workers(photos, pipeline, folder / f"pss-{count}", count) for count in (1, 2))
    print(
        f"memory of the workers (PSS): one {one / 1e6:.0f} MB, two {two / 1e6:.0f} MB; "
        f"one more adds {(two - one) / 1e6:.0f} MB"
    )
    cold = [
        timed(lambda turn=turn: run_miner([files[0], folder / f"cold-{turn}", pipeline])) for turn in range(5)
    ]
    print(f"one photo from a cold start: median of 5 {statistics.median(cold):.2f} s, best {min(cold):.2f} s")


def rounds(photos: Path, pipeline: Path, precision: str, folder: Path) -> Iterator[tuple[float, ...]]:
    """CPU seconds of the bare work, of one worker and of two, one after the other, several times."""
    for number in range(ROUNDS):
        bare = run([sys.executable, "-m", "benchmarks.bare", str(photos), precision])
        mined = (
            cpu_seconds_of(
                lambda out=folder / f"out-{number}-{count}", count=count: run_miner(
                    ["--workers", count, photos, out, pipeline]
                )
            )[0]
            for count in (1, 2)
        )
        yield float(bare.stdout), *mined


def sample_photos(folder: Path) -> Path:
    samples = folder.with_name("samples")
    run([sys.executable, "-m", "pipeline.models", "fetch", "sample-photos", "--to", str(samples)])
    folder.mkdir()
    for copy in range(12):
        for path in sorted(samples.iterdir()):
            (folder / f"{copy:02d}-{path.name}").write_bytes(with_comment(path.read_bytes(), copy))
    return folder


def with_comment(content: bytes, number: int) -> bytes:
    """A JPEG or PNG file with a number in it: the same bytes again would be recognized, and not mined."""
    note = f"{number:04d}".encode()
    if content.startswith(b"\xff\xd8"):
        return content[:2] + b"\xff\xfe\x00\x06" + note + content[2:]
    text = b"tEXtComment\0" + note
    chunk = (len(text) - 4).to_bytes(4) + text + zlib.crc32(text).to_bytes(4)
    end = content.rindex(b"IEND") - 4
    return content[:end] + chunk + content[end:]


def write_pipeline(path: Path, precision: str) -> Path:
    detector = {"model": "yolov3-tiny", "precision": precision}
    components = [
        {"name": "objects", "type": "deepdetector", "inputs": ["files"], "params": detector},
        {"name": "report", "type": "jsonreportwriter", "inputs": ["objects"]},
    ]
    path.write_text(json.dumps({"pipeline": components}), encoding="utf-8")
    return path


def run(command: list[str], folder: Path = ROOT) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")
    return done


def run_miner(arguments: list[object], checkout: Path = ROOT) -> subprocess.CompletedProcess[str]:
    return run([sys.executable, "visualminer.py", *map(str, arguments)], checkout)


def cpu_seconds_of(
    work: Callable[[], subprocess.CompletedProcess[str]],
) -> tuple[float, subprocess.CompletedProcess[str]]:
    """User and system time of the child processes that the work starts, all generations."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = work()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, done


def timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def pss_of_workers(photos: Path, pipeline: Path, output: Path, count: int) -> int:
    """The most that the worker processes of a run hold together, bytes, seen every 50 ms."""
    import psutil

    arguments = ["--workers", str(count), str(photos), str(output), str(pipeline)]
    miner = subprocess.Popen(
        [sys.executable, "visualminer.py", *arguments], cwd=ROOT, stdout=subprocess.DEVNULL
    )
    parent, most = psutil.Process(miner.pid), 0
    while miner.poll() is None:
        held = 0
        for child in parent.children():
            try:
                if "resource_tracker" not in " ".join(child.cmdline()):
                    held += child.memory_full_info().pss
            except psutil.Error:
                continue
        most = max(most, held)
        time.sleep(SETTLE_S)
    return most


if __name__ == "__main__":
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    main()
