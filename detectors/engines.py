"""Run a compiled network, one class an engine, each on one thread: N workers fill N cores."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray

from pipeline.errors import ModelError
from pipeline.outputs import printable

FloatArray = NDArray[np.float32]


class LiteRtEngine:
    """A LiteRT flatbuffer, its file mapped into memory and shared between processes.

    Args:
        model: path of the `.tflite` file.
    Raises: ModelError: the engine does not take the file.
    """

    def __init__(self, model: Path) -> None:
        try:
            # bytes, for a path that is not UTF-8 is no `str` to the library
            self._interpreter = Interpreter(model_path=os.fsencode(model), num_threads=1)
            self._interpreter.allocate_tensors()
        except (ValueError, RuntimeError) as error:
            reason = " ".join(str(error).split())
            raise ModelError(
                f"{printable(model)}: cannot be run ({reason}); delete it to have it made again"
            ) from None
        self._input = self._interpreter.get_input_details()[0]["index"]
        self._outputs = [detail["index"] for detail in self._interpreter.get_output_details()]

    def run(self, image: FloatArray) -> list[FloatArray]:
        """The network's outputs, in the order of its heads, for one input of the shape compiled for."""
        self._interpreter.set_tensor(self._input, image)
        self._interpreter.invoke()
        return [self._interpreter.get_tensor(index) for index in self._outputs]
