"""Average linkage of faces, some of which are grouped from the start.

It is that of `recognizers.teaching.grouping` with mean squared distances, which a group's mean descriptor
gives without its members.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from recognizers.networks.base import DescriptorArray
from recognizers.teaching.grouping import join_by_average

_BLOCK_CELLS = 1 << 24
MOST_AT_ONCE = 6_000
"""Nodes that are compared in one matrix, of 288 MB. Where more are connected, a smaller distance separates
them."""
_CLOSER = 0.95
_NEAREST = 0.05
_ROUNDING = 1e-4
"""Squared distances near 2 in single precision are right to this."""

FloatArray = NDArray[np.float64]


class Node(NamedTuple):
    """Faces that belong together.

    Args:
        descriptors: (N, D) of its faces, N >= 1.
        pictures: ids of the photos or frames that show them. Two nodes with a picture in common show two
            people, unless that is their own.
    """

    descriptors: DescriptorArray
    pictures: frozenset[int]


def link(nodes: Sequence[Node], distance: float) -> list[list[int]]:
    """Join nodes that probably show one person.

    Args:
        nodes: in any order, on which the result does not depend but for ties.
        distance: largest root mean squared distance at which two groups are joined.
    Returns: indices of the nodes of each group, ascending, in the order of the first ones.
    """
    if not nodes:
        return []
    means = np.stack([node.descriptors.mean(axis=0, dtype=np.float64) for node in nodes])
    squares = np.array([(node.descriptors.astype(np.float64) ** 2).sum(axis=1).mean() for node in nodes])
    sizes = np.array([float(len(node.descriptors)) for node in nodes])
    groups: list[list[int]] = []
    waiting = [(np.arange(len(nodes)), distance)]
    while waiting:
        these, limit = waiting.pop()
        for connected in _connected(means[these], squares[these], limit**2):
            members = these[connected]
            if len(members) > MOST_AT_ONCE and limit > _NEAREST:
                waiting.append((members, limit * _CLOSER))
                continue
            if len(members) > MOST_AT_ONCE:  # as many copies of one picture
                groups += [members[at : at + 1].tolist() for at in range(len(members))]
                continue
            apart = _squared(means[members], squares[members], means[members], squares[members])
            _keep_apart(apart, [nodes[index].pictures for index in members])
            for group in join_by_average(apart, limit**2, sizes[members]):
                groups.append(sorted(int(members[index]) for index in group))
    return sorted(groups)


def distance_between(one: Node, other: Node) -> float:
    """Return the root mean squared distance between the faces of two nodes."""
    rows, others = one.descriptors.astype(np.float64), other.descriptors.astype(np.float64)
    apart = (rows**2).sum(axis=1).mean() + (others**2).sum(axis=1).mean()
    return float(np.sqrt(max(apart - 2 * rows.mean(axis=0) @ others.mean(axis=0), 0.0)))


def _squared(
    means: FloatArray, squares: FloatArray, other_means: FloatArray, other_squares: FloatArray
) -> FloatArray:
    """Return the mean squared distances between the faces of two lists of nodes: (M, N)."""
    return np.asarray(np.maximum(squares[:, None] + other_squares - 2 * means @ other_means.T, 0.0))


def _connected(means: FloatArray, squares: FloatArray, limit: float) -> list[NDArray[np.intp]]:
    """Return the connected components of the nodes, where those within the limit are neighbours.

    Average linkage joins two groups only if two of their nodes are within the limit.
    """
    labels = np.arange(len(means))
    single, single_squares = means.astype(np.float32), squares.astype(np.float32)
    rows = max(1, _BLOCK_CELLS // max(1, len(means)))
    for start in range(0, len(means), rows):
        block = slice(start, start + rows)
        apart = single_squares[block, None] + single_squares - 2 * (single[block] @ single.T)
        for row in apart <= limit + _ROUNDING:
            own = np.unique(labels[row])
            if len(own) > 1:
                labels[np.isin(labels, own)] = own[0]
    order = np.argsort(labels, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(labels[order])) + 1)


def _keep_apart(apart: FloatArray, pictures: Sequence[frozenset[int]]) -> None:
    """Set the distance of nodes with a picture in common to infinity."""
    showing: dict[int, list[int]] = {}
    for index, own in enumerate(pictures):
        for picture in own:
            showing.setdefault(picture, []).append(index)
    for indices in showing.values():
        if len(indices) > 1:
            apart[np.ix_(indices, indices)] = np.inf


def alike(nodes: Sequence[Node], distance: float) -> list[tuple[int, int]]:
    """Return the pairs of nodes that lie within a distance and have no picture in common, nearest first."""
    if len(nodes) < 2:
        return []
    means = np.stack([node.descriptors.mean(axis=0, dtype=np.float64) for node in nodes])
    squares = np.array([(node.descriptors.astype(np.float64) ** 2).sum(axis=1).mean() for node in nodes])
    found = []
    for first in range(len(nodes) - 1):
        rest = slice(first + 1, None)
        apart = _squared(means[first : first + 1], squares[first : first + 1], means[rest], squares[rest])[0]
        for offset in np.flatnonzero(apart <= distance**2):
            second = first + 1 + int(offset)
            if not nodes[first].pictures & nodes[second].pictures:
                found.append((float(apart[offset]), first, second))
    return [(first, second) for _, first, second in sorted(found)]
