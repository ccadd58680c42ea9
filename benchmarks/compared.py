"""Mining beside other programs: the same photos on the same cores, annotated copies and results saved.

    python -m benchmarks.compared [--photos DIR] [--copies N] [--rounds N] [--cores N] [--ultralytics PYTHON]
        [--darknet FILE]

For each network that is here: one call of its engine alone; a plain script with cv2.dnn
(benchmarks/plainopencv.py); `visualminer.py` with a report, and with annotated copies too; Ultralytics'
`predict` with its ONNX and its OpenVINO export of yolo11n (PYTHON, or the environment variable
ULTRALYTICS_PYTHON, has benchmarks/requirements-ultralytics.txt); Debian's Darknet (the first photos only, as
it takes long for each).

All are run in turn, several times, each with its start. Prints medians: CPU time a photo, photos a second,
and the photos a second that this CPU time allows on these cores, which does not depend on what else the
machine does.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple

from benchmarks.photos import ROOT, cpu_seconds_of, run, run_miner, sample_photos, with_comment
from pipeline.errors import ModelError
from pipeline.host.libraries import configure
from pipeline.host.processor import this_processor
from pipeline.models.files import DarknetPaths, resolve_darknet, resolve_onnx

OF_DARKNET = 32
"""Photos that Debian's Darknet gets."""


class Contender(NamedTuple):
    """Something that is measured.

    Args:
        name: for the table.
        work: runs it; gets an empty folder for what it saves.
        photos: how many it takes.
    """

    name: str
    work: Callable[[Path], object]
    photos: int


class Took(NamedTuple):
    """CPU and elapsed seconds of one run."""

    cpu_s: float
    wall_s: float


def main() -> None:
    configure()
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--photos", type=Path, help="a folder of photos (default: the samples, 12 times)")
    parser.add_argument("--copies", type=int, default=2, help="how often each JPEG or PNG of DIR is mined")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--cores", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--ultralytics", default=os.environ.get("ULTRALYTICS_PYTHON"), metavar="PYTHON")
    parser.add_argument("--darknet", default=shutil.which("darknet"), metavar="FILE")
    given = parser.parse_args()
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: given.cores])
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        photos = folder / "photos"
        if given.photos:
            copied(given.photos, photos, given.copies)
        else:
            sample_photos(photos)
        count = sum(1 for _ in photos.iterdir())
        print(f"{count} photos, {given.cores} cores of {this_processor().name}, medians of {given.rounds}")
        contenders = [
            *of_darknet(photos, count, given, folder),
            *of_yolox(photos, count, given, folder),
            *of_yolo11(photos, count, given, folder),
        ]
        took: dict[str, list[Took]] = {contender.name: [] for contender in contenders}
        for _ in range(given.rounds):  # the first one fills caches: medians leave that out
            for contender in contenders:
                took[contender.name].append(measured(contender, folder / "saved"))
        print_table(contenders, took, given.cores)


def copied(photos: Path, folder: Path, copies: int) -> None:
    """Copy a folder of photos several times, each copy with a comment of its own."""
    folder.mkdir()
    for path in photos.iterdir():
        for number in range(copies):
            (folder / f"{number}-{path.name}").write_bytes(with_comment(path.read_bytes(), number))


def measured(contender: Contender, out: Path) -> Took:
    """One run."""
    shutil.rmtree(out, ignore_errors=True)
    began = time.perf_counter()
    cpu_s, _ = cpu_seconds_of(partial(contender.work, out))  # type: ignore[arg-type]
    return Took(cpu_s, time.perf_counter() - began)


def print_table(contenders: list[Contender], took: dict[str, list[Took]], cores: int) -> None:
    print(f"{'':56} {'CPU, ms':>9} {'photos/s':>9} {'photos/s by CPU':>16}")
    for contender in contenders:
        cpu_s = statistics.median(once.cpu_s for once in took[contender.name]) / contender.photos
        wall_s = statistics.median(once.wall_s for once in took[contender.name]) / contender.photos
        print(f"{contender.name:56} {cpu_s * 1e3:9.1f} {1 / wall_s:9.1f} {cores / cpu_s:16.1f}")


def of_darknet(photos: Path, count: int, given: argparse.Namespace, folder: Path) -> Iterator[Contender]:
    """yolov3-tiny, which all but Ultralytics run."""
    files = resolve_darknet("yolov3-tiny", None)
    yield from of_any("yolov3-tiny", "yolov3-tiny", photos, count, given, folder)
    yield plain("yolov3-tiny", ("darknet", 416), photos, count, (files.cfg, files.weights))
    if given.darknet:
        few = folder / "few.txt"
        chosen = sorted(photos.iterdir())[:OF_DARKNET]
        few.write_text("".join(f"{path}\n" for path in chosen))
        work = partial(run_darknet, given.darknet, files, few)
        yield Contender("yolov3-tiny: Debian's Darknet", work, len(chosen))


def of_yolox(photos: Path, count: int, given: argparse.Namespace, folder: Path) -> Iterator[Contender]:
    """The default network, where it is here."""
    try:
        file = resolve_onnx("yolox-nano")
    except ModelError as error:
        print(f"yolox-nano: left out ({error})")
        return
    yield from of_any("yolox-nano", "yolox-nano", photos, count, given, folder)
    yield plain("yolox-nano", ("yolox", 416), photos, count, (file,))


def of_yolo11(photos: Path, count: int, given: argparse.Namespace, folder: Path) -> Iterator[Contender]:
    """yolo11n as Ultralytics exports it, which is 640 x 640."""
    if not given.ultralytics:
        print("yolo11n: left out (no PYTHON of an environment with Ultralytics is given)")
        return
    exports = folder / "exports"
    exports.mkdir()
    environment = {**os.environ, "YOLO_CONFIG_DIR": str(folder)}  # its settings, which else go to the home

    def ultralytics(*arguments: object) -> None:
        """Run its script in its environment."""
        script = [given.ultralytics, str(ROOT / "benchmarks/ultralyticspredict.py")]
        subprocess.run([*script, *map(str, arguments)], env=environment, check=True, capture_output=True)

    ultralytics("export", exports)
    onnx = exports / "yolo11n.onnx"
    yield from of_any("yolo11n", str(onnx), photos, count, given, folder)
    yield plain("yolo11n", ("yolo11", 640), photos, count, (onnx,))
    for words, file in (("ONNX", onnx), ("OpenVINO", exports / "yolo11n_openvino_model")):
        yield Contender(
            f"yolo11n: Ultralytics' predict, {words}, copies",
            lambda out, file=file: ultralytics("predict", file, photos, out),  # type: ignore[misc]
            count,
        )


def of_any(
    name: str, model: str, photos: Path, count: int, given: argparse.Namespace, folder: Path
) -> Iterator[Contender]:
    """What every network has: one call of its engine, and this program."""
    engine = subprocess.run(
        [sys.executable, "-m", "benchmarks.enginealone", model], cwd=ROOT, capture_output=True, text=True
    )
    print(f"{name}: the engine alone takes {engine.stdout.strip() or engine.stderr[-300:]}", flush=True)
    for precision in ("float32", "auto") if name == "yolov3-tiny" else ("float32",):
        for copies in (False, True):
            pipeline = folder / f"{name}-{precision}-{copies}.yml"
            write_pipeline(pipeline, model, precision, copies=copies)
            words = f"{name}{', auto' if precision == 'auto' else ''}: visualminer.py, report"
            arguments = ["--nice", "0", "--workers", given.cores, photos]
            yield Contender(
                f"{words}{' and copies' if copies else ''}",
                lambda out, arguments=arguments, pipeline=pipeline: run_miner([*arguments, out, pipeline]),  # type: ignore[misc]
                count,
            )


def plain(name: str, kind: tuple[str, int], photos: Path, count: int, files: tuple[Path, ...]) -> Contender:
    """A plain script with the same network."""
    words = [sys.executable, "-m", "benchmarks.plainopencv", kind[0], str(kind[1]), str(photos)]
    return Contender(
        f"{name}: plain script with cv2.dnn, copies",
        lambda out: run([*words, str(out), *map(str, files)]),
        count,
    )


def run_darknet(program: str, files: DarknetPaths, listed: Path, out: Path) -> None:
    """Run Darknet's `detector test` with the photos of a list; it overwrites one annotated copy."""
    out.mkdir()
    data = out / "coco.data"
    data.write_text(f"classes=80\nnames={files.names}\n")
    words = [program, "detector", "test", data, files.cfg, files.weights, "-out", out / "annotated"]
    with open(listed, "rb") as stream:
        subprocess.run(list(map(str, words)), stdin=stream, cwd=out, capture_output=True, check=False)


def write_pipeline(path: Path, model: str, precision: str, *, copies: bool) -> None:
    detector = {"model": model, "precision": precision}
    components = [
        {"name": "objects", "type": "deepdetector", "inputs": ["files"], "params": detector},
        {"name": "report", "type": "jsonreportwriter", "inputs": ["objects"]},
    ]
    if copies:
        components.append({"name": "copies", "type": "photowriter", "inputs": ["objects"]})
    path.write_text(json.dumps({"pipeline": components}), encoding="utf-8")


if __name__ == "__main__":
    main()
