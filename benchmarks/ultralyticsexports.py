"""Exports that Ultralytics made, read here, against its own answers on the same weights.

    PYTHON_WITH_ULTRALYTICS benchmarks/ultralyticsexports.py make FOLDER PHOTOS [MODEL ...]
    python -m benchmarks.ultralyticsexports compare FOLDER PHOTOS

Ultralytics (AGPL-3.0) is no dependency: `make` runs in an environment of its own. It builds networks from
their yaml files with random weights, exports each with its own `export` and writes what its own `predict`
answers for the exported file. `compare` runs the files through this project and prints the share of those
answers that it gives too: the same class, IoU 0.95 and confidence within 0.01, both cut to the photo.

With random weights scores are tiny, so the threshold is too.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

THRESHOLDS = {"rtdetr-l": 0.01}
LOW_THRESHOLD = 1e-5
IOU = 0.7
LEAST_IOU, MOST_DIFFERENCE = 0.95, 0.01
MODELS = ("yolov8n", "yolo11n", "rtdetr-l")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("do", choices=("make", "compare"))
    parser.add_argument("folder", type=Path)
    parser.add_argument("photos", type=Path)
    parser.add_argument("models", nargs="*", default=MODELS)
    given = parser.parse_args()
    photos = sorted(path for path in given.photos.iterdir() if path.is_file())
    if given.do == "make":
        make(given.folder, photos, given.models)
    else:
        compare(given.folder, photos)


def make(folder: Path, photos: list[Path], models: list[str]) -> None:
    import torch
    from ultralytics import RTDETR, YOLO

    folder.mkdir(parents=True, exist_ok=True)
    for name in models:
        kind = RTDETR if name.startswith("rtdetr") else YOLO
        for dynamic in (False, True) if kind is YOLO else (False,):
            torch.manual_seed(1)
            stem = folder / f"{name}{'-dynamic' * dynamic}"
            kind(f"{name}.yaml").save(f"{stem}.pt")
            kind(f"{stem}.pt").export(format="onnx", simplify=False, dynamic=dynamic)
            model, answers = kind(f"{stem}.onnx"), {}
            for photo in photos:
                threshold = THRESHOLDS.get(name, LOW_THRESHOLD)
                boxes = model.predict(photo, conf=threshold, iou=IOU, imgsz=640, device="cpu", verbose=False)[
                    0
                ].boxes
                answers[photo.name] = [
                    (box, confidence, int(label))
                    for box, confidence, label in zip(
                        boxes.xyxy.tolist(), boxes.conf.tolist(), boxes.cls.tolist(), strict=True
                    )
                ]
            stem.with_suffix(".json").write_text(json.dumps({"threshold": threshold, "answers": answers}))


def compare(folder: Path, photos: list[Path]) -> None:
    import numpy as np

    from detectors.boxes import iou_with
    from detectors.onnx.network import OnnxNetwork
    from pipeline.files.walk import iter_sources
    from pipeline.host.libraries import configure_imaging
    from pipeline.photos.photo import open_photo
    from pipeline.source import Limits

    configure_imaging()
    for path in sorted(folder.glob("*.onnx")):
        said = json.loads(path.with_suffix(".json").read_text())
        network = OnnxNetwork(path, family="auto", device="cpu", labels=None)
        same = count = 0
        for photo in photos:
            frame = open_photo(next(iter(iter_sources(str(photo)))), Limits())[1]
            edge = np.array(frame.size_wh * 2, dtype=np.float32)
            ((_, xyxy, scores),) = network.iter_boxes(
                frame, [frame.whole], threshold=said["threshold"], nms=IOU, resize="auto"
            )
            xyxy = np.clip(xyxy, 0, edge)
            for box, confidence, label in said["answers"][photo.name]:
                count += 1
                cut = np.clip(np.array(box, dtype=np.float32), 0, edge)
                if (cut[2:] <= cut[:2]).any() or label >= scores.shape[1]:
                    continue
                near = iou_with(cut, xyxy) >= LEAST_IOU
                same += bool((near & (np.abs(scores[:, label] - confidence) <= MOST_DIFFERENCE)).any())
        print(f"{path.name}: {network.description}: {same} of {count}, {same / max(count, 1):.1%}")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
