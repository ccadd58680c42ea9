"""Params of a deep detector that networks which are compiled have no use for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from pipeline.component import Problem

if TYPE_CHECKING:
    from detectors.deepdetector import DeepDetectorParams


def iter_unfit(params: DeepDetectorParams) -> Iterator[Problem]:
    """Params that are for ONNX networks."""
    if params.family != "auto":
        yield Problem("family", f"{params.family} is for an .onnx file; leave it out")
    if params.device not in ("auto", "cpu"):
        yield Problem("device", f"{params.device} is for an .onnx file; leave it out: this runs on the CPU")
