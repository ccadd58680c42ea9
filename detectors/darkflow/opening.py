"""Load a Darkflow network."""

from __future__ import annotations

from pathlib import Path

from detectors.classnames import read_class_names
from detectors.compilecache import Compiler, open_compiled
from detectors.darkflow.meta import read_meta
from detectors.darknet.yolonetwork import YoloNetwork
from pipeline.engines.litert import LiteRtEngine
from pipeline.engines.names import Precision

COMPILER = Compiler("detectors.darkflow.compile", version="1")


def open_darkflow(graph: Path, meta: Path, labels: Path | None, precision: Precision) -> YoloNetwork:
    """Load a network that Darkflow saved; compile it first if the cache does not hold it whole.

    Args:
        graph, meta: the .pb and the .meta.
        labels: a file of class names that takes the place of those in the .meta.
        precision: of the weights; `auto` is float32.
    Raises: ModelError: a file is damaged, or holds something that Darkflow does not write.
    """
    network, names = read_meta(meta)
    if labels is not None:
        names = read_class_names(labels, network.classes, network.where)
    return open_compiled(
        COMPILER,
        (graph, meta),
        "int8" if precision == "int8" else "float32",
        lambda compiled: YoloNetwork(network, LiteRtEngine(compiled), names, stretched=True),
    )
