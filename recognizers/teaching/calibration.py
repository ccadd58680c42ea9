"""The unknown distances of the classic strategies, measured by leaving people out.

Each person of the training set is an impostor once: a gallery of the other people is searched for that
person's faces. The unknown distance is the one at which it would accept too many of them.
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
"""Largest number of folds, groups of people that are left out together."""

_LARGE_SET = 400
"""With more faces training is slow, and fewer folds are used."""
_FOLDS_OF_LARGE_SETS = 5
_ENOUGH_TO_COUNT = 20
"""Least number of impostors within an empirical quantile."""
_MOST_PROBES = 500
"""Largest number of impostor faces for LBPH, whose comparisons are slow."""


def unknown_distance(
    strategy: str, faces: Sequence[GrayArray], numbers: Sequence[int], false_accept_rate: float
) -> float | None:
    """Compute the distance beyond which a face is unknown.

    Args:
        strategy: one of `CLASSIC`.
        faces: all training faces, (height, width) uint8, of one shape.
        numbers: label number of each face.
        false_accept_rate: share of impostors' faces that may lie within the distance, 0 to 1.
    Returns: the distance within which that share is expected; None with fewer than two people (for
        Fisherfaces, three).
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
    # A gallery without the people left out accepts impostors less often than the complete one.
    rate = false_accept_rate * (len(people) - left) / len(people)
    return limit_for_rate(distances, rate)


def limit_for_rate(distances: NDArray[np.float64], rate: float) -> float:
    """Compute the distance within which a new impostor falls with the probability `rate`.

    If enough impostors lie below it, it is the empirical quantile: of N independent distances, the j-th
    smallest has on average a share of j / (N + 1) below it. With only a few below, the empirical quantile is
    too uncertain, and that of a log-normal distribution with the mean and the spread of all distances is
    used. (Measured with 30 of 40 people known: 0.6% of the impostors accepted, as by the empirical quantile,
    and 88% of the known people named instead of 83%; with 5 known: 5% of the impostors accepted instead of
    7%.)

    Args:
        distances: (N,) of impostors, N >= 1.
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
    """Return (M,) distances of faces to the nearest of another person; LBPH needs no retraining for that."""
    gallery = Gallery.trained(LBP, faces, whose.tolist())

    def nearest_other(index: int) -> float:
        """Return the distance of one face."""
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
    """Return (N,) distances of faces to the nearest in a gallery trained without the people of their fold."""

    def of_fold(fold: NDArray[np.int_]) -> list[float]:
        """Return the distances of the people of one fold to all others."""
        left_out = np.isin(whose, fold)
        known = [face for face, is_out in zip(faces, left_out, strict=True) if not is_out]
        gallery = Gallery.trained(strategy, known, whose[~left_out].tolist())
        probes = [face for face, is_out in zip(faces, left_out, strict=True) if is_out]
        return [gallery.nearest(probe).distance for probe in probes]

    with ThreadPoolExecutor(usable_cores()) as threads:
        return np.concatenate([np.asarray(part) for part in threads.map(of_fold, folds)])
