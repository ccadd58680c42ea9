"""Detections of every YOLO network in Debian's package `darknet`, against its own libdarknet.

    python -m benchmarks.darknetlibrary [CFG...]

Each cfg gets random weights of a sensible scale and one picture of smooth noise. A box of Darknet's counts
as found where this project has one of the same label with IoU 0.9 or more and a confidence within 0.02.
Needs `apt-get install darknet`, some gigabytes of memory and several minutes.
"""

from __future__ import annotations

import ctypes
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from detectors.boxes import iou_with, suppress_scores
from detectors.darknet.cfg import read_cfg
from detectors.darknet.compile import compile_network
from detectors.darknet.decode import decode_heads
from detectors.darknet.layers import Detection, Head, NetworkCfg, Region
from detectors.darknet.tree import find_tree, read_tree
from detectors.engines import LiteRtEngine
from tests.detectors.darknet.networks import write_weights

LIBRARY = "/usr/lib/darknet/libdarknet.so"
FOLDER = Path("/usr/share/darknet/cfg")
NAMES = (
    "yolov1-tiny yolov1 yolov2-tiny yolov2-tiny-voc yolov2 yolov2-voc yolo9000 yolov3-tiny yolov3 yolov3-voc "
    "yolov3-spp yolov3-openimages"
).split()
NMS = 0.45
HIERARCHY = 0.5


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


def darknets(
    cfg: Path, weights: Path, head: Head, image: np.ndarray, threshold: float
) -> list[tuple[int, float, np.ndarray]]:
    """What libdarknet finds: class id, confidence, (4,) `xyxy` in pixels of the input."""
    library = ctypes.CDLL(LIBRARY)
    library.load_network.restype = ctypes.c_void_p
    library.get_network_boxes.restype = ctypes.POINTER(Found)
    network = ctypes.c_void_p(library.load_network(bytes(cfg), bytes(weights), 0))
    library.set_batch_network(network, 1)
    planes = np.ascontiguousarray(image[0].transpose(2, 0, 1), dtype=np.float32)
    library.network_predict(network, planes.ctypes.data_as(ctypes.POINTER(ctypes.c_float)))
    count = ctypes.c_int()
    height, width = image.shape[1:3]
    size_wh = (
        (1, 1) if isinstance(head, Detection) else (width, height)
    )  # whose boxes are never made relative
    found = library.get_network_boxes(
        network, *size_wh, ctypes.c_float(threshold), ctypes.c_float(HIERARCHY), None, 1, ctypes.byref(count)
    )
    library.do_nms_sort(found, count, head.classes, ctypes.c_float(NMS))
    boxes = []
    for each in found[: count.value]:
        scores = np.ctypeslib.as_array(each.prob, (head.classes,))
        box = each.bbox
        xyxy = (box.x - box.w / 2, box.y - box.h / 2, box.x + box.w / 2, box.y + box.h / 2)
        pixels = np.array(xyxy, np.float32) * np.array((width, height) * 2, np.float32)
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
    """How many of the wanted have a counterpart of their own."""
    left = list(found)
    matched = 0
    for class_id, confidence, box in wanted:
        for index, (other_id, other_confidence, other) in enumerate(left):
            close = other_id == class_id and abs(other_confidence - confidence) <= 0.02
            if close and iou_with(box, other[None])[0] >= 0.9:
                matched += 1
                del left[index]
                break
    return matched


def threshold_for(network: NetworkCfg, cfg: Path, engine: LiteRtEngine, image: np.ndarray) -> float:
    """A threshold above which there are some hundred labels."""
    for threshold in (0.6, 0.5, 0.4, 0.3, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001):
        if len(ours(cfg, network, engine, image, threshold)) >= 100:
            return threshold
    return 0.0005


def main() -> None:
    random = np.random.default_rng(3)
    for name in sys.argv[1:] or NAMES:
        cfg = FOLDER / f"{name}.cfg"
        network = read_cfg(cfg)
        image = random.random((1, *network.shape), dtype=np.float32)
        with tempfile.TemporaryDirectory() as folder:
            weights = Path(folder, "random.weights")
            write_weights(weights, network)
            began = time.time()
            compiled = Path(folder, "compiled.tflite")
            compiled.write_bytes(compile_network(cfg, weights, "float32"))
            compiling = time.time() - began
            engine = LiteRtEngine(compiled)
            threshold = threshold_for(network, cfg, engine, image)
            found = ours(cfg, network, engine, image, threshold)
            wanted = darknets(cfg, weights, network.heads[0][1], image, threshold)
        matched = count_matches(wanted, found)
        print(
            f"{name:18} threshold {threshold:5}: Darknet {len(wanted):5}, ours {len(found):5}, "
            f"matched {matched:5} = {matched / max(len(wanted), 1):.1%}; compiled in {compiling:.0f} s",
            flush=True,
        )


if __name__ == "__main__":
    main()
