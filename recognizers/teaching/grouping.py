"""Clustering of unlabelled faces into groups that probably show one person each.

Each face is described by local binary patterns (Ahonen et al., 2006) or by a network, and groups are merged
by average linkage (Sokal and Michener, 1958) up to a distance. Two faces in one photo belong to two people
and are never in one group.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pipeline.frame import GrayArray
from recognizers.faces.faceimage import model_face
from recognizers.faces.fit import Fit
from recognizers.model.gallery import Gallery
from recognizers.model.strategies import LBP
from recognizers.networks.base import DescriptorArray
from recognizers.networks.facenetwork import DLIB, SFACE

SIDE_PX = 64
"""Width and height at which faces are compared."""

LBP_DISTANCE = 112.0
"""The largest distance at which groups are merged. Measured on 400 faces of 40 people: 84 of 86 groups hold
one person only, whose ten faces come in two groups on average, with one left over; larger values mix
people."""

DESCRIPTOR_DISTANCES = {SFACE: 1.05, DLIB: 0.5}
"""The same for networks. SFace: all of 44 groups hold one person only, whose ten faces come in 1.1 groups on
average; of snapshots, 54 of 55 groups do. dlib: 47 of 48 groups, 1.2 on average; 0.55 and more mixes
people."""

FloatArray = NDArray[np.float64]


def group_faces(faces: Sequence[GrayArray], photos: Sequence[int], distance: float) -> list[list[int]]:
    """Group faces that probably show one person.

    Args:
        faces: (height, width) uint8, of any sizes.
        photos: number of the photo that each face is from.
        distance: largest average distance at which two groups are merged.
    Returns: indices of the faces of each group, the largest group first; single faces are groups of one.
    """
    return _groups(_distances(faces), photos, distance) if faces else []


def group_descriptors(
    descriptors: Sequence[DescriptorArray], photos: Sequence[int], distance: float
) -> list[list[int]]:
    """Group faces by their descriptors, (D,) each; see `group_faces`."""
    if not descriptors:
        return []
    rows = np.stack(descriptors).astype(np.float64)
    squares = (rows**2).sum(axis=1)
    apart = np.sqrt(np.maximum(squares[:, None] + squares - 2 * rows @ rows.T, 0.0))
    return _groups(apart, photos, distance)


def _groups(apart: FloatArray, photos: Sequence[int], distance: float) -> list[list[int]]:
    """Group indices, the largest group first; `apart`, (N, N) distances, is overwritten."""
    whose = np.asarray(photos)
    apart[(whose[:, None] == whose) & ~np.eye(len(apart), dtype=bool)] = np.inf
    groups = join_by_average(apart, distance)
    return sorted(groups, key=lambda group: (-len(group), group))


def _distances(faces: Sequence[GrayArray]) -> FloatArray:
    """Return the symmetric (N, N) matrix of LBPH distances."""
    prepared = [model_face(face, (SIDE_PX, SIDE_PX), equalize=False, fit=Fit.STRETCH) for face in faces]
    gallery = Gallery.trained(LBP, prepared, range(len(prepared)))
    rows = np.empty((len(faces), len(faces)))
    for index, face in enumerate(prepared):
        numbers, distances = gallery.distances(face)
        rows[index, numbers] = distances
    return (rows + rows.T) / 2


def join_by_average(apart: FloatArray, limit: float, sizes: FloatArray | None = None) -> list[list[int]]:
    """Group indices by average linkage up to a distance; `apart` is overwritten.

    Uses nearest-neighbour chains (Murtagh, 1983), in O(N²) steps.

    Args:
        apart: (N, N) distances, symmetric.
        limit: the largest average distance at which two groups are merged.
        sizes: (N,) number of faces that each index stands for; None for one each.
    """
    count = len(apart)
    np.fill_diagonal(apart, np.inf)
    sizes = np.ones(count) if sizes is None else sizes.copy()
    members: dict[int, list[int]] = {index: [index] for index in range(count)}
    finished: dict[int, list[int]] = {}
    chain: list[int] = []
    while members:
        if not chain:
            chain.append(next(iter(members)))
        here = chain[-1]
        nearest = int(np.argmin(apart[here]))
        if len(chain) > 1 and apart[here, chain[-2]] <= apart[here, nearest]:
            nearest = chain[-2]
        if apart[here, nearest] > limit:
            # No group is near enough, and merging others only increases the average distances.
            finished[here] = members.pop(here)
            apart[here, :] = apart[:, here] = np.inf
            chain.pop()
        elif len(chain) > 1 and nearest == chain[-2]:
            del chain[-2:]
            merged = (sizes[here] * apart[here] + sizes[nearest] * apart[nearest]) / (
                sizes[here] + sizes[nearest]
            )
            apart[here] = apart[:, here] = merged
            apart[here, here] = np.inf
            apart[nearest, :] = apart[:, nearest] = np.inf
            sizes[here] += sizes[nearest]
            members[here] += members.pop(nearest)
        else:
            chain.append(nearest)
    return [sorted(group) for group in finished.values()]
