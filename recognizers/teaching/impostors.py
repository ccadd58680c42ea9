"""Beyond which distance a described face is nobody's, for a stated share of strangers that may be named.

What there is to go by are the taught people: how far each face lies from the nearest picture of each of the
others. With P people that is a sample of P (P - 1) / 2 pairs, which for a family says little of the one
stranger in a hundred. So it is put together with what is known of the network from many people, the more of
it the fewer are taught; with one person taught there is nothing else.

Measured on the ORL faces with SFace, 8 of 10 pictures of each person taught, the other people strangers, mean
of 20 choices: at the rate 0.01 with 1, 2, 5, 10, 20, 30 people taught 0.008, 0.006, 0.008, 0.006, 0.006,
0.008 of the strangers are named, and 0.995 to 1.00 of the known faces; at the rate 0.05 it is 0.019 to 0.032
of the strangers. With dlib's network at most 0.006 and 0.027, and 0.93 to 1.00. (By the taught people alone,
with dlib's at the rate 0.01: 0.28 with 2 people, 0.06 with 5, 0.02 with 20.)
"""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from recognizers.networks.base import DescriptorArray, ImpostorDistances

_PAIRS_OF_MIDDLE = 5
_PAIRS_OF_SPREAD = 60
"""How many pairs of people what is known of the network counts for: a middle is learned from few, a spread is
not."""
_CAUTION = 2.5
_CAUTION_POWER = 0.25
"""Faces near those of others come in clumps, as look-alikes do, so a normal distribution has too little far
below its middle: the share read off it is too low, two- to threefold with few people and sixfold with thirty,
for whom it is read off farther below. It is divided by the first number times the people to the power of the
second."""
_LEAST_SHARE = 1e-9
_LEAST_DISTANCE = 1e-6


def impostor_threshold(
    descriptors: DescriptorArray, numbers: NDArray[np.int32], rate: float, strangers: ImpostorDistances
) -> float:
    """The distance within which a stranger comes to some known face with a probability of at most `rate`.

    Args:
        descriptors: (N, D) of all taught faces, N >= 1.
        numbers: (N,) whose each is.
        rate: 0 to 1.
        strangers: what is known of the network.
    """
    people = np.unique(numbers)
    pairs = len(people) * (len(people) - 1) / 2
    middle, variance = strangers.middle, strangers.spread**2
    if pairs:
        values = np.maximum(_to_others(descriptors, numbers, people), _LEAST_DISTANCE)
        if strangers.of_logarithm:
            values = np.log(values)
        middle = _weighted(middle, _PAIRS_OF_MIDDLE, float(values.mean()), pairs)
        measured = float(((values - middle) ** 2).mean())
        variance = _weighted(variance, _PAIRS_OF_SPREAD, measured, pairs)
    # A stranger has as many chances to be named as there are people.
    caution = _CAUTION * len(people) ** _CAUTION_POWER
    share = 1 - (1 - rate / caution) ** (1 / len(people))
    deviations = NormalDist().inv_cdf(max(share, _LEAST_SHARE))
    limit = middle + deviations * math.sqrt(variance)
    return max(math.exp(limit) if strangers.of_logarithm else limit, _LEAST_DISTANCE)


def _weighted(first: float, first_weight: float, second: float, second_weight: float) -> float:
    return (first * first_weight + second * second_weight) / (first_weight + second_weight)


def _to_others(
    descriptors: DescriptorArray, numbers: NDArray[np.int32], people: NDArray[np.int32]
) -> NDArray[np.float64]:
    """(N * (P - 1),) distances of each face to the nearest picture of each person whose it is not."""
    rows = descriptors.astype(np.float64)
    squares = (rows**2).sum(axis=1)
    parts = []
    for person in people:
        own = numbers == person
        apart = squares[~own, None] + squares[own] - 2 * rows[~own] @ rows[own].T
        parts.append(np.sqrt(np.maximum(apart.min(axis=1), 0.0)))
    return np.concatenate(parts)
