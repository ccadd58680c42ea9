"""Load a Darkflow network."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from detectors.classnames import read_class_names
from detectors.compilecache import Compiler, compiled, open_compiled
from detectors.compilecache import Precision as WeightPrecision
from detectors.darkflow.meta import read_meta
from detectors.darknet.engines import in_litert, in_openvino_runtime, question_about
from detectors.darknet.yolonetwork import YoloNetwork
from pipeline.engines.candidates import Candidate, fitting, in_openvino
from pipeline.engines.choosing import choose
from pipeline.engines.engine import Engine
from pipeline.engines.names import EngineName, Precision
from pipeline.text import printable

COMPILER = Compiler("detectors.darkflow.compile", version="1")


def open_darkflow(
    graph: Path, meta: Path, labels: Path | None, precision: Precision, engine: EngineName = "auto"
) -> YoloNetwork:
    """Load a network that Darkflow saved; compile it first if the cache does not hold it whole.

    OpenVINO reads the file that was compiled for LiteRT.

    Args:
        graph, meta: the .pb and the .meta.
        labels: a file of class names that takes the place of those in the .meta.
        precision, engine: as in the pipeline file.
    Raises: ModelError: a file is damaged, or holds something that Darkflow does not write.
    """
    network, names = read_meta(meta)
    if labels is not None:
        names = read_class_names(labels, network.classes, network.where)
    files = (graph, meta)
    candidates = list(_iter_candidates(graph, precision))
    kept, by_speed = fitting(candidates, engine, precision, printable(graph))
    weights: WeightPrecision = "int8" if precision == "int8" else "float32"
    question = question_about(network, files, precision, lambda _: compiled(COMPILER, files, weights))
    chosen = choose(question, kept) if by_speed else kept[0]
    running = open_compiled(COMPILER, files, weights, lambda file: _opened(file, chosen))
    return YoloNetwork(network, running, names, stretched=True)


def _iter_candidates(graph: Path, precision: Precision) -> Iterator[Candidate]:
    if precision == "int8":
        yield Candidate("litert", "int8")
        return
    if precision != "bf16":
        yield Candidate("litert", "float32")
    yield from in_openvino(precision, graph)


def _opened(file: Path, chosen: Candidate) -> Engine:
    return in_litert(file, None) if chosen.engine == "litert" else in_openvino_runtime(file, chosen.precision)
