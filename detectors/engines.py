"""Run a compiled network, one class an engine, each on one thread: N workers fill N cores."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray

from pipeline.errors import ModelError

FloatArray = NDArray[np.float32]


class LiteRtEngine:
    """A LiteRT flatbuffer, its file mapped into memory and shared between processes.

    Args:
        model: path of the `.tflite` file.
    Raises: ModelError: the engine does not take the file.
    """

    def __init__(self, model: Path) -> None:
        try:
            self._interpreter = Interpreter(model_path=str(model), num_threads=1)
            self._interpreter.allocate_tensors()
        except (ValueError, RuntimeError) as error:
            raise ModelError(f"{model}: cannot be run ({error}); delete it to have it made again") from None
        self._input = self._interpreter.get_input_details()[0]["index"]
        self._outputs = [detail["index"] for detail in _in_order(self._interpreter)]

    def run(self, image: FloatArray) -> list[FloatArray]:
        """The network's outputs for one input of the shape that it was compiled for."""
        self._interpreter.set_tensor(self._input, image)
        self._interpreter.invoke()
        return [self._interpreter.get_tensor(index) for index in self._outputs]


def _in_order(interpreter: Any) -> list[Any]:
    """Output details in the order of the compiled function's results, which the converter may shuffle."""
    return sorted(interpreter.get_output_details(), key=lambda detail: str(detail["name"]))
