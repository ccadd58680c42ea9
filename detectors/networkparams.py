"""What the files of a network need to know of a deep detector's params."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, Protocol

from detectors.onnx.choices import Device, FamilyName
from pipeline.component import Problem

Resize = Literal["auto", "letterbox", "stretch", "darknet"]
Precision = Literal["float32", "int8"]


class NetworkParams(Protocol):
    """The params of a `deepdetector` that concern its network; see `DeepDetectorParams` for their meaning."""

    model: str
    weights: str | None
    labels: str | None
    precision: Precision
    resize: Resize
    family: FamilyName
    device: Device


def iter_unfit_if_compiled(params: NetworkParams) -> Iterator[Problem]:
    """Params that are for ONNX networks, where the network is one that is compiled."""
    if params.family != "auto":
        yield Problem("family", f"{params.family} is for an .onnx file; leave it out")
    if params.device not in ("auto", "cpu"):
        yield Problem("device", f"{params.device} is for an .onnx file; leave it out: this runs on the CPU")
