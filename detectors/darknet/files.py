"""The files of a Darknet network, and checks of them; imports nothing heavy."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Self

from detectors.classnames import find_class_names, read_class_names
from detectors.darknet.cfg import read_cfg
from detectors.darknet.networkcfg import NetworkCfg
from detectors.darknet.treefile import read_parents, tree_file
from detectors.darknet.weightsfile import check_weights, read_header
from detectors.networkparams import NetworkParams, iter_unfit_if_compiled
from pipeline.component import Problem
from pipeline.errors import ModelError
from pipeline.models.files import resolve_darknet

if TYPE_CHECKING:
    from detectors.darknet.yolonetwork import YoloNetwork

Part = Literal["model", "weights", "labels"]


@dataclass(frozen=True, slots=True)
class DarknetFiles:
    """See `networkfiles.NetworkFiles`: the .cfg, the .weights, and the .names beside the .cfg, if any."""

    cfg: Path
    weights: Path
    names: Path | None

    @staticmethod
    def iter_unfit(params: NetworkParams) -> Iterator[Problem]:
        """Params that are for ONNX networks, and 8-bit weights for an engine that has none."""
        yield from iter_unfit_if_compiled(params)
        if params.precision == "int8" and params.engine in ("onnxruntime", "openvino"):
            yield Problem("engine", f"{params.engine} runs no int8 of Darknet's; leave one of both out")
        if params.precision == "bf16" and params.engine in ("litert", "onnxruntime"):
            yield Problem("engine", f"{params.engine} has no bf16; leave one of both out")

    @classmethod
    def find(cls, model: str, weights: str | None) -> Self:
        """The files, by `resolve_darknet`."""
        return cls(*resolve_darknet(model, weights))

    def iter_problems(self, params: NetworkParams) -> Iterator[Problem]:
        """Each mistake, with the param that names the file."""
        labels = Path(params.labels) if params.labels else None
        for part, sentence in self.iter_mistakes(labels):
            if part == "labels" and labels is not None and not labels.is_file():
                continue  # the detector reports that
            beside = part == "weights" and params.weights is None
            yield Problem("model" if beside else part, sentence)

    def iter_mistakes(self, labels: Path | None) -> Iterator[tuple[Part, str]]:
        """Each mistake as a sentence, with the file that has it; `opening.open_darknet` raises the first.

        Args:
            labels: the file of class names that the params give.
        """
        try:
            network = read_cfg(self.cfg)
        except ModelError as error:
            yield "model", str(error)
            yield from _mistakes("weights", read_header, self.weights)
            return
        yield from _mistakes("weights", check_weights, self.weights, network)
        yield from _mistakes("model", _check_tree, network, self.cfg)
        names = labels or self.names_file()
        yield from _mistakes("labels", read_class_names, names, network.classes, network.where)

    def try_opening(self, params: NetworkParams) -> None:
        """Nothing: `iter_problems` finds all mistakes, and opening may compile for minutes."""

    def paths(self, labels: Path | None) -> tuple[Path, ...]:
        """The .cfg, the .weights, the tree of classes if there is one, and the class names."""
        names = labels or self.names_file()
        return (self.cfg, self.weights, *self._tree(), *((names,) if names else ()))

    def results_version(self) -> int:
        """1: nothing has changed since version 1.0.0."""
        return 1

    def names_file(self) -> Path | None:
        """The .names beside the .cfg, or Darkflow's `labels.txt`."""
        return find_class_names(self.cfg, self.names)

    def stated_names(self) -> None:
        """None: the class names stand in `names_file`."""
        return

    def open(self, params: NetworkParams) -> YoloNetwork:
        """Load the network; compile it first if the cache does not hold it whole."""
        from detectors.darknet.opening import open_darknet

        labels = Path(params.labels) if params.labels else self.names_file()
        return open_darknet(self.cfg, self.weights, labels, params.precision, params.engine)

    def _tree(self) -> tuple[Path, ...]:
        """The file of the tree of classes, if there is one; `iter_mistakes` checks the .cfg itself."""
        try:
            tree = tree_file(read_cfg(self.cfg), self.cfg)
        except ModelError:
            return ()
        return () if tree is None else (tree,)


def _mistakes(part: Part, check: Callable[..., object], *arguments: object) -> Iterator[tuple[Part, str]]:
    """The sentence of the ModelError that a check raises, if it does."""
    try:
        check(*arguments)
    except ModelError as error:
        yield part, str(error)


def _check_tree(network: NetworkCfg, cfg: Path) -> None:
    path = tree_file(network, cfg)
    if path is not None:
        read_parents(path, network.classes, network.where)
