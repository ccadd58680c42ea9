"""Likely equal faces in groups, without anybody having named one.

Each face is described by local binary patterns (Ahonen et al., 2006) or by a network, and groups are merged
by average linkage (Sokal and Michener, 1958) as long as they are near enough. Two faces in one photo are two
people, and never come into one group.
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
"""Faces are compared at this width and height."""

LBP_DISTANCE = 112.0
"""Groups farther apart are left apart. Measured on 400 faces of 40 people: 84 of 86 groups hold one person
only, whose ten faces come in two groups on average, with one left over; farther, and people get mixed."""

DESCRIPTOR_DISTANCES = {SFACE: 1.05, DLIB: 0.5}
"""The same by networks. SFace: all of 44 groups hold one person only, whose ten faces come in 1.1 groups on
average; of snapshots, 54 of 55 groups do. dlib's: 47 of 48 groups, and 1.2 on average; from 0.55 on people
get mixed."""

FloatArray = NDArray[np.float64]


def group_faces(faces: Sequence[GrayArray], photos: Sequence[int], distance: float) -> list[list[int]]:
    """Which faces likely are one person's.

    Args:
        faces: of any sizes, (height, width) uint8.
        photos: the number of the photo that each is from.
        distance: how far apart two groups may be, on average, to be merged.
    Returns: indices of the faces of each group, the largest group first; single faces are groups of one.
    """
    return _groups(_distances(faces), photos, distance) if faces else []


def group_descriptors(
    descriptors: Sequence[DescriptorArray], photos: Sequence[int], distance: float
) -> list[list[int]]:
    """The same, of faces that a network described: (D,) each."""
    if not descriptors:
        return []
    rows = np.stack(descriptors).astype(np.float64)
    squares = (rows**2).sum(axis=1)
    apart = np.sqrt(np.maximum(squares[:, None] + squares - 2 * rows @ rows.T, 0.0))
    return _groups(apart, photos, distance)


def _groups(apart: FloatArray, photos: Sequence[int], distance: float) -> list[list[int]]:
    """Groups of indices, the largest first; `apart`, (N, N) distances, is used up."""
    whose = np.asarray(photos)
    apart[(whose[:, None] == whose) & ~np.eye(len(apart), dtype=bool)] = np.inf
    groups = _average_linkage(apart, distance)
    return sorted(groups, key=lambda group: (-len(group), group))


def _distances(faces: Sequence[GrayArray]) -> FloatArray:
    """(N, N) how far each face is from each, in LBPH's unit; symmetric."""
    prepared = [model_face(face, (SIDE_PX, SIDE_PX), equalize=False, fit=Fit.STRETCH) for face in faces]
    gallery = Gallery.trained(LBP, prepared, range(len(prepared)))
    rows = np.empty((len(faces), len(faces)))
    for index, face in enumerate(prepared):
        numbers, distances = gallery.distances(face)
        rows[index, numbers] = distances
    return (rows + rows.T) / 2


def _average_linkage(apart: FloatArray, limit: float) -> list[list[int]]:
    """Groups of indices that average linkage merges up to a distance; `apart` is used up.

    Follows chains of nearest neighbours (Murtagh, 1983), which takes N * N steps.
    """
    count = len(apart)
    np.fill_diagonal(apart, np.inf)
    sizes = np.ones(count)
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
            # Nobody is near enough now, and merging others only moves them farther on average.
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
