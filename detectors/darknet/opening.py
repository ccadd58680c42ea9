"""Load a Darknet network: description, class names, tree of classes, compiled network."""

from __future__ import annotations

from pathlib import Path

from detectors.classnames import read_class_names
from detectors.compilecache import Precision as WeightPrecision
from detectors.compilecache import compiled
from detectors.darknet.cfg import read_cfg
from detectors.darknet.engines import FLATBUFFERS, open_engine
from detectors.darknet.tree import read_tree
from detectors.darknet.treefile import tree_file
from detectors.darknet.weightsfile import check_weights
from detectors.darknet.yolonetwork import YoloNetwork
from pipeline.engines.names import EngineName, Precision


def compiled_network(cfg: Path, weights: Path, precision: WeightPrecision) -> Path:
    """Return the path of a network's flatbuffer; compile it first if the cache does not hold it.

    For programs that need LiteRT's file only; see `compilecache.compiled`.

    Args:
        cfg, weights: the pair of files.
        precision: `float32` or `int8`.
    Raises: ModelError: the files are damaged or do not fit, or the cache cannot be written.
    """
    check_weights(weights, read_cfg(cfg))
    return compiled(FLATBUFFERS, (cfg, weights), precision)


def open_darknet(
    cfg: Path, weights: Path, names: Path | None, precision: Precision, engine: EngineName = "auto"
) -> YoloNetwork:
    """Load a Darknet network; compile it first if the cache does not hold it whole.

    Args:
        cfg, weights: the pair of files.
        names: a file of class names; None: those of a known data set with as many classes.
        precision, engine: as in the pipeline file.
    Raises: ModelError: a file is damaged, not supported, or does not belong to the others.
    """
    network = read_cfg(cfg)
    class_names = read_class_names(names, network.classes, network.where)
    tree_path = tree_file(network, cfg)
    tree = read_tree(tree_path, network.classes, network.where) if tree_path else None
    check_weights(weights, network)
    running = open_engine(network, (cfg, weights), precision, engine)
    return YoloNetwork(network, running, class_names, tree=tree, stride=network.stride)
