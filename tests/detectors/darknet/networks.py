"""Small Darknet networks of the tests' own: the text of a .cfg, and random weights of a sensible scale."""

from __future__ import annotations

import functools
import hashlib
import tempfile
from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path

import numpy as np

from detectors.darknet.cfg import parse_cfg
from detectors.darknet.compile import compile_network
from detectors.darknet.compileonnx import compile_to_onnx
from detectors.darknet.heads import Region, Yolo
from detectors.darknet.layers import BatchNorm, Connected, Shortcut, Weighted
from detectors.darknet.networkcfg import NetworkCfg
from pipeline.engines.engine import Engine
from pipeline.engines.litert import LiteRtEngine
from pipeline.engines.onnxruntime import OnnxRuntimeEngine
from pipeline.engines.openvino import OpenVinoEngine

HEADER = np.array((0, 2, 0, 0, 0), dtype="<i4").tobytes()
"""Of a .weights file: version 0.2.0, and eight bytes that count the pictures seen."""


def section(name: str, **options: object) -> str:
    """One `[name]` of a .cfg."""
    lines = [f"{key.removesuffix('_')}={value}" for key, value in options.items()]
    return "\n".join([f"[{name}]", *lines, ""])


def net(width: int = 64, height: int = 64) -> str:
    return section("net", width=width, height=height, channels=3)


def conv(
    filters: int, size: int = 3, stride: int = 1, bn: int = 1, act: str = "leaky", **more: object
) -> str:
    options = {"filters": filters, "size": size, "stride": stride, "pad": 1, "activation": act} | more
    return section("convolutional", **({"batch_normalize": 1} if bn else {}), **options)


def maxpool(size: int, stride: int, **more: object) -> str:
    return section("maxpool", size=size, stride=stride, **more)


def route(*layers: int, **more: object) -> str:
    return section("route", layers=",".join(map(str, layers)), **more)


def yolo(mask: str = "0,1,2", classes: int = 3, **more: object) -> str:
    anchors = "4,5, 9,7, 12,20, 30,22, 35,50, 60,61"
    return section("yolo", mask=mask, anchors=anchors, classes=classes, num=6, **more)


def region(classes: int = 3, **more: object) -> str:
    anchors = "0.57,0.67, 1.87,2.06, 3.33,5.47"
    return section("region", anchors=anchors, classes=classes, num=3, **({"softmax": 1} | more))


def head_conv(classes: int = 3, boxes: int = 3) -> str:
    return conv(boxes * (5 + classes), 1, bn=0, act="linear")


def random_weights(network: NetworkCfg, seed: int = 1) -> bytes:
    """A .weights file that keeps numbers at a sensible scale from layer to layer."""
    return HEADER + b"".join(part.astype("<f4").tobytes() for part in _iter_random(network, seed))


def write_weights(path: Path, network: NetworkCfg, seed: int = 1) -> None:
    """The same to a file, a layer at a time, for networks of hundreds of megabytes."""
    with open(path, "wb") as stream:
        stream.write(HEADER)
        for part in _iter_random(network, seed):
            stream.write(part.astype("<f4").tobytes())


def _iter_random(network: NetworkCfg, seed: int) -> Iterator[np.ndarray]:
    random = np.random.default_rng(seed)
    for layer, behind in zip_longest(network.layers, network.layers[1:]):
        if isinstance(layer, BatchNorm):
            for low, high in ((-0.2, 0.2), (0.8, 1.2), (-0.2, 0.2), (0.8, 1.2)):
                yield random.uniform(low, high, layer.shape.channels)
        elif isinstance(layer, Weighted):
            normalize = getattr(layer, "batch_normalize", False)
            biases = (layer.weight_count - layer.kernel_count) // (4 if normalize else 1)
            fan_in = layer.kernel_count // biases
            scale = 0.3 if isinstance(behind, Shortcut | Yolo | Region) else 1.0  # or numbers grow with depth
            kernels = random.standard_normal(layer.kernel_count, dtype=np.float32)
            kernels *= scale * (2 / fan_in) ** 0.5
            yield random.normal(0, 0.1, biases)
            if isinstance(layer, Connected):  # the one kind whose matrix comes before the normalization
                yield kernels
            if normalize:
                yield random.uniform(0.8, 1.2, biases)
                yield random.normal(0, 0.1, biases)
                yield random.uniform(0.8, 1.2, biases)
            if not isinstance(layer, Connected):
                yield kernels


def write_network(folder: Path, text: str, *, seed: int = 1, stem: str = "net") -> tuple[Path, Path]:
    """The pair of files of a network with random weights."""
    cfg, weights = folder / f"{stem}.cfg", folder / f"{stem}.weights"
    cfg.write_text(text, encoding="utf-8")
    weights.write_bytes(random_weights(parse_cfg(text, "net.cfg"), seed))
    return cfg, weights


def engine(text: str, precision: str = "float32") -> Engine:
    """The compiled network, random weights in it, in the engine of the fixture `each_engine`."""
    return _engine(text, precision, RUNS_IN if precision == "float32" else "litert")


RUNS_IN = "litert"


@functools.cache
def _engine(text: str, precision: str, name: str) -> Engine:
    """LiteRT's TensorFlow is imported into this process at the first."""
    with tempfile.TemporaryDirectory() as folder:
        cfg, weights = write_network(Path(folder), text)
        if name == "litert":
            model = Path(folder, "net.tflite")
            model.write_bytes(compile_network(cfg, weights, precision))
            return LiteRtEngine(model)
        model = Path(folder, "net.onnx")
        model.write_bytes(compile_to_onnx(cfg, weights, precision))
        if name == "openvino":
            engine = OpenVinoEngine(model, "float32")
            engine.run(picture(parse_cfg(text, "net.cfg")))  # reads the file
            return engine
        return OnnxRuntimeEngine(model, varies=parse_cfg(text, "net.cfg").stride is not None)


def picture(network: NetworkCfg) -> np.ndarray:
    """Smooth noise, as different from network to network as their shapes: (1, height, width, 3) float32."""
    seed = int.from_bytes(hashlib.sha256(repr(network.shape).encode()).digest()[:4], "little")
    return np.random.default_rng(seed).random((1, *network.shape), dtype=np.float32)
