"""The check of a Darknet network that a user adds to the models on this machine."""

from __future__ import annotations

from pathlib import Path

from detectors.classnames import read_class_names
from detectors.darknet.cfg import read_cfg
from detectors.darknet.weightsfile import check_weights


def checked_files(cfg: Path, weights: Path, names: Path | None) -> dict[str, Path]:
    """The files of a network by their endings, after a check that they belong together.

    Args:
        cfg: the network's description.
        weights: its weights.
        names: its class names; None: the file beside `cfg`, if there is one.
    Raises: ModelError: a file cannot be read, or does not fit the others.
    """
    network = read_cfg(cfg)
    check_weights(weights, network)
    files = {".cfg": cfg, ".weights": weights}
    beside = names or cfg.with_suffix(".names")
    if names is not None or beside.is_file():
        files[".names"] = beside
    read_class_names(files.get(".names"), network.classes, network.where)
    return files
