"""Which engine runs a network that describes faces: the fastest here, measured once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline.engines.candidates import Candidate, fitting, in_openvino
from pipeline.engines.choosing import Question, choose
from pipeline.text import printable

FloatArray = NDArray[np.float32]
Run = Callable[[FloatArray], FloatArray]
"""Takes one face, (1, ...) float32, and returns a row of numbers."""


def chosen_engine(path: Path, engines: Sequence[str], feed: str, shape: tuple[int, ...]) -> str:
    """Return the name of the engine that runs a network.

    Args:
        path: of the .onnx file.
        engines: that can run it beside OpenVINO, the preferred one first.
        feed: name of its input.
        shape: of its input.
    Raises: ModelError: the environment variable names no engine.
    """
    candidates = [Candidate(name, "float32") for name in engines]
    candidates += in_openvino("float32", path)
    kept, by_speed = fitting(candidates, "auto", "float32", printable(path))
    if not by_speed:
        return kept[0].engine

    def feeds() -> Mapping[str, FloatArray]:
        """Noise of the range of pixels."""
        return {feed: np.random.default_rng(1).uniform(0, 255, shape).astype(np.float32)}

    side_px = max(shape)
    question = Question((path,), "float32", feeds, (side_px, side_px), lambda candidate: path)
    return choose(question, kept).engine


def in_onnx_runtime(path: Path, feed: str) -> Run:
    """Load a network in ONNX Runtime.

    Raises: ONNX Runtime's exceptions, which have no common base.
    """
    from pipeline.engines.onnxruntime import as_model, open_session

    session = open_session(as_model(str(path)), "cpu", False)

    def run(face: FloatArray) -> FloatArray:
        """One face."""
        return np.asarray(session.run(None, {feed: face})[0], dtype=np.float32)

    return run


def in_openvino_runtime(path: Path, feed: str) -> Run:
    """Have each process load a network in OpenVINO when it first describes a face."""
    from pipeline.engines.openvino import OpenVinoModel

    model = OpenVinoModel(path, "float32")
    lock = threading.Lock()

    def run(face: FloatArray) -> FloatArray:
        """One face; several threads may describe faces."""
        with lock:
            return np.asarray(model.infer({feed: face})[0], dtype=np.float32)

    return run
