"""Compiles a Darknet network to an ONNX file, without TensorFlow; run as a process of its own.

python -m detectors.darknet.compileonnx PARENT_PID PRECISION OUTPUT CFG WEIGHTS
"""

from __future__ import annotations

import sys
from pathlib import Path

from detectors.compiling import run_compiler
from detectors.darknet.cfg import read_cfg
from detectors.darknet.weights import iter_weights


def compile_to_onnx(cfg: Path, weights: Path, precision: str) -> bytes:
    """Compile a network to an ONNX file that computes the raw values of its heads; see `build_onnx`.

    Args:
        cfg, weights: the pair of files.
        precision: `float32`, the only one.
    Raises: ModelError: the files are damaged or do not fit.
    """
    assert precision == "float32"
    network = read_cfg(cfg)
    folded = dict(iter_weights(weights, network))

    from detectors.darknet.onnxgraph import build_onnx

    return build_onnx(network, folded)


if __name__ == "__main__":
    sys.exit(run_compiler(sys.argv[1:], compile_to_onnx))
