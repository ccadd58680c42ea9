"""Which engine runs an ONNX network on the CPU: ONNX Runtime, in which it was opened, or OpenVINO."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from detectors.onnx.modelfile import read_model_info
from detectors.onnx.modelinfo import ModelInfo
from detectors.onnx.opening import Opened, open_network, synthetic_feeds
from detectors.onnx.shapes import input_size, picture_port
from pipeline.engines.candidates import Candidate, fitting, in_openvino
from pipeline.engines.choosing import Question, choose, time_of_fastest
from pipeline.engines.names import EngineName, Precision
from pipeline.text import printable

Array = NDArray[Any]


class Runner(Protocol):
    """What a loaded ONNX network does."""

    def run(self, feeds: Mapping[str, Array]) -> dict[str, Array]:
        """Run it; returns all outputs by key, 16-bit numbers as float32."""


def chosen_runner(
    info: ModelInfo, opened: Opened, precision: Precision, name: EngineName
) -> tuple[Runner, Candidate]:
    """Return what runs a network: the engine that the user wants, or the fastest.

    Args:
        info: what `read_model_info` read of its file.
        opened: the network in ONNX Runtime.
        precision, name: as in the pipeline file.
    Raises: ModelError: see `fitting`.
    """
    in_onnx_runtime = Candidate("onnxruntime", "float32")
    if opened.engine.device != "CPU" and name == "auto" and precision != "bf16":
        return opened.engine, in_onnx_runtime
    candidates = list(_iter_candidates(info, precision))
    kept, by_speed = fitting(candidates, name, precision, printable(info.file))
    chosen = choose(_question(info, opened, precision), kept) if by_speed else kept[0]
    if chosen == in_onnx_runtime:
        return opened.engine, chosen
    return _InOpenVino(info, opened, chosen.precision), chosen


def milliseconds(file: Path) -> float:
    """Measure the CPU time of one call of an ONNX network on one core in its fastest engine, float32, ms.

    Raises: ModelError: the file is damaged or not supported, or no engine runs it.
    """
    info = read_model_info(file)
    opened = open_network(info, "auto", "cpu")
    candidates, _ = fitting(list(_iter_candidates(info, "float32")), "auto", "float32", printable(file))
    return time_of_fastest(_question(info, opened, "float32"), candidates)


def _iter_candidates(info: ModelInfo, precision: Precision) -> Iterator[Candidate]:
    if precision != "bf16":
        yield Candidate("onnxruntime", "float32")
    yield from in_openvino(precision, Path(info.file))


def _question(info: ModelInfo, opened: Opened, precision: Precision) -> Question:
    files = (Path(info.file), *info.data_files)
    input_wh = input_size(opened.seen)
    return Question(
        files, precision, lambda: synthetic_feeds(info, input_wh), input_wh, lambda candidate: files[0]
    )


class _InOpenVino:
    """A network in OpenVINO, see `OpenVinoModel`."""

    def __init__(self, info: ModelInfo, opened: Opened, precision: str) -> None:
        from pipeline.engines.openvino import OpenVinoModel

        states_one_size = all(input_size(info))
        open_sides = {picture_port(info).name: (2, 3)} if opened.stride and states_one_size else None
        self._keys = [port.key for port in info.outputs]
        self._model = OpenVinoModel(Path(info.file), precision, open_sides)

    def run(self, feeds: Mapping[str, Array]) -> dict[str, Array]:
        """Run it; returns all outputs by key, 16-bit numbers as float32."""
        outputs = self._model.infer(feeds)
        return {
            key: output.astype(np.float32) if output.dtype == np.float16 else output
            for key, output in zip(self._keys, outputs, strict=True)
        }
