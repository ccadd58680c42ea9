"""How long one call of a network takes, on one core: CPU time, the least and the median of many calls.

    python -m benchmarks.networkspeed [--size WIDTHxHEIGHT] [--seconds N] NETWORK...

NETWORK is a Darknet .cfg (run with random weights, float32 and int8: the time does not depend on the values),
an .onnx file, or yolox-nano, yolox-tiny or yolox-s, made by benchmarks/yoloxgraphs.py.
"""

from __future__ import annotations

import argparse
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx

from benchmarks.yoloxgraphs import SIZES, yolox
from detectors.darknet.cfg import parse_cfg
from detectors.darknet.compile import compile_network
from detectors.onnx.engine import OnnxEngine
from detectors.onnx.modelfile import read_model_info
from detectors.onnx.shapes import picture_port
from pipeline.engines.litert import LiteRtEngine
from tests.detectors.darknet.networks import write_weights

FEWEST_CALLS = 5


def measure(call: Callable[[], object], seconds: float) -> str:
    """CPU milliseconds of one call: the least, the median, and of how many."""
    call()  # memory is laid out at the first
    took: list[float] = []
    until = time.monotonic() + seconds
    while time.monotonic() < until or len(took) < FEWEST_CALLS:
        began = time.process_time()
        call()
        took.append(1000 * (time.process_time() - began))
    return f"{min(took):7.1f} ms least, {statistics.median(took):7.1f} median of {len(took)}"


def measure_darknet(cfg: Path, size: str | None, seconds: float) -> None:
    text = cfg.read_text()
    for key, value in zip(("width", "height"), size.split("x") if size else (), strict=False):
        text = re.sub(rf"(?m)^{key}\s*=.*", f"{key}={value}", text)
    network = parse_cfg(text, str(cfg))
    image = np.random.default_rng(3).random((1, *network.shape), dtype=np.float32)
    with tempfile.TemporaryDirectory() as folder:
        copy, weights, compiled = (Path(folder, f"a.{ending}") for ending in ("cfg", "weights", "tflite"))
        copy.write_text(text)
        write_weights(weights, network)
        shown = f"{cfg.stem:18} {network.shape[1]}x{network.shape[0]}"
        print(f"{shown} file {weights.stat().st_size / 1e6:.1f} MB", flush=True)
        for precision in ("float32", "int8"):
            compiled.write_bytes(compile_network(copy, weights, precision))
            engine = LiteRtEngine(compiled)
            print(f"{shown} {precision:8}{measure(lambda: engine.run(image), seconds)}", flush=True)  # noqa: B023


def measure_onnx(file: Path, name: str, seconds: float) -> None:
    info = read_model_info(file)
    port = picture_port(info)
    shape = [side or 1 for side in port.shape]
    feeds = {port.name: np.random.default_rng(3).random(shape, dtype=np.float32) * 255}
    engine = OnnxEngine(info, "cpu")
    engine.trial(feeds)
    print(f"{name:18} {shape[3]}x{shape[2]} {measure(lambda: engine.run(feeds), seconds)}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--size", metavar="WIDTHxHEIGHT")
    parser.add_argument("--seconds", type=float, default=20.0, help="for each network and precision")
    parser.add_argument("networks", nargs="+", metavar="NETWORK")
    options = parser.parse_args()
    if len(options.networks) > 1:  # a process each: TensorFlow gives no memory back
        size = ["--size", options.size] if options.size else []
        for network in options.networks:
            command = [sys.executable, "-m", "benchmarks.networkspeed", *size]
            subprocess.run([*command, "--seconds", str(options.seconds), network], check=False)
        return
    (network,) = options.networks
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    if network in SIZES:
        model, parameters = yolox(network)
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder, f"{network}.onnx")
            onnx.save(model, str(file))
            print(
                f"{network:18} {parameters / 1e6:.2f} million parameters, {file.stat().st_size / 1e6:.1f} MB"
            )
            measure_onnx(file, network, options.seconds)
    elif network.endswith(".onnx"):
        measure_onnx(Path(network), Path(network).stem, options.seconds)
    else:
        measure_darknet(Path(network), options.size, options.seconds)


if __name__ == "__main__":
    main()
