"""What is wrong with the files of a Darknet network, found before anything is mined; nothing heavy."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

from detectors.classnames import find_class_names, read_class_names
from detectors.darknet.cfg import read_cfg
from detectors.darknet.networkcfg import NetworkCfg
from detectors.darknet.treefile import read_parents, tree_file
from detectors.darknet.weightsfile import check_weights, read_header
from pipeline.errors import ModelError
from pipeline.models.files import DarknetFiles

Part = Literal["model", "weights", "labels"]


def iter_mistakes(files: DarknetFiles, labels: Path | None) -> Iterator[tuple[Part, str]]:
    """Each mistake as a sentence, with the param that names what is wrong.

    Args:
        files, labels: as for `opening.open_darknet`, which raises the first of these.
    """
    try:
        network = read_cfg(files.cfg)
    except ModelError as error:
        yield "model", str(error)
        yield from _mistakes("weights", read_header, files.weights)
        return
    yield from _mistakes("weights", check_weights, files.weights, network)
    yield from _mistakes("model", _check_tree, network, files.cfg)
    names = labels or find_class_names(files.cfg, files.names)
    yield from _mistakes("labels", read_class_names, names, network.classes, network.where)


def _mistakes(part: Part, look: Callable[..., object], *arguments: object) -> Iterator[tuple[Part, str]]:
    """What a look says, if it finds something wrong."""
    try:
        look(*arguments)
    except ModelError as error:
        yield part, str(error)


def _check_tree(network: NetworkCfg, cfg: Path) -> None:
    path = tree_file(network, cfg)
    if path is not None:
        read_parents(path, network.classes, network.where)
