"""YOLO9000's tree of classes: each class has a parent, and siblings compete in a softmax.

Source: Darknet, src/tree.c and src/blas.c `softmax_tree`; Redmon & Farhadi, YOLO9000 (2017), section 4.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from detectors.darknet.treefile import read_parents
from pipeline.errors import ModelError
from pipeline.text import printable

FloatArray = NDArray[np.float32]

LIKELY = 0.5
"""A class's children are considered if its probability is above this; Darknet's `-hier`."""


class ClassTree(NamedTuple):
    """The classes in the network's order: siblings are adjacent, and parents precede their children.

    Args:
        parents: (classes,) index of the parent; -1 for a root.
        starts: (groups,) index of each group of siblings' first class.
        children: (classes,) the group of the children; -1 if there are none.
    """

    parents: NDArray[np.int64]
    starts: NDArray[np.int64]
    children: NDArray[np.int64]

    def softmax(self, raw: FloatArray) -> FloatArray:
        """Convert raw numbers, (N, classes), to each class's probability among its siblings."""
        sizes = np.diff(self.starts, append=raw.shape[1])
        raised = np.exp(raw - np.repeat(np.maximum.reduceat(raw, self.starts, axis=1), sizes, axis=1))
        sums = np.add.reduceat(raised, self.starts, axis=1)
        return np.asarray(raised / np.repeat(sums, sizes, axis=1), dtype=np.float32)

    def most_exact(self, among_siblings: FloatArray) -> int:
        """The deepest class that is still likely, from one box's `softmax`, (classes,).

        If none is likely, the best of the roots.
        """
        probability, group, parent = 1.0, 0, -1
        while group >= 0:
            start = self.starts[group]
            end = self.starts[group + 1] if group + 1 < len(self.starts) else len(self.parents)
            best = int(start + among_siblings[start:end].argmax())
            if probability * among_siblings[best] <= LIKELY:
                return best if parent < 0 else parent
            probability *= float(among_siblings[best])
            parent, group = best, int(self.children[best])
        return parent


def read_tree(path: Path, classes: int, network: str) -> ClassTree:
    """Read a tree.

    Args:
        path: a text file with a line for each class: its name and its parent's index, or -1.
        classes: how many the network has.
        network: its file, for error sentences.
    Raises: ModelError: it cannot be read, is not a tree, or has another number of classes.
    """
    parents = np.array(read_parents(path, classes, network), dtype=np.int64)
    starts = np.flatnonzero(np.diff(parents, prepend=-2))
    children = np.full(classes, -1, dtype=np.int64)
    for group, parent in enumerate(parents[starts]):
        if parent < 0 < group or (parent >= 0 and children[parent] >= 0):
            raise ModelError(f"{printable(path)}:{starts[group] + 1}: siblings do not lie beside each other")
        if parent >= 0:
            children[parent] = group
    return ClassTree(parents, starts, children)
