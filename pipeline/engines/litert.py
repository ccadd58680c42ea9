"""Run networks in LiteRT on one thread."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray

from pipeline.errors import ModelError
from pipeline.text import printable

FloatArray = NDArray[np.float32]


class LiteRtEngine:
    """A LiteRT flatbuffer, whose file is mapped into memory and shared between processes.

    Args:
        model: path of the `.tflite` file.
        stride: of a network whose input may have any multiple of it as its sides, see `NetworkCfg.stride`.
            The engine is then set up for the smallest input, so that processes forked off this one share the
            packed weights and have few buffers to copy.
    Raises: ModelError: the engine does not accept the file.
    """

    def __init__(self, model: Path, stride: int | None = None) -> None:
        try:
            # bytes, because the library rejects a `str` that is not UTF-8
            self._interpreter = Interpreter(model_path=os.fsencode(model), num_threads=1)
            details = self._interpreter.get_input_details()[0]
            self._input = details["index"]
            self._set_up(tuple(details["shape"]) if stride is None else (1, stride, stride, 3))
        except (ValueError, RuntimeError) as error:
            reason = " ".join(str(error).split())
            raise ModelError(
                f"{printable(model)}: cannot be run ({reason}); delete it to have it made again"
            ) from None
        self._outputs = [detail["index"] for detail in self._interpreter.get_output_details()]

    def run(self, image: FloatArray) -> list[FloatArray]:
        """Run the network on one input; returns its outputs in the order of its heads.

        Args:
            image: of the compiled shape, or of another size if the network has a `stride`. A change of size
                keeps the packed weights but computes all addresses again, a tenth of yolov3-tiny's time.
        Raises: MemoryError: there is no room for buffers of that size.
        """
        if image.shape != self._shape:
            try:
                self._set_up(image.shape)
            except RuntimeError as error:
                raise MemoryError(f"the network's buffers for {image.shape[1:3]}: {error}") from None
        self._interpreter.set_tensor(self._input, image)
        self._interpreter.invoke()
        return [self._interpreter.get_tensor(index) for index in self._outputs]

    def _set_up(self, shape: tuple[int, ...]) -> None:
        self._shape: tuple[int, ...] = ()  # if anything fails, the next run sets up again
        self._interpreter.resize_tensor_input(self._input, shape)
        self._interpreter.allocate_tensors()
        self._shape = shape
