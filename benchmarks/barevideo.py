"""The CPU seconds of so many bare engine calls: python -m benchmarks.barevideo FRAMES PRECISION."""

from __future__ import annotations

import sys
import time

import numpy as np

from detectors.darknet.cfg import read_cfg
from detectors.darknet.opening import compiled_network
from pipeline.engines.litert import LiteRtEngine
from pipeline.models.files import resolve_darknet


def main() -> None:
    frames, precision = int(sys.argv[1]), sys.argv[2]
    files = resolve_darknet("yolov3-tiny", None)
    engine = LiteRtEngine(compiled_network(files.cfg, files.weights, precision))
    blank = np.full((1, *read_cfg(files.cfg).shape), 0.5, dtype=np.float32)
    engine.run(blank)
    began = time.process_time()
    for _ in range(frames):
        engine.run(blank)
    print(time.process_time() - began)


if __name__ == "__main__":
    main()
