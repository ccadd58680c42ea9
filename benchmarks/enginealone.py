"""One call of a network in its fastest engine, float32, its whole input.

python -m benchmarks.enginealone MODEL
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import numpy as np

from benchmarks.engines import darknet_jobs
from detectors.darknet.cfg import read_cfg
from detectors.onnx.engines import milliseconds
from pipeline.engines.timing import measure
from pipeline.host.libraries import configure
from pipeline.models.files import is_onnx, resolve_darknet, resolve_onnx


def main() -> None:
    (model,) = sys.argv[1:]
    configure()
    if is_onnx(model):
        print(f"{milliseconds(resolve_onnx(model)):.1f} ms")
        return
    files = resolve_darknet(model, None)
    shape = (1, *read_cfg(files.cfg).shape)
    feeds = {"image": np.random.default_rng(1).random(shape, dtype=np.float32)}
    with tempfile.TemporaryDirectory() as folder:
        jobs = darknet_jobs(files.cfg, files.weights, Path(folder))
        took = measure([job for job in jobs if job.precision == "float32" and job.engine != "opencv"], feeds)
    best = min((ms, name) for name, ms in took.items() if isinstance(ms, float))
    print(f"{best[0]:.1f} ms, in {best[1].removesuffix(' float32')}")


if __name__ == "__main__":
    main()
