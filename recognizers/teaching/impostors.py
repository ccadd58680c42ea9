"""The unknown distance of the strategy `embedding`, for a given false accept rate.

It is estimated from the training set: the distance of each face to the nearest picture of each other person.
With P people these are P (P - 1) / 2 pairs, too few in a family to estimate one impostor in a hundred. So the
estimate is combined with distances measured for the network on many people, which weigh more the fewer people
are known; with one person there is nothing else.

Measured on the ORL faces with SFace, 8 of 10 pictures of each person known, the other people as impostors,
mean of 20 choices: at the rate 0.01 with 1, 2, 5, 10, 20, 30 people known, 0.008, 0.006, 0.008, 0.006, 0.006,
0.008 of the impostors are named, and 0.995 to 1.00 of the known faces; at the rate 0.05, 0.019 to 0.032 of
the impostors. With dlib's network, at most 0.006 and 0.027 of the impostors, and 0.93 to 1.00 of the known
faces. (By the training set alone, with dlib's network at the rate 0.01: 0.28 with 2 people, 0.06 with 5, 0.02
with 20.)
"""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from recognizers.networks.base import DescriptorArray, ImpostorDistances

_PAIRS_OF_MIDDLE = 5
_PAIRS_OF_SPREAD = 60
"""The number of pairs of people as which the network's distances count: few pairs suffice for a mean, not for
a spread."""
_CAUTION = 2.5
_CAUTION_POWER = 0.25
"""Small distances are clustered, since some people look alike, so the lower tail of a normal distribution is
too light: its share is too low by a factor of two to three with few people, and of six with thirty, for whom
the quantile lies farther out. The rate is therefore divided by the first number times the number of people to
the power of the second."""
_LEAST_SHARE = 1e-9
_LEAST_DISTANCE = 1e-6


def impostor_threshold(
    descriptors: DescriptorArray, numbers: NDArray[np.int32], rate: float, impostors: ImpostorDistances
) -> float:
    """Compute the distance within which an impostor has a known face with a probability of at most `rate`.

    Args:
        descriptors: (N, D) of all training faces, N >= 1.
        numbers: (N,) label number of each.
        rate: 0 to 1.
        impostors: distances measured for the network.
    """
    people = np.unique(numbers)
    pairs = len(people) * (len(people) - 1) / 2
    middle, variance = impostors.middle, impostors.spread**2
    if pairs:
        values = np.maximum(_to_others(descriptors, numbers, people), _LEAST_DISTANCE)
        if impostors.of_logarithm:
            values = np.log(values)
        middle = _weighted(middle, _PAIRS_OF_MIDDLE, float(values.mean()), pairs)
        measured = float(((values - middle) ** 2).mean())
        variance = _weighted(variance, _PAIRS_OF_SPREAD, measured, pairs)
    # An impostor is compared with every person, and may be accepted as each of them.
    caution = _CAUTION * len(people) ** _CAUTION_POWER
    share = 1 - (1 - rate / caution) ** (1 / len(people))
    deviations = NormalDist().inv_cdf(max(share, _LEAST_SHARE))
    limit = middle + deviations * math.sqrt(variance)
    return max(math.exp(limit) if impostors.of_logarithm else limit, _LEAST_DISTANCE)


def _weighted(first: float, first_weight: float, second: float, second_weight: float) -> float:
    return (first * first_weight + second * second_weight) / (first_weight + second_weight)


def _to_others(
    descriptors: DescriptorArray, numbers: NDArray[np.int32], people: NDArray[np.int32]
) -> NDArray[np.float64]:
    """Return (N * (P - 1),) distances of each face to the nearest picture of each other person."""
    rows = descriptors.astype(np.float64)
    squares = (rows**2).sum(axis=1)
    parts = []
    for person in people:
        own = numbers == person
        apart = squares[~own, None] + squares[own] - 2 * rows[~own] @ rows[own].T
        parts.append(np.sqrt(np.maximum(apart.min(axis=1), 0.0)))
    return np.concatenate(parts)
