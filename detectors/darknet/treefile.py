"""Find and read the file of YOLO9000's tree of classes.

It imports nothing heavy, because the parent process checks the file; `tree` computes the softmax.
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
    """Find the file of a network's tree; returns None if it has no tree.

    Args:
        network: as its .cfg describes it.
        cfg: the .cfg's own path.
    Raises: ModelError: it is not found.
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
    """Find the file of a tree: where the .cfg says, beside the .cfg, in `../data`, or in this program.

    Args:
        name: as in the .cfg; for Darknet it is relative to the current folder.
        cfg: the .cfg's own path.
    """
    base = os.path.basename(name)
    folder = cfg.absolute().parent
    for place in (
        folder / name,
        folder / base,
        folder.parent / "data" / base,
    ):  # an absolute path stays as it is
        if place.is_file():
            return place
    shipped = _SHIPPED / base
    return shipped if base and shipped.suffix == ".tree" and shipped.is_file() else None


def read_parents(path: Path, classes: int, network: str) -> list[int]:
    """Read the index of each class's parent, or -1.

    Args:
        path: a text file with a line for each class: its name and that index.
        classes: how many the network has.
        network: its file, for error sentences.
    Raises: ModelError: it cannot be read, is not a tree, or has another number of classes.
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
