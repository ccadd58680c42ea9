"""Darkflow's files -> a network at work."""

from __future__ import annotations

from pathlib import Path

from detectors.classnames import read_class_names
from detectors.compilecache import Compiler, Precision, open_compiled
from detectors.darkflow.files import DarkflowFiles
from detectors.darkflow.meta import read_meta
from detectors.yolonetwork import YoloNetwork

COMPILER = Compiler("detectors.darkflow.compile", version="1")


def open_darkflow(files: DarkflowFiles, labels: Path | None, precision: Precision) -> YoloNetwork:
    """Load a network that Darkflow saved; compiles it if the cache does not hold it whole.

    Args:
        files: the .pb and .meta.
        labels: a file of class names that goes before those in the .meta.
        precision: of the weights.
    Raises: ModelError: a file is damaged, or holds what Darkflow does not write.
    """
    network, names = read_meta(files.meta)
    if labels is not None:
        names = read_class_names(labels, network.classes, network.where)
    return open_compiled(
        COMPILER,
        (files.graph, files.meta),
        precision,
        lambda compiled: YoloNetwork(network, compiled, names, stretched=True),
    )
