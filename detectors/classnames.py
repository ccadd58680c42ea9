"""Class names of a network: what a person reads for each class id."""

from __future__ import annotations

from pathlib import Path

from pipeline.errors import ModelError
from pipeline.outputs import printable

MAX_NAMES_BYTES = 1 << 20

_FOLDER = Path(__file__).with_name("labels")
_BY_COUNT = {80: _FOLDER / "coco.names", 20: _FOLDER / "voc.names"}
"""Data sets that a number of classes stands for: MS COCO and Pascal VOC, as Darknet orders them."""


def read_class_names(names: Path | None, classes: int, network: str) -> tuple[str, ...]:
    """The names of a network's classes, in the order of its class ids.

    Args:
        names: a text file, a name a line; None takes COCO's for 80 classes and VOC's for 20.
        classes: how many the network tells apart.
        network: its file, for error sentences.
    Raises: ModelError: the file cannot be read or the count does not fit; says both.
    """
    file = names or _BY_COUNT.get(classes)
    if file is None:
        raise ModelError(
            f"{network}: has {classes} classes and nobody says their names; "
            "give a file with a name a line as params.labels"
        )
    try:
        with open(file, "rb") as stream:
            text = stream.read(MAX_NAMES_BYTES).decode("utf-8-sig", "replace")
    except OSError as error:
        raise ModelError(f"{printable(file)}: cannot be read ({error.strerror})") from None
    lines = [line.strip() for line in text.rstrip().split("\n")]
    if len(lines) != classes:
        raise ModelError(
            f"{printable(file)}: {len(lines)} names for the {classes} classes of {network}; "
            "give the file that belongs to it as params.labels"
        )
    return tuple(line or f"class {index}" for index, line in enumerate(lines))
