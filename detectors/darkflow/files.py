"""The files of a Darkflow network."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

from detectors.classnames import read_class_names
from detectors.darkflow.meta import read_meta
from detectors.networkparams import NetworkParams, iter_unfit_if_compiled
from pipeline.component import Problem
from pipeline.errors import ModelError
from pipeline.text import printable

if TYPE_CHECKING:
    from detectors.darknet.yolonetwork import YoloNetwork


@dataclass(frozen=True, slots=True)
class DarkflowFiles:
    """See `networkfiles.NetworkFiles`: the frozen graph and its description."""

    graph: Path
    meta: Path

    @staticmethod
    def iter_unfit(params: NetworkParams) -> Iterator[Problem]:
        """Params that are for other networks."""
        yield from iter_unfit_if_compiled(params)
        if params.engine == "onnxruntime":
            yield Problem("engine", "onnxruntime does not run Darkflow's networks; leave it out")
        if params.precision == "int8" and params.engine == "openvino":
            yield Problem("engine", "openvino runs no int8 of Darkflow's; leave one of both out")
        if params.precision == "bf16" and params.engine == "litert":
            yield Problem("engine", "litert has no bf16; leave one of both out")

    @classmethod
    def find(cls, model: str, weights: str | None) -> Self:
        """Find the files of a Darkflow network.

        Args:
            model: the path of the .pb; the .meta of the same name must lie beside it.
            weights: None; a .pb holds its own.
        Returns: files that exist.
        Raises: ModelError: one is missing, or weights are given.
        """
        if weights is not None:
            raise ModelError(
                f'{printable(weights)}: a .pb file holds its weights itself; leave "weights" out'
            )
        graph = Path(model)
        meta = graph.with_suffix(".meta")
        for path, remedy in (
            (graph, "give the path of a .pb file that Darkflow saved (flow --savepb)"),
            (meta, f"Darkflow saves it with {printable(graph.name)}; put it beside that"),
        ):
            if not path.is_file():
                raise ModelError(f"{printable(path)}: there is no such file; {remedy}")
            if not os.access(path, os.R_OK):
                raise ModelError(
                    f"{printable(path)}: you have no permission to read it; change its permissions"
                )
        return cls(graph, meta)

    def iter_problems(self, params: NetworkParams) -> Iterator[Problem]:
        """Check the description; the graph can only be read with TensorFlow."""
        try:
            network, _ = read_meta(self.meta)
        except ModelError as error:
            yield Problem("model", str(error))
            return
        if params.labels is not None and Path(params.labels).is_file():
            try:
                read_class_names(Path(params.labels), network.classes, network.where)
            except ModelError as error:
                yield Problem("labels", str(error))

    def try_opening(self, params: NetworkParams) -> None:
        """Nothing: `iter_problems` finds all mistakes, and opening may compile for minutes."""

    def paths(self, labels: Path | None) -> tuple[Path, ...]:
        """The graph, its description, and the class names that params give."""
        return (self.graph, self.meta, *((labels,) if labels else ()))

    def results_version(self) -> int:
        """1: nothing has changed since version 1.0.0."""
        return 1

    def names_file(self) -> None:
        """None: class names are in the description."""
        return

    def stated_names(self) -> None:
        """None: the class names stand in `names_file`."""
        return

    def open(self, params: NetworkParams) -> YoloNetwork:
        """Load the network; compile it first if the cache does not hold it whole."""
        from detectors.darkflow.opening import open_darkflow

        labels = Path(params.labels) if params.labels else None
        return open_darkflow(self.graph, self.meta, labels, params.precision, params.engine)
