"""The file of YOLO9000's tree of classes: where it lies, and the class above each.

Imports nothing heavy, for the parent looks at it before anything is mined; `tree` makes a softmax of it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from detectors.darknet.heads import Region
from detectors.darknet.networkcfg import NetworkCfg
from detectors.darknet.sections import shown
from pipeline.errors import ModelError
from pipeline.models.files import read_beginning
from pipeline.text import printable

MAX_TREE_BYTES = 1 << 22

_SHIPPED = Path(__file__).parents[1] / "labels"


def tree_file(network: NetworkCfg, cfg: Path) -> Path | None:
    """The file of a network's tree, None where it has no tree.

    Args:
        network: as its .cfg describes it.
        cfg: the .cfg's own path.
    Raises: ModelError: it is nowhere.
    """
    for _, head in network.heads:
        if isinstance(head, Region) and head.tree is not None:
            path = find_tree(head.tree, cfg)
            if path is None:
                raise ModelError(
                    f"{network.where}:{head.line}: [region]: its tree {shown(head.tree)} is not there; "
                    "put the file beside the .cfg"
                )
            return path
    return None


def find_tree(name: str, cfg: Path) -> Path | None:
    """The file of a tree: where the .cfg says, beside the .cfg, in its neighbour `data`, or as shipped here.

    Args:
        name: as the .cfg has it; Darknet takes it from the folder that it was started in.
        cfg: the .cfg's own path.
    """
    base = os.path.basename(name)
    folder = cfg.absolute().parent
    for place in (folder / name, folder / base, folder.parent / "data" / base):  # an absolute name stays so
        if place.is_file():
            return place
    shipped = _SHIPPED / base
    return shipped if base and shipped.suffix == ".tree" and shipped.is_file() else None


def read_parents(path: Path, classes: int, network: str) -> list[int]:
    """For each class the index of the one that it lies under, or -1.

    Args:
        path: a text file, a line a class: its name and that index.
        classes: how many the network has.
        network: its file, for error sentences.
    Raises: ModelError: it cannot be read, is no tree, or has another number of classes.
    """
    shown_path = printable(path)
    text = read_beginning(path, MAX_TREE_BYTES).decode("utf-8", "replace")
    parents = list(_iter_parents(text, shown_path))
    if len(parents) != classes:
        raise ModelError(f"{shown_path}: a tree of {len(parents)} classes for the {classes} of {network}")
    return parents


def _iter_parents(text: str, where: str) -> Iterator[int]:
    for index, line in enumerate(text.rstrip().split("\n")):
        words = line.split()
        parent = int(words[1]) if len(words) == 2 and words[1].removeprefix("-").isdecimal() else index
        if not -1 <= parent < index:
            raise ModelError(f"{where}:{index + 1}: expected a name and the index of an earlier class, or -1")
        yield parent
