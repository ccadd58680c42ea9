"""What a plain script with OpenCV does with a folder of photos: imread, cv2.dnn, boxes, imwrite; no more.

    python -m benchmarks.plainopencv KIND SIDE PHOTOS OUT FILE...

KIND is darknet (FILE... are the .cfg and the .weights), yolox or yolo11 (an .onnx). SIDE is that of the
square input. Like most such scripts it runs on all cores that it may use.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np

THRESHOLD, NMS = 0.25, 0.45


def main() -> None:
    kind, side, photos, out, *files = sys.argv[1:]
    network = cv2.dnn.readNetFromDarknet(*files) if kind == "darknet" else cv2.dnn.readNetFromONNX(files[0])
    names = network.getUnconnectedOutLayersNames()
    Path(out).mkdir(parents=True, exist_ok=True)
    for path in sorted(Path(photos).iterdir()):
        image = cv2.imread(str(path))
        blob, scale = letterboxed(image, int(side), kind)
        network.setInput(blob)
        boxes, scores = DECODERS[kind](network.forward(names), int(side))
        best = scores.max(axis=1)
        kept = best > THRESHOLD
        corners = (boxes[kept, :2] - boxes[kept, 2:] / 2) / scale
        rectangles = np.concatenate((corners, boxes[kept, 2:] / scale), axis=1)
        for index in cv2.dnn.NMSBoxes(rectangles.tolist(), best[kept].tolist(), THRESHOLD, NMS):
            x, y, width, height = map(int, rectangles[index])
            cv2.rectangle(image, (x, y), (x + width, y + height), (0, 255, 0), 2)
        cv2.imwrite(str(Path(out, path.name).with_suffix(".jpg")), image)


def letterboxed(image: Any, side: int, kind: str) -> tuple[Any, float]:
    """The picture in the upper left corner of the input, and its scale there."""
    scale = side / max(image.shape[:2])
    fitted = cv2.resize(image, None, fx=scale, fy=scale)
    canvas = np.full((side, side, 3), 114, dtype=np.uint8)
    canvas[: fitted.shape[0], : fitted.shape[1]] = fitted[:side, :side]
    is_yolox = kind == "yolox"
    return cv2.dnn.blobFromImage(canvas, 1.0 if is_yolox else 1 / 255, swapRB=not is_yolox), scale


def from_darknet(outputs: Any, side: int) -> tuple[Any, Any]:
    """Rows of centre and size as fractions, objectness, scores."""
    rows = np.concatenate([output.reshape(-1, output.shape[-1]) for output in outputs])
    return rows[:, :4] * side, rows[:, 5:]


def from_yolox(outputs: Any, side: int) -> tuple[Any, Any]:
    """Rows of offsets from their cells, objectness, scores."""
    rows, cells, strides = outputs[0][0], [], []
    for stride in (8, 16, 32):
        count = side // stride
        across, down = np.meshgrid(np.arange(count), np.arange(count))
        cells.append(np.stack((across, down), axis=-1).reshape(-1, 2))
        strides.append(np.full((count * count, 1), stride))
    grid, stride = np.concatenate(cells), np.concatenate(strides)
    boxes = np.concatenate(((rows[:, :2] + grid) * stride, np.exp(rows[:, 2:4]) * stride), axis=1)
    return boxes, rows[:, 4:5] * rows[:, 5:]


def from_yolo11(outputs: Any, side: int) -> tuple[Any, Any]:
    """Columns of centre and size in pixels, scores."""
    rows = outputs[0][0].T
    return rows[:, :4], rows[:, 4:]


DECODERS = {"darknet": from_darknet, "yolox": from_yolox, "yolo11": from_yolo11}

if __name__ == "__main__":
    main()
