"""Networks of ArcFace's kind, as ONNX files: aligned face of 112 x 112 pixels -> descriptor.

Any network that was trained on faces aligned as ArcFace's can be used (Deng et al., CVPR 2019).
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.engines.listedweights import without_listed_weights
from pipeline.errors import ModelError
from pipeline.host.libraries import configure
from pipeline.host.timelimit import time_limit
from pipeline.text import printable
from recognizers.faces.faceimage import PixelArray, scaled, with_margin
from recognizers.networks.alignment import TEMPLATE_SIDE_PX, aligned
from recognizers.networks.base import DescriptorArray, ImpostorDistances
from recognizers.networks.engines import FloatArray, Run, chosen_engine, in_openvino_runtime
from recognizers.networks.probe import Probe

configure()  # ONNX Runtime reads its environment when it is imported
import onnxruntime  # noqa: E402

_MOST_BYTES = 1 << 30
_TRIAL_S = 60.0
"""A network that takes longer than this for one face is refused."""
_NORMALIZES_ITSELF = b"_minusscalar0"
"""Occurs in files that MXNet wrote, such as InsightFace's early ones, which take pixels of 0 to 255."""
_GIVE = "give a network that takes one face of 112 x 112 pixels in colour and returns a row of numbers"
_MARGIN = 0.1
"""A detector's box with this margin shows about as much as ArcFace's square."""

UNIT_IMPOSTORS = ImpostorDistances(1.25, 0.08)
"""For descriptors of length 1: those of different people are nearly orthogonal, 1.41 apart, and the nearest
of a few is nearer. An estimate, not measured on a particular network; the training set outweighs it."""


def face_square(probe: Probe) -> PixelArray:
    """Return the face aligned by its landmarks, or its box with a margin if there are none: (112, 112, 3)."""
    if probe.points is not None:
        return aligned(probe.rgb, probe.points, TEMPLATE_SIDE_PX, 0.0)
    height, width = probe.rgb.shape[:2]
    seen = with_margin(probe.box, _MARGIN).clipped((width, height))
    return scaled(probe.rgb[seen.y1 : seen.y2, seen.x1 : seen.x2], (TEMPLATE_SIDE_PX, TEMPLATE_SIDE_PX))


def unit_descriptor(values: Any, shown: str) -> DescriptorArray:
    """Normalize a network's output to (D,) float32 of length 1.

    Raises: ModelError: it holds NaN or infinity.
    """
    row = np.asarray(values, dtype=np.float32).ravel()
    length = float(np.linalg.norm(row))
    if not np.isfinite(length):
        raise ModelError(
            f"{shown}: its output holds values that are not numbers; give a network that describes faces"
        )
    return row / length if length else row


class ArcFace:
    """A network in ONNX Runtime or OpenVINO, on one thread.

    Args:
        path: of the .onnx file, which contains all weights.
    Raises: ModelError: ONNX Runtime cannot load it, or it is not a network of this kind.
    """

    side_px = TEMPLATE_SIDE_PX
    aligns_itself = False
    impostors = UNIT_IMPOSTORS

    def __init__(self, path: Path) -> None:
        self._shown = printable(path)
        self._run: Run = self._in_onnx_runtime
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 4
        try:
            with open(path, "rb") as stream:
                size = os.fstat(stream.fileno()).st_size  # `read` allocates what it is asked for at once
                if size > _MOST_BYTES:
                    raise ModelError(f"{self._shown}: is larger than 1 GB; give a network for faces")
                content = stream.read(size)
            model = without_listed_weights(path) or content
            self._session = onnxruntime.InferenceSession(model, options, ["CPUExecutionProvider"])
            self._channels_last, self._input = self._checked_input()
            self._pixels = _NORMALIZES_ITSELF in content
            size = self._tried().size
        except OSError as error:
            raise ModelError(f"{self._shown}: cannot be read ({error.strerror})") from None
        except ModelError:
            raise
        except Exception as error:  # ONNX Runtime's own exceptions have no common base
            reason = printable(" ".join(str(error).split())[:200])
            raise ModelError(f"{self._shown}: ONNX Runtime cannot use it ({reason})") from None
        if size < 2:
            raise ModelError(f"{self._shown}: returns one number per face; {_GIVE}")
        if chosen_engine(path, ("onnxruntime",), self._input, self._shape()) == "openvino":
            self._run = in_openvino_runtime(path, self._input)
            del self._session

    def describe(self, probe: Probe) -> DescriptorArray:
        """Return the descriptor: (D,) float32 of length 1."""
        square = face_square(probe).astype(np.float32)
        if not self._pixels:
            square = (square - 127.5) / 127.5
        picture = square if self._channels_last else square.transpose(2, 0, 1)
        return unit_descriptor(self._run(np.ascontiguousarray(picture[None])), self._shown)

    def _in_onnx_runtime(self, face: FloatArray) -> FloatArray:
        return np.asarray(self._session.run(None, {self._input: face})[0], dtype=np.float32)

    def _shape(self) -> tuple[int, ...]:
        side = TEMPLATE_SIDE_PX
        return (1, side, side, 3) if self._channels_last else (1, 3, side, side)

    def _tried(self) -> DescriptorArray:
        """Describe a blank picture, or raise if that takes longer than `_TRIAL_S`."""
        options = onnxruntime.RunOptions()
        with time_limit(_TRIAL_S, lambda: setattr(options, "terminate", True)):
            answer = self._session.run(None, {self._input: np.zeros(self._shape(), np.float32)}, options)[0]
        return unit_descriptor(answer, self._shown)

    def _checked_input(self) -> tuple[bool, str]:
        """Return whether the network takes pictures as (height, width, 3), and its input's name.

        Raises: ModelError: its input or output has another shape.
        """
        inputs, outputs = self._session.get_inputs(), self._session.get_outputs()
        sides = inputs[0].shape if len(inputs) == 1 else []
        if len(sides) == 4 and inputs[0].type == "tensor(float)" and len(outputs[0].shape) == 2:
            channels_last = sides[3] == 3
            side = TEMPLATE_SIDE_PX
            wanted = (1, side, side, 3) if channels_last else (1, 3, side, side)
            known = ((got, want) for got, want in zip(sides, wanted, strict=True) if isinstance(got, int))
            if all(got == want for got, want in known):
                return channels_last, str(inputs[0].name)
        shown = printable(", ".join(f"{port.name} {port.shape}" for port in (*inputs, *outputs)))
        raise ModelError(f"{self._shown}: its inputs and outputs are {shown}; {_GIVE}")
