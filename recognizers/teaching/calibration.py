"""Beyond which distance a face is nobody's: measured on people whom the gallery did not know.

Each person of the training set plays the stranger once: a gallery of the others is asked about that
person's faces, and the distance at which it would take too many of them for somebody is the limit.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from pipeline.frame import GrayArray
from pipeline.host.cores import usable_cores
from recognizers.model.gallery import Gallery
from recognizers.model.strategies import FISCHER, LBP

MOST_FOLDS = 10
"""Into how many groups of strangers the people are dealt, at most."""

_LARGE_SET = 400
"""From so many faces on, training takes so long that fewer folds must do."""
_FOLDS_OF_LARGE_SETS = 5
_ENOUGH_TO_COUNT = 20
"""How many strangers have to lie within a limit that is counted out."""
_MOST_PROBES = 500
"""How many strangers LBPH, whose comparisons are slow, is asked about at most."""


def unknown_distance(
    strategy: str, faces: Sequence[GrayArray], numbers: Sequence[int], false_accept_rate: float
) -> float | None:
    """The distance beyond which a face should count as unknown.

    Args:
        strategy: one of `CLASSIC`.
        faces: all training faces, equal shapes, (height, width) uint8.
        numbers: whose each face is.
        false_accept_rate: share of strangers' faces that may lie within the distance, 0 to 1.
    Returns: the distance within which that share is expected; None where there are too few people to
        leave some out (two, Fisherfaces three).
    """
    people = np.unique(numbers)
    if len(people) < (3 if strategy == FISCHER else 2):
        return None
    whose = np.asarray(numbers)
    if strategy == LBP:
        left, distances = 1, _distances_to_others(faces, whose)
    else:
        fewer = len(faces) > _LARGE_SET
        folds = np.array_split(people, min(len(people), _FOLDS_OF_LARGE_SETS if fewer else MOST_FOLDS))
        left, distances = len(folds[0]), _distances_to_rest(strategy, faces, whose, folds)
    # A gallery that lacks people takes strangers for somebody less often than the whole one will.
    rate = false_accept_rate * (len(people) - left) / len(people)
    return limit_for_rate(distances, rate)


def limit_for_rate(distances: NDArray[np.float64], rate: float) -> float:
    """The limit within which a new stranger is expected to fall with a probability of `rate`.

    Where enough strangers would lie below it, it is counted out: of N independent distances the j-th
    smallest has a share of j / (N + 1) below it, on average. Where only a few would, those few are too
    much a matter of chance, and the limit is read off a log-normal distribution with the mean and the
    spread of all. (Measured with 30 of 40 people known: as few strangers named as by counting, 0.6%, and
    88% of the known in place of 83%; with 5 known: 5% of the strangers named in place of 7%.)

    Args:
        distances: (N,) of strangers, N >= 1.
        rate: 0 to 1.
    """
    positive = distances[distances > 0]
    if 0 < rate < 1 and rate * len(distances) < _ENOUGH_TO_COUNT and len(positive) > 1:
        logarithms = np.log(positive)
        deviations = NormalDist().inv_cdf(rate)
        return float(np.exp(logarithms.mean() + deviations * logarithms.std()))
    rank = max(1, min(len(distances), math.floor(rate * (len(distances) + 1))))
    smallest = float(np.partition(distances, rank - 1)[rank - 1])
    return max(float(np.nextafter(smallest, 0.0)), 1e-9)


def _distances_to_others(faces: Sequence[GrayArray], whose: NDArray[np.int_]) -> NDArray[np.float64]:
    """(M,) distances of faces to the nearest of another person; LBPH compares faces one by one."""
    gallery = Gallery.trained(LBP, faces, whose.tolist())

    def nearest_other(index: int) -> float:
        """One face's distance."""
        numbers, distances = gallery.distances(faces[index])
        return float(distances[numbers != whose[index]].min())

    with ThreadPoolExecutor(usable_cores()) as threads:
        probes = np.unique(np.linspace(0, len(faces) - 1, _MOST_PROBES).astype(int)).tolist()
        return np.asarray(list(threads.map(nearest_other, probes)))


def _distances_to_rest(
    strategy: str,
    faces: Sequence[GrayArray],
    whose: NDArray[np.int_],
    folds: Sequence[NDArray[np.int_]],
) -> NDArray[np.float64]:
    """(N,) each face's distance to the nearest in a gallery taught without the people of its fold."""

    def strangers_of(fold: NDArray[np.int_]) -> list[float]:
        """The distances of the people of one fold to all others."""
        strange = np.isin(whose, fold)
        known = [face for face, is_strange in zip(faces, strange, strict=True) if not is_strange]
        gallery = Gallery.trained(strategy, known, whose[~strange].tolist())
        probes = [face for face, is_strange in zip(faces, strange, strict=True) if is_strange]
        return [gallery.nearest(probe).distance for probe in probes]

    with ThreadPoolExecutor(usable_cores()) as threads:
        return np.concatenate([np.asarray(part) for part in threads.map(strangers_of, folds)])
