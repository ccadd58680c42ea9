"""Networks whose results in bf16 were measured to be those of float32, within the bounds that docs state."""

from __future__ import annotations

from pathlib import Path

from pipeline.models.hash import model_sha256

_PROVEN = frozenset(
    {
        "dccea06f59b781ec1234ddf8d1e94b9519a97f4245748a7d4db75d5b7080a42c",  # yolov3-tiny
    }
)
"""SHA-256 of the files of weights. docs/performance.md has the measurements, and the bounds: AP50 changes by
at most 0.3 points on 64 photos of COCO, and each detection above 0.5 has its like, IoU 0.9, confidence within
0.03."""


def is_proven_in_bf16(weights: Path) -> bool:
    """Whether `precision: auto` may mean bf16 for the network with this file of weights.

    Raises: ModelError: the file cannot be read.
    """
    return model_sha256(weights) in _PROVEN
