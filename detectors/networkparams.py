"""The params of a deep detector that concern its network's files."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Literal, Protocol

from detectors.onnxchoices import Device, FamilyName
from pipeline.component import Problem
from pipeline.engines.names import EngineName, Precision

Resize = Literal["auto", "letterbox", "stretch", "darknet"]


class NetworkParams(Protocol):
    """Params of a `deepdetector`; `DeepDetectorParams` describes them."""

    model: str
    weights: str | None
    labels: str | None
    precision: Precision
    resize: Resize
    family: FamilyName
    device: Device
    engine: EngineName


def iter_unfit_if_compiled(params: NetworkParams) -> Iterator[Problem]:
    """Params for ONNX networks, which a compiled network does not use."""
    if params.family != "auto":
        yield Problem("family", f"{params.family} is for an .onnx file; leave it out")
    if params.device not in ("auto", "cpu"):
        yield Problem("device", f"{params.device} is for an .onnx file; leave it out: this runs on the CPU")


def as_float32(value: float) -> float:
    """The float32 next to a number, with which networks' scores are compared."""
    return float(struct.unpack("<f", struct.pack("<f", value))[0])
