"""Run ONNX files in OpenVINO on one thread."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.engines.engine import FloatArray
from pipeline.errors import ModelError
from pipeline.host.command import install_command
from pipeline.host.libraries import can_use_openvino
from pipeline.text import printable

Array = NDArray[Any]

_HINTS = {"float32": "f32", "bf16": "bf16"}
_ONE_THREAD = {
    "NUM_STREAMS": 1,
    "INFERENCE_NUM_THREADS": 1,
    "ENABLE_CPU_PINNING": False,  # or the workers would share one core
}

_of_parents: list[Any] = []
"""Networks that a process has from the one that it was forked off. To free them would join threads that only
that one has, which ends the process."""


class OpenVinoModel:
    """An ONNX file that each process compiles when it first runs it.

    A process that was forked off one with a compiled network would lack its threads, so the process that
    others are forked from compiles nothing.

    Args:
        model: the file.
        precision: of the arithmetic, `float32` or `bf16`; inputs and outputs are what the file says.
        open_sides: an input's name -> its axes that may have any size although the file states one.
    Raises: ModelError: OpenVINO is not installed.
    """

    def __init__(
        self, model: Path, precision: str, open_sides: Mapping[str, tuple[int, ...]] | None = None
    ) -> None:
        if not can_use_openvino():
            raise ModelError(
                f"{printable(model)}: OpenVINO is not installed; type: {install_command('openvino')}"
            )
        self._model = model
        self._hint = _HINTS[precision]
        self._open_sides = dict(open_sides or {})
        self._request: Any = None
        self._process = 0

    def infer(self, feeds: Mapping[str, Array]) -> list[Array]:
        """Run the network; returns its outputs in the graph's order.

        Args:
            feeds: an input's name -> its values.
        Raises:
            ModelError: OpenVINO does not accept the file.
            MemoryError: there is no room for buffers of that size.
        """
        if self._process != os.getpid():
            _of_parents.append(self._request)
            self._request, self._process = self._compiled(), os.getpid()
        try:
            outputs = self._request.infer(dict(feeds), share_inputs=True)
        except RuntimeError as error:
            sizes = ", ".join(str(values.shape) for values in feeds.values())
            raise MemoryError(f"the network's buffers for {sizes}: {_reason(error)}") from None
        return [np.asarray(output) for output in outputs.values()]

    def _compiled(self) -> Any:
        import openvino

        try:
            core = openvino.Core()
            model = core.read_model(_readable(self._model))
            if self._open_sides:
                model.reshape({port.any_name: self._shape(port) for port in model.inputs})
            return core.compile_model(
                model, "CPU", {**_ONE_THREAD, "INFERENCE_PRECISION_HINT": self._hint}
            ).create_infer_request()
        except (RuntimeError, OSError) as error:
            raise ModelError(
                f"{printable(self._model)}: OpenVINO cannot use it ({_reason(error)}); write another engine"
            ) from None

    def _shape(self, port: Any) -> Any:
        shape = port.get_partial_shape()
        for axis in self._open_sides.get(port.any_name, ()):
            shape[axis] = -1
        return shape


class OpenVinoEngine:
    """A network with one input that was compiled to an ONNX file.

    Args:
        model: the file.
        precision: see `OpenVinoModel`.
    Raises: ModelError: OpenVINO is not installed.
    """

    def __init__(self, model: Path, precision: str) -> None:
        self._model = OpenVinoModel(model, precision)

    def run(self, image: FloatArray) -> list[FloatArray]:
        """Run the network; see `Engine.run`."""
        return self._model.infer({"image": image})


def _readable(model: Path) -> str | bytes:
    """The path; or the content, if the path is not UTF-8, which OpenVINO cannot open."""
    path = os.fspath(model)
    try:
        path.encode()
    except UnicodeEncodeError:
        return model.read_bytes()
    return path


def _reason(error: Exception) -> str:
    """The last line of OpenVINO's message; the others name its source files."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return printable(lines[-1].rstrip(".")[:300]) if lines else type(error).__name__
