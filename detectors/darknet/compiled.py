"""A pair of Darknet files as a compiled network, out of the cache or compiled now."""

from __future__ import annotations

from pathlib import Path

from detectors.compilecache import Compiler, Precision, compiled
from detectors.darknet.cfg import read_cfg
from detectors.darknet.weightsfile import check_weights

COMPILER = Compiler("detectors.darknet.compile", version="4")


def compiled_network(cfg: Path, weights: Path, precision: Precision) -> Path:
    """The flatbuffer of a network; see `compilecache.compiled`.

    Args:
        cfg, weights: the pair of files.
        precision: `float32` or `int8`.
    Raises: ModelError: the files are damaged or do not fit, or the cache cannot be written.
    """
    check_weights(weights, read_cfg(cfg))
    return compiled(COMPILER, (cfg, weights), precision)
