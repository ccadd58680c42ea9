"""The files of an ONNX network."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

from detectors.networkparams import NetworkParams
from detectors.onnx.modelfile import files_of, read_model_info
from detectors.onnx.shapes import check_inputs, is_yunet, results_version
from detectors.onnx.statednames import stated_names
from pipeline.component import Problem
from pipeline.errors import ModelError
from pipeline.models.files import resolve_onnx
from pipeline.text import printable

if TYPE_CHECKING:
    from detectors.onnx.network import OnnxNetwork

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class OnnxFiles:
    """See `networkfiles.NetworkFiles`; the model's file names those of its weights that lie beside it."""

    model: Path

    @staticmethod
    def iter_unfit(params: NetworkParams) -> Iterator[Problem]:
        """Params that are for networks that are compiled."""
        if params.weights is not None:
            shown = printable(params.model)
            yield Problem("weights", f"{shown}: an ONNX network has its weights in it; leave them out")
        if params.precision == "int8":
            yield Problem("precision", "int8 is for Darknet's networks; give an .onnx of 8-bit weights")
        if params.precision == "bf16" and params.engine == "onnxruntime":
            yield Problem("engine", "onnxruntime has no bf16; leave one of both out")
        if params.engine == "litert":
            yield Problem("engine", "litert does not run an .onnx; leave it out")
        if params.engine == "openvino" and params.device not in ("auto", "cpu"):
            yield Problem("engine", f"openvino does not run on {params.device}; leave one of both out")
        if params.resize == "darknet":
            yield Problem(
                "resize", "darknet is for Darknet's networks; leave it out, or write letterbox or stretch"
            )

    @classmethod
    def find(cls, model: str, weights: str | None) -> Self:
        """The file; weights of its own would be a mistake that `iter_unfit` reports."""
        return cls(resolve_onnx(model))

    def iter_problems(self, params: NetworkParams) -> Iterator[Problem]:
        """What the file says of itself that cannot be run."""
        try:
            info = read_model_info(self.model)
            if is_yunet(info):
                yield Problem(
                    "model", f"{printable(self.model)}: YuNet finds faces; write type: facedetector"
                )
                return
            check_inputs(info)
        except ModelError as error:
            yield Problem("model", str(error))

    def try_opening(self, params: NetworkParams) -> None:
        """Open it: only its first run shows its family, and with it how many classes it has."""
        self.open(params)

    def paths(self, labels: Path | None) -> tuple[Path, ...]:
        """The file, its weights, and the class names beside it."""
        return (*files_of(self.model), *((labels,) if labels else ()))

    def results_version(self) -> int:
        """Greater than 1 for networks whose results have changed since version 1.0.0."""
        return results_version(read_model_info(self.model))

    def names_file(self) -> None:
        """None: class names may be in the network itself."""
        return

    def stated_names(self) -> Sequence[str] | None:
        """Those in its metadata or beside it; COCO's of a network of the catalogue."""
        return stated_names(self.model)

    def open(self, params: NetworkParams) -> OnnxNetwork:
        """The network, loaded and run once."""
        from detectors.onnx.network import OnnxNetwork

        labels = Path(params.labels) if params.labels else None
        network = OnnxNetwork(
            self.model,
            family=params.family,
            device=params.device,
            labels=labels,
            precision=params.precision,
            engine=params.engine,
        )
        _log.debug("%s: %s", params.model, network.description)
        return network
