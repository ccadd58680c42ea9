"""Which engine runs a Darknet network here, and the network compiled for it and loaded."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from detectors.compilecache import Compiler, compiled, is_compiled, open_compiled
from detectors.compilecache import Precision as WeightPrecision
from detectors.darknet.networkcfg import NetworkCfg
from pipeline.engines.candidates import Candidate, fitting, in_openvino
from pipeline.engines.choosing import Question, choose
from pipeline.engines.engine import Engine
from pipeline.engines.names import EngineName, Precision
from pipeline.engines.proven import proven_precisions
from pipeline.text import printable

FLATBUFFERS = Compiler("detectors.darknet.compile", version="4")
ONNX_FILES = Compiler("detectors.darknet.compileonnx", version="1", suffix=".onnx", needs_tensorflow=False)


def open_engine(network: NetworkCfg, files: Sequence[Path], precision: Precision, name: EngineName) -> Engine:
    """Load a network in the engine that the user wants, or in the fastest; compile it first if needed.

    Args:
        network: its description.
        files: the .cfg and the .weights.
        precision, name: as in the pipeline file.
    Raises: ModelError: see `open_compiled` and `fitting`.
    """
    candidates = list(_iter_candidates(files, precision, name))
    kept, by_speed = fitting(candidates, name, precision, printable(files[0]))
    question = question_about(network, files, precision, functools.partial(_compiled_for, files))
    chosen = choose(question, kept) if by_speed else kept[0]
    stride = network.stride
    if chosen.engine == "litert":
        return open_compiled(FLATBUFFERS, files, _of_weights(chosen), lambda file: in_litert(file, stride))
    if chosen.engine == "onnxruntime":
        return open_compiled(ONNX_FILES, files, "float32", lambda file: _in_onnx_runtime(file, stride))
    return open_compiled(
        ONNX_FILES, files, "float32", lambda file: in_openvino_runtime(file, chosen.precision)
    )


def _iter_candidates(files: Sequence[Path], precision: Precision, name: EngineName) -> Iterator[Candidate]:
    """What runs the network here, the preferred engine first."""
    if precision == "int8":  # without TensorFlow the compiler says what to install
        yield Candidate("litert", "int8")
        return
    if precision != "bf16":
        if name == "litert" or FLATBUFFERS.usable or is_compiled(FLATBUFFERS, files, "float32"):
            yield Candidate("litert", "float32")
        yield Candidate("onnxruntime", "float32")
    yield from in_openvino(precision, files[1])
    in_int8 = precision == "auto" and "int8" in proven_precisions(files[1])
    if in_int8 and (FLATBUFFERS.usable or is_compiled(FLATBUFFERS, files, "int8")):
        yield Candidate("litert", "int8")


def question_about(
    network: NetworkCfg,
    files: Sequence[Path],
    precision: Precision,
    compiled_for: Callable[[Candidate], Path],
) -> Question:
    """Which engine runs a network whose one input is `image`; see `Question`."""

    def feeds() -> Mapping[str, Any]:
        """Noise."""
        import numpy as np

        return {"image": np.random.default_rng(1).random((1, *network.shape), dtype=np.float32)}

    return Question(files, precision, feeds, (network.shape.width, network.shape.height), compiled_for)


def _compiled_for(files: Sequence[Path], candidate: Candidate) -> Path:
    compiler = FLATBUFFERS if candidate.engine == "litert" else ONNX_FILES
    return compiled(compiler, files, _of_weights(candidate))


def _of_weights(candidate: Candidate) -> WeightPrecision:
    """The precision of the weights in the compiled file."""
    return "int8" if candidate.precision == "int8" else "float32"


def in_litert(file: Path, stride: int | None) -> Engine:
    """Load a flatbuffer; see `LiteRtEngine`."""
    from pipeline.engines.litert import LiteRtEngine

    return LiteRtEngine(file, stride)


def _in_onnx_runtime(file: Path, stride: int | None) -> Engine:
    from pipeline.engines.onnxruntime import OnnxRuntimeEngine

    return OnnxRuntimeEngine(file, varies=stride is not None)


def in_openvino_runtime(file: Path, precision: str) -> Engine:
    """Have each process load a compiled network in OpenVINO; see `OpenVinoEngine`."""
    from pipeline.engines.openvino import OpenVinoEngine

    return OpenVinoEngine(file, precision)
