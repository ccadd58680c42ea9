"""Compiles a Darknet network to a LiteRT flatbuffer; run as a process of its own.

python -m detectors.darknet.compile PARENT_PID PRECISION OUTPUT CFG WEIGHTS
"""

from __future__ import annotations

import sys
from pathlib import Path

from detectors.compiling import run_compiler, to_flatbuffer
from detectors.darknet.cfg import read_cfg
from detectors.darknet.weights import iter_weights


def compile_network(cfg: Path, weights: Path, precision: str) -> bytes:
    """Compile a network to a flatbuffer that computes the raw values of its heads; see `build_function`.

    Args:
        cfg, weights: the pair of files.
        precision: `float32` or `int8`, see `compiling.to_flatbuffer`.
    Raises: ModelError: the files are damaged or do not fit.
    """
    network = read_cfg(cfg)
    folded = dict(iter_weights(weights, network))

    from detectors.darknet.network import build_function

    return to_flatbuffer(build_function(network, folded), precision)


if __name__ == "__main__":
    sys.exit(run_compiler(sys.argv[1:], compile_network))
