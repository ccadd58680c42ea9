"""Networks whose results in reduced precision were measured; `precision: auto` uses it for no others."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from pipeline.models.hash import model_sha256

Reduced = Literal["bf16", "int8"]

_PROVEN: Mapping[str, frozenset[Reduced]] = {
    # yolov3-tiny
    "dccea06f59b781ec1234ddf8d1e94b9519a97f4245748a7d4db75d5b7080a42c": frozenset({"bf16", "int8"}),
}
"""SHA-256 of a file of weights -> the precisions in which the network finds the same on 64 photos of COCO.
bf16: AP50 changes by at most 0.3 points, and each detection above 0.5 has its like, with an IoU of 0.9 and
confidences within 0.03. int8: AP50 falls by at most 1 point. docs/performance.md has the measurements."""


def proven_precisions(weights: Path) -> frozenset[Reduced]:
    """The reduced precisions that `precision: auto` may use for the network with this file of weights.

    Raises: ModelError: the file cannot be read.
    """
    return _PROVEN.get(model_sha256(weights), frozenset())
