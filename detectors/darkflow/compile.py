"""Compiles a Darkflow network to a LiteRT flatbuffer; run as a process of its own.

python -m detectors.darkflow.compile PARENT_PID PRECISION OUTPUT PB META
"""

from __future__ import annotations

import sys
from pathlib import Path

from detectors.compiling import run_compiler, to_flatbuffer
from detectors.darkflow.meta import read_meta


def compile_darkflow(graph: Path, meta: Path, precision: str) -> bytes:
    """Compile a network to a flatbuffer that computes the raw values of its head.

    Args:
        graph, meta: the pair of files.
        precision: `float32` or `int8`, see `compiling.to_flatbuffer`.
    Raises: ModelError: Darkflow did not write the files.
    """
    network = read_meta(meta).network

    from detectors.darkflow.graph import build_function, read_graph

    return to_flatbuffer(build_function(read_graph(graph), network, graph), precision)


if __name__ == "__main__":
    sys.exit(run_compiler(sys.argv[1:], compile_darkflow))
