"""Raw outputs of Darknet networks, random weights, against OpenCV's own reader of Darknet files.

    python -m benchmarks.opencvdarknet [--size WIDTHxHEIGHT] CFG...

Prints for each cfg the largest difference of a head's input, of the range that it spans.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import cv2
import numpy as np

from detectors.darknet.cfg import parse_cfg
from detectors.darknet.compile import compile_network
from pipeline.engines.litert import LiteRtEngine
from tests.detectors.darknet.networks import write_weights


def compare(text: str, name: str) -> str:
    network = parse_cfg(text, name)
    image = np.random.default_rng(3).random((1, *network.shape), dtype=np.float32)
    with tempfile.TemporaryDirectory() as folder:
        cfg, weights = Path(folder, "a.cfg"), Path(folder, "a.weights")
        cfg.write_text(text)
        write_weights(weights, network)
        try:
            oracle = cv2.dnn.readNetFromDarknet(str(cfg), str(weights))
        except cv2.error as error:
            return f"OpenCV does not read it ({' '.join(str(error).split())[-90:]})"
        oracle.setInput(image.transpose(0, 3, 1, 2))
        layers = oracle.getLayerNames()
        # OpenCV numbers an activation one higher than its convolution.
        names = [(f"logistic_{index}", f"conv_{index - 1}") for index, _ in network.heads]
        wanted = [activated if activated in layers else plain for activated, plain in names]
        try:
            theirs = [output.transpose(0, 2, 3, 1) for output in oracle.forward(wanted)]
        except cv2.error as error:
            return f"OpenCV does not compute it ({' '.join(str(error).split())[-90:]})"
        compiled = Path(folder, "a.tflite")
        compiled.write_bytes(compile_network(cfg, weights, "float32"))
        ours = LiteRtEngine(compiled).run(image)
    differences = [float(np.abs(a - b).max() / np.ptp(b)) for a, b in zip(ours, theirs, strict=True)]
    return "differences " + ", ".join(f"{difference:.1e}" for difference in differences)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--size", metavar="WIDTHxHEIGHT")
    parser.add_argument("cfgs", nargs="+", type=Path)
    options = parser.parse_args()
    if len(options.cfgs) > 1:  # a process each: TensorFlow gives no memory back
        size = ["--size", options.size] if options.size else []
        for cfg in options.cfgs:
            subprocess.run([sys.executable, "-m", "benchmarks.opencvdarknet", *size, str(cfg)], check=True)
        return
    (cfg,) = options.cfgs
    text = cfg.read_text()
    if options.size:
        width, height = options.size.split("x")
        text = re.sub(r"(?m)^width\s*=.*", f"width={width}", text)
        text = re.sub(r"(?m)^height\s*=.*", f"height={height}", text)
    print(f"{cfg.stem:18} {options.size or 'own size':9} {compare(text, cfg.name)}", flush=True)


if __name__ == "__main__":
    main()
