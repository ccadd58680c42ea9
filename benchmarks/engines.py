"""How long one call of each network takes in each engine, on one thread: CPU time, ms, the median of nine.

    python -m benchmarks.engines [NETWORK...]

NETWORK is yolov3-tiny, yolox-nano, yunet or sface (where they were fetched), yolox-tiny or yolox-s (made with
random weights, which do not change the time), a Darknet .cfg beside its .weights, or an .onnx file. Without
any: all that have names. cv2.dnn is what a plain script with OpenCV takes.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx

from benchmarks.yoloxgraphs import yolox
from detectors.darknet.cfg import read_cfg
from detectors.darknet.compile import compile_network
from detectors.darknet.compileonnx import compile_to_onnx
from pipeline.engines.timing import Job, measure
from pipeline.errors import ModelError
from pipeline.host.libraries import can_use_openvino, configure
from pipeline.host.processor import this_processor
from pipeline.models.files import resolve_darknet, resolve_face_network, resolve_onnx, resolve_yunet

MADE = ("yolox-tiny", "yolox-s")
NAMED = ("yolov3-tiny", "yolox-nano", *MADE, "yunet", "sface")
OPEN_HW = (960, 1280)
"""Of a YuNet for any size: a 12 megapixel photo at the greatest side of a `facedetector`."""


def onnx_jobs(file: Path, precisions: tuple[str, ...] = ("float32", "bf16")) -> Iterator[Job]:
    """In every engine that runs an ONNX file."""
    yield Job("ONNX Runtime", "onnxruntime", "float32", str(file))
    yield Job("cv2.dnn", "opencv", "float32", str(file))
    if can_use_openvino():
        for precision in precisions:
            if precision == "float32" or this_processor().has_bfloat16:
                yield Job(f"OpenVINO {precision}", "openvino", precision, str(file))


def darknet_jobs(cfg: Path, weights: Path, folder: Path) -> Iterator[Job]:
    """Compiled for LiteRT in both precisions, and as an ONNX file."""
    for precision in ("float32", "int8"):
        file = folder / f"{precision}.tflite"
        file.write_bytes(compile_network(cfg, weights, precision))
        yield Job(f"LiteRT {precision}", "litert", precision, str(file))
    file = folder / "net.onnx"
    file.write_bytes(compile_to_onnx(cfg, weights, "float32"))
    yield from onnx_jobs(file)


def report(name: str, folder: Path) -> None:
    """Print one network's table."""
    random = np.random.default_rng(1)
    if name == "yolov3-tiny" or name.endswith(".cfg"):
        files = resolve_darknet(name, None)
        shape: tuple[int, ...] = (1, *read_cfg(files.cfg).shape)
        feeds = {"image": random.random(shape, dtype=np.float32)}
        jobs = list(darknet_jobs(files.cfg, files.weights, folder))
    else:
        file = named_file(name, folder)
        port = onnx.load(str(file), load_external_data=False).graph.input[0]
        sides = [side.dim_value for side in port.type.tensor_type.shape.dim]
        if not all(sides):
            sides = [1, 3, *OPEN_HW]
        shape = tuple(sides)
        feeds = {port.name: random.uniform(0, 255, shape).astype(np.float32)}
        jobs = list(onnx_jobs(file))
    print(f"{name}, input {' x '.join(map(str, shape))}", flush=True)
    for job in jobs:
        took = measure([job], feeds)[job.name]
        print(f"    {job.name:18} {took if isinstance(took, str) else f'{took:7.1f} ms'}", flush=True)


def named_file(name: str, folder: Path) -> Path:
    """The .onnx file of a name; made in the folder if it is one with random weights.

    Raises: ModelError: it was not fetched.
    """
    if name in MADE:
        onnx.save(yolox(name)[0], str(folder / f"{name}.onnx"))
        return folder / f"{name}.onnx"
    if name == "yunet":
        return resolve_yunet(name)
    return resolve_face_network(name)[0] if name == "sface" else resolve_onnx(name)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("networks", nargs="*", metavar="NETWORK")
    networks = parser.parse_args().networks
    if len(networks) != 1:  # a process each: TensorFlow gives no memory back
        print(f"{this_processor().name}, one thread, CPU time of one call")
        for network in networks or NAMED:
            subprocess.run([sys.executable, "-m", "benchmarks.engines", network], check=False)
        return
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    with tempfile.TemporaryDirectory() as folder:
        try:
            report(networks[0], Path(folder))
        except ModelError as error:
            print(f"{networks[0]}: left out ({error})")


if __name__ == "__main__":
    configure()
    main()
