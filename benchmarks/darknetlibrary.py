"""Detections of every YOLO network in Debian's package `darknet`, against its own libdarknet.

    python -m benchmarks.darknetlibrary [CFG...]

Each cfg gets random weights of a sensible scale and one picture of smooth noise. A box of Darknet's counts
as found where this project has one of the same label with IoU 0.9 or more and a confidence within 0.02.
YOLO9000's boxes cannot be held against that library's: on a CPU it takes the softmax over a tree of classes
at the wrong places, and leaves NaN in the first third of the output and raw numbers in the rest. Those raw
numbers are compared instead.
Needs `apt-get install darknet`, some gigabytes of memory and several minutes.
"""

from __future__ import annotations

import ctypes
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from detectors.boxes import iou_with, suppress_scores
from detectors.darknet.cfg import read_cfg
from detectors.darknet.compile import compile_network
from detectors.darknet.decode import decode_heads
from detectors.darknet.heads import DetectionHead, Head, Region
from detectors.darknet.networkcfg import NetworkCfg
from detectors.darknet.tree import LIKELY, read_tree
from detectors.darknet.treefile import find_tree
from pipeline.engines.litert import LiteRtEngine
from tests.detectors.darknet.networks import write_weights

LIBRARY = "/usr/lib/darknet/libdarknet.so"
FOLDER = Path("/usr/share/darknet/cfg")
NAMES = [
    "yolov1-tiny",
    "yolov1",
    "yolov2-tiny",
    "yolov2-tiny-voc",
    "yolov2",
    "yolov2-voc",
    "yolo9000",
    "yolov3-tiny",
    "yolov3",
    "yolov3-voc",
    "yolov3-spp",
    "yolov3-openimages",
]
NMS = 0.45
MOST = 2000
"""Of Darknet's boxes, picked at random, where there are more."""


class Box(ctypes.Structure):
    """`box` of darknet.h."""

    _fields_ = [(name, ctypes.c_float) for name in ("x", "y", "w", "h")]


class Found(ctypes.Structure):
    """`detection` of darknet.h."""

    _fields_ = [
        ("bbox", Box),
        ("classes", ctypes.c_int),
        ("prob", ctypes.POINTER(ctypes.c_float)),
        ("mask", ctypes.POINTER(ctypes.c_float)),
        ("objectness", ctypes.c_float),
        ("sort_class", ctypes.c_int),
    ]


class Darknet:
    """A network in libdarknet that has looked at a picture."""

    def __init__(self, cfg: Path, weights: Path, image: np.ndarray) -> None:
        self._library = library = ctypes.CDLL(LIBRARY)
        library.load_network.restype = ctypes.c_void_p
        library.network_predict.restype = ctypes.POINTER(ctypes.c_float)
        library.get_network_boxes.restype = ctypes.POINTER(Found)
        self._network = ctypes.c_void_p(library.load_network(bytes(cfg), bytes(weights), 0))
        library.set_batch_network(self._network, 1)
        planes = np.ascontiguousarray(image[0].transpose(2, 0, 1), dtype=np.float32)
        pointer = planes.ctypes.data_as(ctypes.POINTER(ctypes.c_float))
        self._output = library.network_predict(self._network, pointer)
        self._size_wh = (image.shape[2], image.shape[1])

    def output(self, head: Head) -> np.ndarray:
        """What the last layer puts out, (channels, height, width)."""
        height, width, channels = head.shape
        return np.ctypeslib.as_array(self._output, (channels, height, width)).copy()

    def boxes(self, head: Head, threshold: float) -> list[tuple[int, float, np.ndarray]]:
        """What it finds: class id, confidence, (4,) `xyxy` in pixels of the input."""
        count = ctypes.c_int()
        # YOLOv1's are never relative.
        relative_wh = (1, 1) if isinstance(head, DetectionHead) else self._size_wh
        found = self._library.get_network_boxes(
            self._network,
            *relative_wh,
            ctypes.c_float(threshold),
            ctypes.c_float(LIKELY),
            None,
            1,
            ctypes.byref(count),
        )
        self._library.do_nms_sort(found, count, head.classes, ctypes.c_float(NMS))
        boxes = []
        for each in found[: count.value]:
            scores = np.ctypeslib.as_array(each.prob, (head.classes,))
            box = each.bbox
            xyxy = (box.x - box.w / 2, box.y - box.h / 2, box.x + box.w / 2, box.y + box.h / 2)
            pixels = np.array(xyxy, np.float32) * np.array(self._size_wh * 2, np.float32)
            boxes += [(int(class_id), float(scores[class_id]), pixels) for class_id in np.flatnonzero(scores)]
        return boxes


def ours(
    cfg: Path, network: NetworkCfg, engine: LiteRtEngine, image: np.ndarray, threshold: float
) -> list[tuple[int, float, np.ndarray]]:
    """The same by this project."""
    head = network.heads[0][1]
    tree = None
    if isinstance(head, Region) and head.tree:
        path = find_tree(head.tree, cfg)
        assert path is not None
        tree = read_tree(path, head.classes, network.where)
    xyxy, scores = decode_heads(network, engine.run(image), threshold, tree)
    scores = suppress_scores(xyxy, scores, NMS)
    return [(int(c), float(scores[n, c]), xyxy[n]) for n, c in zip(*np.nonzero(scores), strict=True)]


def count_matches(wanted: list, found: list) -> int:
    """How many of the wanted have a counterpart."""
    by_class: dict[int, list] = {}
    for class_id, confidence, box in found:
        by_class.setdefault(class_id, []).append((confidence, *box))
    arrays = {class_id: np.array(rows, np.float32) for class_id, rows in by_class.items()}
    matched = 0
    for class_id, confidence, box in wanted:
        rows = arrays.get(class_id, np.zeros((0, 5), np.float32))
        rows = rows[np.abs(rows[:, 0] - confidence) <= 0.02]
        matched += bool(len(rows)) and bool((iou_with(box, rows[:, 1:]) >= 0.9).any())
    return matched


def threshold_for(network: NetworkCfg, engine: LiteRtEngine, image: np.ndarray) -> float:
    """A threshold above which there are some hundred labels, far from any score."""
    _, scores = decode_heads(network, engine.run(image), 0.0)
    highest = np.sort(scores[scores < 0.99], axis=None)[-400:]
    widest = int(np.diff(highest[:300]).argmax())
    return float(highest[widest : widest + 2].mean())


def main() -> None:
    names = sys.argv[1:] or NAMES
    if len(names) > 1:  # a process each: TensorFlow gives no memory back
        for name in names:
            subprocess.run([sys.executable, "-m", "benchmarks.darknetlibrary", name], check=True)
        return
    (name,) = names
    cfg = FOLDER / f"{name}.cfg"
    network = read_cfg(cfg)
    image = np.random.default_rng(3).random((1, *network.shape), dtype=np.float32)
    with tempfile.TemporaryDirectory() as folder:
        weights = Path(folder, "random.weights")
        write_weights(weights, network)
        weights_bytes = weights.stat().st_size
        began = time.time()
        compiled = Path(folder, "compiled.tflite")
        compiled.write_bytes(compile_network(cfg, weights, "float32"))
        compiling = time.time() - began
        engine = LiteRtEngine(compiled)
        darknet = Darknet(cfg, weights, image)
    head = network.heads[0][1]
    if isinstance(head, Region) and head.tree:
        (raw,) = engine.run(image)
        ours_ = raw[0].transpose(2, 0, 1)[head.classes + 5 :]
        theirs = darknet.output(head)[head.classes + 5 :]
        difference = class_difference(ours_, theirs, head)
        told = f"raw class values of two anchors differ by {difference:.1e} of their range"
    else:
        threshold = threshold_for(network, engine, image)
        found = ours(cfg, network, engine, image, threshold)
        wanted = [each for each in darknet.boxes(head, threshold) if np.isfinite(each[2]).all()]
        wanted = [wanted[index] for index in np.random.default_rng(1).permutation(len(wanted))[:MOST]]
        matched = count_matches(wanted, found)
        told = (
            f"threshold {threshold:.4f}: Darknet {len(wanted):5}, ours {len(found):5}, "
            f"matched {matched:5} = {matched / max(len(wanted), 1):.1%}"
        )
    size_mb = weights_bytes / 1e6
    speed = f"{size_mb:.0f} MB, {cpu_ms(engine, image):.0f} ms of CPU a picture"
    print(f"{name:18} {told}; compiled in {compiling:.0f} s; {speed}", flush=True)


def cpu_ms(engine: LiteRtEngine, image: np.ndarray) -> float:
    """The least of five runs."""
    times = []
    for _ in range(5):
        began = time.process_time()
        engine.run(image)
        times.append(time.process_time() - began)
    return 1000 * min(times)


def class_difference(ours_: np.ndarray, theirs: np.ndarray, head: Region) -> float:
    """Largest difference of the class values, which the library has left raw, of the range."""
    by_box = [values.reshape(-1, head.classes + 5, *values.shape[1:])[:, 5:] for values in (ours_, theirs)]
    return float(np.abs(by_box[0] - by_box[1]).max() / np.ptp(by_box[0]))


if __name__ == "__main__":
    main()
