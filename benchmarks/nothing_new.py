"""What a nightly run costs when there is nothing new: time and memory by the number of mined files.

    python -m benchmarks.nothing_new [--files N] [--folder-size N]

Makes N small files in folders, their outputs, and a ledger that says that all of them are mined; then runs
`visualminer.py` over a quarter, half and all of them, each twice (the second run is the one that counts), as
cron would. The first line is the price of a bare walk that looks at each file and at each output once.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from pipeline.config.config import read_config
from pipeline.ledger.ledger import Ledger
from pipeline.ledger.record import Record
from pipeline.outcome import Status
from pipeline.runs.options import Options, context_of
from pipeline.source import Stamp

ROOT = Path(__file__).resolve().parents[1]
PIPELINE = """\
pipeline:
- {name: faces, type: simpledetector, inputs: files, params: {model: haarcascade_frontalface_default.xml}}
- {name: report, type: jsonreportwriter, inputs: faces}
- {name: copies, type: photowriter, inputs: faces}
"""
CONTENT = b"\xff\xd8\xff" + bytes(97)
"""A JPEG by its first bytes; the rest is never read."""
_EXAMPLE = (ROOT / "example-image-report.json").read_text("utf-8")
REPORT = _EXAMPLE.replace("/home/you/photos/zidane.jpg", "%PATH%")
"""So that the first of the two runs has a search index to make, and the second finds it complete."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--files", type=int, default=100_000, help="how many (default: %(default)s)")
    parser.add_argument("--folder-size", type=int, default=1000, help="files a folder (default: %(default)s)")
    given = parser.parse_args()
    for files in (given.files // 4, given.files // 2, given.files):
        with tempfile.TemporaryDirectory(prefix="nothing-new-") as name:
            place = Path(name)
            make(place, files, given.folder_size)
            bare = timed(lambda root=place: bare_walk(root))
            run(place)
            seconds, cpu_s, peak_mb, said = run(place)
            assert f"{files:,} unchanged" in said, said
            print(
                f"{files:7,} mined files: {seconds:5.2f} s, of CPU {cpu_s:5.2f} s "
                f"({cpu_s / files * 1e6:.0f} us a file), {peak_mb:4.0f} MB at most; "
                f"a bare walk of input and outputs: {bare:.2f} s"
            )


def make(place: Path, files: int, folder_size: int) -> None:
    """`in` with files, `out` with their outputs and ledger, as if they had been mined."""
    pipeline = place / "p.yml"
    pipeline.write_text(PIPELINE, encoding="utf-8")
    options = Options(str(place / "in"), str(place / "out"), str(pipeline))
    (place / "in").mkdir()
    context = context_of(options, read_config(str(pipeline)))
    for folder in range(0, files, folder_size):
        for side in ("in", "out"):
            (place / side / f"{folder:07d}").mkdir(parents=True)

    def records() -> Iterator[Record]:
        for number in range(files):
            relative = f"{number // folder_size * folder_size:07d}/IMG_{number:07d}.jpg"
            path, name = place / "in" / relative, os.path.basename(relative)
            path.write_bytes(CONTENT)
            outputs = (f"{name}.json", f"{name}-annotated.jpg")
            folder = (place / "out" / relative).parent
            (folder / outputs[0]).write_text(REPORT.replace("%PATH%", str(path)), encoding="utf-8")
            (folder / outputs[1]).write_bytes(CONTENT)
            yield Record(
                relative,
                Stamp.of(os.stat(path)),
                context,
                Status.MINED,
                format="jpeg",
                frames=1,
                duration_s=0.1,
                sha256=f"{number:064x}",
                outputs=outputs,
            )

    with Ledger(place / "out") as ledger:
        ledger.record_many(records())


def bare_walk(place: Path) -> None:
    for folder, _, names in os.walk(place):
        for name in names:
            os.stat(f"{folder}/{name}")


def timed(work) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def run(place: Path) -> tuple[float, float, float, str]:
    """Wall-clock seconds, seconds of CPU, peak resident MB and the last words of one run."""
    command = [sys.executable, "visualminer.py", str(place / "in"), str(place / "out"), str(place / "p.yml")]
    began = time.perf_counter()
    process = subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    assert process.stdout is not None
    said = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        shutil.rmtree(place)
        sys.exit(f"the run failed: {said}")
    return time.perf_counter() - began, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1000, said


if __name__ == "__main__":
    main()
