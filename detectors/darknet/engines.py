"""Which engine runs a Darknet network here, and the network compiled for it and loaded."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from detectors.compilecache import Compiler, Precision, is_compiled, open_compiled
from detectors.engines.engine import Engine
from detectors.networkparams import EngineName

FLATBUFFERS = Compiler("detectors.darknet.compile", version="4")
ONNX_FILES = Compiler("detectors.darknet.compileonnx", version="1", suffix=".onnx", needs_tensorflow=False)


def open_engine(files: Sequence[Path], precision: Precision, name: EngineName, stride: int | None) -> Engine:
    """Load a network in an engine; compile it first if the cache does not hold it whole.

    Args:
        files: the .cfg and the .weights.
        precision: of the weights; ONNX Runtime runs float32 only.
        name: as in the pipeline file.
        stride: see `NetworkCfg.stride`.
    Raises: ModelError: see `open_compiled`.
    """
    if name == "auto":
        with_litert = (
            FLATBUFFERS.usable or precision != "float32" or is_compiled(FLATBUFFERS, files, precision)
        )
        name = "litert" if with_litert else "onnxruntime"
    if name == "litert":
        return open_compiled(FLATBUFFERS, files, precision, lambda file: _in_litert(file, stride))
    return open_compiled(ONNX_FILES, files, "float32", lambda file: _in_onnx_runtime(file, stride))


def _in_litert(file: Path, stride: int | None) -> Engine:
    from detectors.engines.litert import LiteRtEngine

    return LiteRtEngine(file, stride)


def _in_onnx_runtime(file: Path, stride: int | None) -> Engine:
    from detectors.engines.onnxruntime import OnnxRuntimeEngine

    return OnnxRuntimeEngine(file, varies=stride is not None)
