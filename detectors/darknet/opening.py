"""Darknet's files -> a network at work: description, class names, tree of classes, compiled network."""

from __future__ import annotations

from pathlib import Path

from detectors.classnames import read_class_names
from detectors.compilecache import Compiler, Precision, compiled, open_compiled
from detectors.darknet.cfg import read_cfg
from detectors.darknet.files import DarknetFiles
from detectors.darknet.tree import read_tree
from detectors.darknet.treefile import tree_file
from detectors.darknet.weightsfile import check_weights
from detectors.yolonetwork import YoloNetwork

COMPILER = Compiler("detectors.darknet.compile", version="4")


def compiled_network(cfg: Path, weights: Path, precision: Precision) -> Path:
    """The flatbuffer of a network, without loading it; see `compilecache.compiled`.

    Args:
        cfg, weights: the pair of files.
        precision: `float32` or `int8`.
    Raises: ModelError: the files are damaged or do not fit, or the cache cannot be written.
    """
    check_weights(weights, read_cfg(cfg))
    return compiled(COMPILER, (cfg, weights), precision)


def open_darknet(files: DarknetFiles, labels: Path | None, precision: Precision) -> YoloNetwork:
    """Load a Darknet network; compiles it if the cache does not hold it whole.

    Args:
        files: the .cfg and .weights, and the .names where one lies beside them.
        labels: a file of class names that goes before all others.
        precision: of the weights.
    Raises: ModelError: a file is damaged, not supported, or does not belong to the others.
    """
    network = read_cfg(files.cfg)
    names = read_class_names(labels or files.names_file(), network.classes, network.where)
    tree_path = tree_file(network, files.cfg)
    tree = read_tree(tree_path, network.classes, network.where) if tree_path else None
    check_weights(files.weights, network)
    return open_compiled(
        COMPILER,
        (files.cfg, files.weights),
        precision,
        lambda compiled: YoloNetwork(network, compiled, names, tree=tree, stride=network.stride),
    )
