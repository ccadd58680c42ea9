"""Darknet's files -> a network at work: description, class names, tree of classes, compiled network."""

from __future__ import annotations

from pathlib import Path

from detectors.classnames import find_class_names, read_class_names
from detectors.compilecache import Precision, open_compiled
from detectors.darknet.cfg import read_cfg
from detectors.darknet.compiled import COMPILER
from detectors.darknet.tree import read_tree
from detectors.darknet.treefile import tree_file
from detectors.darknet.weightsfile import check_weights
from detectors.yolonetwork import YoloNetwork
from pipeline.models.files import DarknetFiles


def open_darknet(files: DarknetFiles, labels: Path | None, precision: Precision) -> YoloNetwork:
    """Load a Darknet network; compiles it if the cache does not hold it whole.

    Args:
        files: the .cfg and .weights, and the .names where one lies beside them.
        labels: a file of class names that goes before all others.
        precision: of the weights.
    Raises: ModelError: a file is damaged, not supported, or does not belong to the others.
    """
    network = read_cfg(files.cfg)
    file = labels or find_class_names(files.cfg, files.names)
    names = read_class_names(file, network.classes, network.where)
    tree_path = tree_file(network, files.cfg)
    tree = read_tree(tree_path, network.classes, network.where) if tree_path else None
    check_weights(files.weights, network)
    return open_compiled(
        COMPILER,
        (files.cfg, files.weights),
        precision,
        lambda compiled: YoloNetwork(network, compiled, names, tree=tree, stride=network.stride),
    )
