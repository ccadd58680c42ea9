"""Run an ONNX network on regions of a frame; returns scored boxes in those regions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from detectors.boxes import FloatArray, suppress_boxes, suppress_scores
from detectors.onnx.engines import chosen_runner
from detectors.onnx.family import Decoded, Placing
from detectors.onnx.modelfile import read_model_info
from detectors.onnx.names import network_names
from detectors.onnx.opening import Opened, open_network, size_limit, size_values
from detectors.onnx.preparing import Fitting, fit, prepare
from detectors.onnx.shapes import SIZE_INPUT, check_inputs, input_size, picture_port
from detectors.onnxchoices import Device, FamilyName
from pipeline.detections import Box
from pipeline.engines.names import EngineName, Precision
from pipeline.errors import ModelError
from pipeline.frame import Frame
from pipeline.text import printable

Resize = Literal["auto", "letterbox", "stretch", "darknet"]

_HARDLY_PX = 0.01
"""A box must cover more of a pixel than this to include it; arithmetic is not more exact."""


class OnnxNetwork:
    """A detector of an `.onnx` file; it is loaded, run once and its family recognized.

    Args:
        path: the file.
        family: as in the pipeline file.
        device: where it runs.
        labels: a file of class names; None: see `network_names`.
        precision, engine: as in the pipeline file.
    Raises: ModelError: the file is damaged, unsuitable or of no known family, or has no class names.
    """

    def __init__(
        self,
        path: Path,
        *,
        family: FamilyName,
        device: Device,
        labels: Path | None,
        precision: Precision = "float32",
        engine: EngineName = "auto",
    ) -> None:
        info = read_model_info(path)
        check_inputs(info)
        opened = open_network(info, family, device)
        self._engine, chosen = chosen_runner(info, opened, precision, engine)
        self._runs_on = opened.engine.device if chosen.engine == "onnxruntime" else "CPU"
        self._output_format = opened.output_format
        self._varies, self._stride = opened.varies, opened.stride
        self._port = picture_port(opened.seen)
        self._size_port = next((port for port in opened.seen.inputs if port.name == SIZE_INPUT), None)
        self._batch = self._port.shape[0] or 1
        self._limit_wh = size_limit(info, self._output_format.preparation)
        self.names = network_names(opened.seen, self._output_format, labels)
        self._check_decoding(opened)

    @property
    def device(self) -> str:
        """ONNX Runtime's name of the device that runs it, such as `CPU`."""
        return self._runs_on

    @property
    def forkable(self) -> bool:
        """Whether processes may be forked off one that holds it; not if it uses an accelerator."""
        return self.device == "CPU"

    @property
    def description(self) -> str:
        """Family, size, classes and device, for messages."""
        width, height = self._limit_wh
        size = f"{'up to ' if self._varies else ''}{width} x {height}"
        return f"{self._output_format.family}, {size}, {len(self.names)} classes, on {self.device}"

    def needed_wh(self, full_wh: tuple[int, int], resize: Resize) -> tuple[int, int]:
        """The size of a whole frame on the network's input."""
        return self._fit(Box(0, 0, *full_wh), resize).fitted_wh

    def iter_boxes(
        self, frame: Frame, regions: Sequence[Box], *, threshold: float, nms: float, resize: Resize
    ) -> Iterator[tuple[Box, FloatArray, FloatArray]]:
        """Find boxes in each region.

        Args:
            frame: the pixels.
            regions: not empty, inside the frame.
            threshold: scores at or below it are 0.
            nms: IoU above which the weaker of two boxes of a class is dropped; not used if the network itself
                suppresses boxes.
            resize: how a picture is fitted into the input; `auto`: as the network was trained.
        Returns: each region with its boxes, (N, 4) `xyxy`, the whole pixels that they touch, not clipped,
            and their scores, (N, C).
        """
        fitted = [(region, self._fit(region, resize)) for region in regions]
        for start in range(0, len(fitted), self._batch):
            part = fitted[start : start + self._batch]
            outputs = self._engine.run(self._feeds(frame, part))
            for index, (region, fitting) in enumerate(part):
                decoded = self._decode(outputs, index, fitting.input_wh, threshold)
                unnamed = range(len(self.names), decoded.scores.shape[1])
                self.names += tuple(f"class {class_id}" for class_id in unnamed)
                yield region, *self._in_region(decoded, fitting, nms)

    def _fit(self, region: Box, resize: Resize) -> Fitting:
        placing: Placing = self._output_format.preparation.placing
        if placing == "fit" and not self._varies:  # the input has one size
            placing = "stretch"
        if resize == "stretch":
            placing = "stretch"
        elif resize == "letterbox" and placing not in ("center", "corner"):
            placing = "center"
        return fit((region.width, region.height), self._limit_wh, placing, self._stride)

    def _feeds(self, frame: Frame, part: Sequence[tuple[Box, Fitting]]) -> dict[str, NDArray[Any]]:
        pixels = prepare(frame, part, self._output_format.preparation, self._port, self._batch)
        feeds = {self._port.name: pixels}
        if self._size_port is not None:
            feeds[self._size_port.name] = size_values(self._size_port, part[0][1].input_wh, self._batch)
        return feeds

    def _decode(
        self, outputs: Mapping[str, NDArray[Any]], index: int, input_wh: tuple[int, int], threshold: float
    ) -> Decoded:
        """Decode one picture of the batch; the background's scores are left out."""
        output_format = self._output_format
        decoded = output_format.decode(output_format.pick(outputs, index), input_wh, threshold)
        if output_format.background:
            return decoded._replace(scores=decoded.scores[:, : len(self.names)])
        return decoded

    def _in_region(self, decoded: Decoded, fitting: Fitting, nms: float) -> tuple[FloatArray, FloatArray]:
        finite = np.isfinite(decoded.xyxy).all(axis=1)
        xyxy = fitting.to_picture(decoded.xyxy[finite])
        xyxy = np.clip(xyxy, -1e6, 1e6)  # beyond any picture, but convertible to integers
        scores = np.minimum(decoded.scores[finite], np.float32(1))
        if self._output_format.suppression != "none":
            suppress = suppress_boxes if self._output_format.suppression == "best class" else suppress_scores
            scores = suppress(xyxy, scores, nms)
        # Rounding to the nearest pixel would make the smallest boxes empty and cost half a point of AP50.
        low, high = np.floor(xyxy[:, :2] + _HARDLY_PX), np.ceil(xyxy[:, 2:] - _HARDLY_PX)
        return np.concatenate((low, high), axis=1), scores

    def _check_decoding(self, opened: Opened) -> None:
        """Decode the trial's outputs, so that a graph that only resembles its family is refused at once.

        Raises: ModelError: they cannot be decoded.
        """
        try:
            for index in range(self._batch):
                self._decode(opened.outputs, index, input_size(opened.seen), 0.5)
        except (KeyError, IndexError, TypeError, ValueError):
            shown, in_words = printable(opened.seen.file), printable(opened.seen.outputs_in_words)
            raise ModelError(
                f"{shown}: its outputs are {in_words}, and those of {self._output_format.family} have other "
                'sizes or types; say what it is by "family:", or export it again'
            ) from None
