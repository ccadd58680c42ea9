"""Class names of a Darknet or Darkflow network, by class id."""

from __future__ import annotations

from pathlib import Path

from pipeline.errors import ModelError
from pipeline.models.files import read_beginning
from pipeline.text import printable

MAX_NAMES_BYTES = 1 << 20

_FOLDER = Path(__file__).with_name("labels")
_BY_COUNT = {
    20: _FOLDER / "voc.names",
    80: _FOLDER / "coco.names",
    601: _FOLDER / "openimages.names",
    9418: _FOLDER / "9k.names",
}
"""Number of classes -> names of the data set that has as many, in Darknet's order: Pascal VOC, MS COCO, Open
Images, and the classes of ImageNet and COCO that YOLO9000 knows."""

_DARKFLOW_NAMES = "labels.txt"
_DARKFLOW_END = "----"


def find_class_names(cfg: Path, names: Path | None) -> Path | None:
    """Find the file of a network's class names beside its .cfg.

    Args:
        cfg: the .cfg.
        names: the `.names` file beside it that `resolve_darknet` found, or None.
    Returns: `names`; else Darkflow's `labels.txt` beside the .cfg; else None.
    """
    if names is not None:
        return names
    darkflows = cfg.with_name(_DARKFLOW_NAMES)
    return darkflows if darkflows.is_file() else None


def names_in(file: Path) -> list[str]:
    """Read the lines of a file of class names; of Darkflow's `labels.txt`, those before its end mark.

    Raises: ModelError: it cannot be read.
    """
    text = read_beginning(file, MAX_NAMES_BYTES).decode("utf-8-sig", "replace")
    lines = [line.strip() for line in text.rstrip().split("\n")]
    if file.name == _DARKFLOW_NAMES and _DARKFLOW_END in lines:
        lines = lines[: lines.index(_DARKFLOW_END)]
    return lines


def read_class_names(names: Path | None, classes: int, network: str) -> tuple[str, ...]:
    """Read the names of a network's classes, in the order of its class ids.

    Args:
        names: a text file with a name a line; None: the names of a known data set with as many classes.
        classes: how many the network has.
        network: its file, for error sentences.
    Raises: ModelError: the file cannot be read or the count does not fit; says both.
    """
    file = names or _BY_COUNT.get(classes)
    if file is None:
        raise ModelError(
            f"{network}: has {classes} classes, and their names are not known; "
            "give a file with a name a line as params.labels"
        )
    lines = names_in(file)
    if len(lines) != classes:
        raise ModelError(
            f"{printable(file)}: {len(lines)} names for the {classes} classes of {network}; "
            "give the file that belongs to it as params.labels"
        )
    return tuple(line or f"class {index}" for index, line in enumerate(lines))
