"""Compiles a Darknet network to a LiteRT flatbuffer; run as a process of its own, for TensorFlow's sake.

    python -m detectors.darknet.compile PARENT_PID CFG WEIGHTS PRECISION OUTPUT

TensorFlow takes seconds to import and a gigabyte to hold; here it comes and goes once a network.
"""

from __future__ import annotations

import sys
from pathlib import Path

from detectors.darknet.cfg import read_cfg
from detectors.darknet.weights import iter_weights
from pipeline.errors import ExitCode, MinerError
from pipeline.outputs import write_file
from pipeline.processes import die_with_parent


def compile_network(cfg: Path, weights: Path, precision: str) -> bytes:
    """A flatbuffer that computes the network's raw head values; see `network.build_function`.

    Args:
        cfg, weights: the pair of files.
        precision: `float32`, or `int8` for 8-bit weights (activations are quantized as they come).
    Raises: ModelError: the files are not what they should be.
    """
    network = read_cfg(cfg)
    folded = dict(iter_weights(weights, network))

    import tensorflow as tf

    from detectors.darknet.network import build_function

    function = build_function(network, folded)
    converter = tf.lite.TFLiteConverter.from_concrete_functions([function.get_concrete_function()])
    if precision == "int8":
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    return bytes(converter.convert())


def main(arguments: list[str]) -> int:
    """Compile as the command line says; 0, or 3 with one sentence on standard error."""
    parent_pid, cfg, weights, precision, output = arguments
    die_with_parent(int(parent_pid))
    try:
        write_file(Path(output), compile_network(Path(cfg), Path(weights), precision))
    except MinerError as error:
        print(error, file=sys.stderr)
        return ExitCode.ENVIRONMENT
    return ExitCode.OK


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
