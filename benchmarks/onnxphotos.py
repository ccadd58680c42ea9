"""What mining photos with an ONNX network costs and finds, beside a direct ONNX Runtime loop.

    python -m benchmarks.onnxphotos --photos DIR [--model FILE.onnx] [--instances COCO.json]

Made for YOLOX, whose reference decoding (demo/ONNXRuntime, release 0.1.1rc0; non-maximum suppression once a
class) is written out here. Prints, each measured in this run on this machine:
- CPU time a photo of `visualminer.py` (deep detector and report) over the CPU time of a scaled decode and a
  bare call of ONNX Runtime for the same photos: once with the start, once of each photo more, by mining ten
  copies of them too;
- the proportional memory (PSS) that a second worker adds, and the time of one photo from a cold start;
- with --instances, AP50 (pycocotools) of the reports and of the direct loop, at the same thresholds.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import io
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from benchmarks.photos import cpu_seconds_of, pss_of_workers, run_miner, timed
from detectors.boxes import suppress_scores
from pipeline.files.walk import iter_sources
from pipeline.host.libraries import configure_imaging
from pipeline.models.files import resolve_onnx
from pipeline.photos.photo import open_photo
from pipeline.source import Limits, Source

configure_imaging()
import onnxruntime  # noqa: E402 - it reads its environment when it is imported

ROOT = Path(__file__).resolve().parents[1]
THRESHOLD, NMS = 0.001, 0.65
STRIDES = (8, 16, 32)
COPIES = 10


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--photos", type=Path, required=True)
    parser.add_argument("--model", default="yolox-nano", help="a YOLOX of the catalogue, or its file")
    parser.add_argument("--instances", type=Path, help="ground truth of the photos, in COCO's format")
    parser.add_argument("--bare", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    model = resolve_onnx(given.model).absolute()  # a pipeline file has a folder of its own
    if given.bare:
        print(bare_seconds(given.photos, model))
        return
    with tempfile.TemporaryDirectory() as name:
        costs(given.photos, model, Path(name))
        if given.instances:
            accuracy(given.photos, model, given.instances, Path(name))


def costs(photos: Path, model: Path, folder: Path) -> None:
    pipeline = write_pipeline(folder / "pipeline.yml", model, 0.25, 0.45)
    count = sum(1 for _ in photos.iterdir())
    many = copied(photos, folder / "many")
    for turn in range(3):
        bare = float(run_bare(photos, model)) / count
        few_s, many_s = (mining_seconds(mined, folder / f"out-{turn}", pipeline) for mined in (photos, many))
        more = (many_s - few_s) / (COPIES - 1) / count
        print(
            f"decode and bare call {bare * 1e3:5.1f} ms of CPU a photo; visualminer.py --workers 2, start "
            f"included, {few_s / count * 1e3:5.1f} ms, ratio {few_s / count / bare:.2f}; each photo more "
            f"{more * 1e3:5.1f} ms, ratio {more / bare:.2f}"
        )
    one, two = (pss_of_workers(photos, pipeline, folder / f"pss-{number}", number) for number in (1, 2))
    print(f"memory of the workers (PSS): one {one / 1e6:.0f} MB, one more adds {(two - one) / 1e6:.0f} MB")
    first = sorted(photos.iterdir())[0]
    cold = [
        timed(lambda turn=turn: run_miner([first, folder / f"cold-{turn}", pipeline])) for turn in range(5)
    ]
    print(f"one photo from a cold start: median of 5 {statistics.median(cold):.2f} s, best {min(cold):.2f} s")


def copied(photos: Path, folder: Path) -> Path:
    """A folder that holds the photos, JPEG files, `COPIES` times.

    Each with a comment of its own: the same bytes again would be recognized, and not mined.
    """
    for number in range(COPIES):
        (folder / str(number)).mkdir(parents=True)
        comment = b"\xff\xfe\x00\x04" + f"{number:02d}".encode()
        for photo in photos.iterdir():
            content = photo.read_bytes()
            (folder / str(number) / photo.name).write_bytes(content[:2] + comment + content[2:])
    return folder


def mining_seconds(photos: Path, out: Path, pipeline: Path) -> float:
    """CPU seconds of mining with two workers, the start included."""
    work = functools.partial(run_miner, ["--workers", 2, photos, out / photos.name, pipeline])
    return cpu_seconds_of(work)[0]


def run_bare(photos: Path, model: Path) -> str:
    from benchmarks.photos import run

    command = [
        sys.executable,
        "-m",
        "benchmarks.onnxphotos",
        "--bare",
        "--photos",
        str(photos),
        "--model",
        str(model),
    ]
    return run(command).stdout


def bare_seconds(photos: Path, model: Path) -> float:
    """CPU seconds of scaled decodes and bare calls, loading left out."""
    cv2.setNumThreads(1)
    session, (width, height) = open_session(model)
    blank = np.full((1, 3, height, width), 114, dtype=np.float32)
    session.run(None, {session.get_inputs()[0].name: blank})
    frames = [open_photo(source, Limits())[1] for source in sources(photos)]
    began = time.process_time()
    for picture in frames:
        ratio = min(width / picture.size_wh[0], height / picture.size_wh[1])
        picture.rgb_covering((int(picture.size_wh[0] * ratio), int(picture.size_wh[1] * ratio)))
        session.run(None, {session.get_inputs()[0].name: blank})
    return time.process_time() - began


def accuracy(photos: Path, model: Path, instances: Path, folder: Path) -> None:
    truth = json.loads(instances.read_text(encoding="utf-8"))
    names = (ROOT / "detectors" / "labels" / "coco.names").read_text(encoding="utf-8").rstrip().split("\n")
    categories = dict(zip(names, sorted(entry["id"] for entry in truth["categories"]), strict=True))
    ids = {entry["file_name"]: entry["id"] for entry in truth["images"]}
    pipeline = write_pipeline(folder / "low.yml", model, THRESHOLD, NMS)
    run_miner([photos, folder / "low", pipeline])

    def of_reports() -> Iterator[dict[str, Any]]:
        for name, image in ids.items():
            report = json.loads((folder / "low" / f"{name}.json").read_bytes())
            for found in report["frames"][0]["objects"]:
                for label in found["labels"]:
                    yield answer(image, categories[label["label"]], label["confidence"], found["rect"])

    def of_loop() -> Iterator[dict[str, Any]]:
        session, size_wh = open_session(model)
        for name, image in ids.items():
            xyxy, scores = reference(session, size_wh, photos / name)
            scores = suppress_scores(xyxy, np.where(scores > THRESHOLD, scores, 0), NMS)
            for index, class_id in zip(*scores.nonzero(), strict=True):
                yield answer(image, categories[names[class_id]], scores[index, class_id], xyxy[index])

    for what, answers in (("reports", of_reports), ("direct loop", of_loop)):
        print(f"AP50 of the {what}: {ap50(instances, answers, sorted(ids.values())):.2f}")


def reference(session: Any, size_wh: tuple[int, int], path: Path) -> tuple[np.ndarray, np.ndarray]:
    """YOLOX's own preparation and decoding: boxes (N, 4) in pixels of the photo, scores (N, classes)."""
    picture = cv2.imdecode(np.frombuffer(path.read_bytes(), dtype=np.uint8), cv2.IMREAD_COLOR)
    width, height = size_wh
    ratio = min(height / picture.shape[0], width / picture.shape[1])
    fitted = cv2.resize(picture, (int(picture.shape[1] * ratio), int(picture.shape[0] * ratio)))
    canvas = np.full((height, width, 3), 114, dtype=np.uint8)
    canvas[: fitted.shape[0], : fitted.shape[1]] = fitted
    rows = session.run(
        None, {session.get_inputs()[0].name: canvas.transpose(2, 0, 1)[None].astype(np.float32)}
    )[0][0]
    grids = [
        np.stack(np.meshgrid(np.arange(width // s), np.arange(height // s)), -1).reshape(-1, 2)
        for s in STRIDES
    ]
    strides = np.concatenate([np.full((len(grid), 1), s) for grid, s in zip(grids, STRIDES, strict=True)])
    centre = (rows[:, :2] + np.concatenate(grids)) * strides
    half = np.exp(rows[:, 2:4]) * strides / 2
    xyxy = np.concatenate((centre - half, centre + half), axis=1) / ratio
    return xyxy.astype(np.float32), rows[:, 4:5] * rows[:, 5:]


def open_session(model: Path) -> tuple[Any, tuple[int, int]]:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
    height, width = session.get_inputs()[0].shape[2:]
    return session, (width, height)


def sources(photos: Path) -> list[Source]:
    return [source for source in iter_sources(str(photos)) if isinstance(source, Source)]


def write_pipeline(path: Path, model: Path, threshold: float, nms: float) -> Path:
    params = {"model": str(model), "threshold": threshold, "nms": nms}
    components = [
        {"name": "objects", "type": "deepdetector", "inputs": ["files"], "params": params},
        {"name": "report", "type": "jsonreportwriter", "inputs": ["objects"]},
    ]
    path.write_text(json.dumps({"pipeline": components}), encoding="utf-8")
    return path


def answer(image: int, category: int, score: float, xyxy: Sequence[float]) -> dict[str, Any]:
    x1, y1, x2, y2 = (float(side) for side in xyxy)
    return {
        "image_id": image,
        "category_id": category,
        "score": float(score),
        "bbox": [x1, y1, x2 - x1, y2 - y1],
    }


def ap50(instances: Path, answers: Callable[[], Iterator[dict[str, Any]]], images: Sequence[int]) -> float:
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO(str(instances))
        evaluation = COCOeval(truth, truth.loadRes(list(answers())), "bbox")
        evaluation.params.imgIds = images
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    return float(evaluation.stats[1]) * 100


if __name__ == "__main__":
    main()
