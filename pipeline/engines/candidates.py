"""Engines and precisions in which a network may run."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, get_args

from pipeline.engines.names import EngineName
from pipeline.engines.proven import proven_precisions
from pipeline.errors import ModelError
from pipeline.host.command import install_command
from pipeline.host.libraries import can_use_openvino
from pipeline.host.processor import this_processor
from pipeline.text import printable

ENGINE_VARIABLE = "DEEPVISUALMINER_ENGINE"
"""Environment variable that names the engine where a pipeline file says `auto`."""
NAMES = {"litert": "LiteRT", "onnxruntime": "ONNX Runtime", "openvino": "OpenVINO", "opencv": "OpenCV"}


class Candidate(NamedTuple):
    """An engine and the precision of its arithmetic."""

    engine: str
    precision: str

    def __str__(self) -> str:
        return f"{self.engine} {self.precision}"

    @property
    def words(self) -> str:
        """For people."""
        return NAMES[self.engine] if self.precision == "float32" else f"{NAMES[self.engine]} {self.precision}"


def wanted_engine(name: EngineName) -> tuple[str | None, bool]:
    """The engine that the user wants, and whether a network that it does not run is an error.

    Args:
        name: as in the pipeline file.
    Returns: None if the program is to choose.
    Raises: ModelError: the environment variable names no engine.
    """
    if name != "auto":
        return name, True
    word = os.environ.get(ENGINE_VARIABLE) or "auto"
    if word not in get_args(EngineName):
        raise ModelError(
            f'{ENGINE_VARIABLE}="{printable(word)}": expected one of {", ".join(get_args(EngineName))}'
        )
    return (None if word == "auto" else word), False


def in_openvino(precision: str, weights: Path) -> Iterator[Candidate]:
    """What OpenVINO offers here.

    Args:
        precision: as in the pipeline file.
        weights: the network's file of weights.
    """
    if can_use_openvino():
        if precision in ("auto", "float32"):
            yield Candidate("openvino", "float32")
        is_allowed = precision == "bf16" or (precision == "auto" and "bf16" in proven_precisions(weights))
        if is_allowed and this_processor().has_bfloat16:
            yield Candidate("openvino", "bf16")


def fitting(
    candidates: Sequence[Candidate], name: EngineName, precision: str, shown: str
) -> tuple[Sequence[Candidate], bool]:
    """Keep the candidates that the user wants.

    Args:
        candidates: that run the network here, the preferred one first.
        name, precision: as in the pipeline file.
        shown: the network's file, for error sentences.
    Returns: at least one, and whether the program is to choose among them by their speed.
    Raises: ModelError: there is none; says why.
    """
    wanted, is_strict = wanted_engine(name)
    kept = [one for one in candidates if wanted in (None, one.engine)]
    if kept:
        return kept, wanted is None or len(kept) > 1
    if candidates and not is_strict:
        return candidates, False
    raise ModelError(f"{shown}: {_why_none(wanted, precision)}")


def _why_none(wanted: str | None, precision: str) -> str:
    if wanted in ("openvino", None) and not can_use_openvino():
        return f"OpenVINO is not installed; type: {install_command('openvino')}"
    if precision == "bf16" and not this_processor().has_bfloat16:
        return f"this processor ({this_processor().name}) has no bf16; write precision: float32"
    return f"{NAMES.get(str(wanted), 'no engine')} does not run it with precision {precision}"
