"""Ultralytics' own `predict` with yolo11n, in an environment of its own, see requirements-ultralytics.txt.

    PYTHON_WITH_ULTRALYTICS benchmarks/ultralyticspredict.py export FOLDER
    PYTHON_WITH_ULTRALYTICS benchmarks/ultralyticspredict.py predict FILE PHOTOS OUT

`export` writes yolo11n.onnx and yolo11n_openvino_model/ to FOLDER. The network is built from its yaml file
with random weights, which take the same time as trained ones and need no download. `predict` saves annotated
copies and text files.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path


def main() -> None:
    from ultralytics import YOLO

    if sys.argv[1] == "export":
        import torch

        os.chdir(sys.argv[2])
        torch.manual_seed(1)
        YOLO("yolo11n.yaml").save("yolo11n.pt")
        for format_ in ("onnx", "openvino"):
            YOLO("yolo11n.pt").export(format=format_)
        return
    file, photos, out = sys.argv[2:]
    saved = {"save": True, "save_txt": True, "project": out, "name": "predicted", "exist_ok": True}
    for _ in YOLO(file, task="detect").predict(
        Path(photos), device="cpu", stream=True, verbose=False, **saved
    ):
        pass


if __name__ == "__main__":
    main()
