from __future__ import annotations

import numpy as np
import pytest

from recognizers.model.gallery import Gallery
from recognizers.model.strategies import CLASSIC
from recognizers.teaching.calibration import limit_for_rate, unknown_distance


@pytest.mark.parametrize(("rate", "below"), [(0.02, 20), (0.05, 50), (0.5, 500), (1.0, 1000), (0.0, 1)])
def test_enough_strangers_are_counted(rate, below):
    distances = np.random.default_rng(1).permutation(np.arange(1.0, 1001.0))
    limit = limit_for_rate(distances, rate)
    assert np.nextafter(float(below), 0) == limit
    assert (distances <= limit).sum() == below - 1


@pytest.mark.parametrize("rate", [0.005, 0.01, 0.05])
def test_few_strangers_give_the_share_that_was_asked_for_on_average(rate):
    chance = np.random.default_rng(2)
    population = np.exp(chance.normal(6.0, 0.3, 200_000))
    shares = [(population <= limit_for_rate(chance.choice(population, 100), rate)).mean() for _ in range(200)]
    assert rate / 1.5 < np.mean(shares) < rate * 1.5


def test_odd_distances():
    assert 0 < limit_for_rate(np.array([7.0]), 0.01) < 7.0
    assert limit_for_rate(np.array([0.0]), 0.01) > 0
    assert limit_for_rate(np.array([0.0, 0.0, 5.0, 6.0]), 0.01) > 1
    assert 0 < limit_for_rate(np.array([7.0, 5.0, 9.0]), 0.0) < 5.0
    assert limit_for_rate(np.array([5.0, 5.0, 5.0]), 0.01) == pytest.approx(5.0)


def faces_of(face, people, pictures):
    pixels = [np.asarray(face(p, i).resize((32, 32), 4)) for p in people for i in pictures]
    return pixels, [p for p in people for _ in pictures]


@pytest.mark.parametrize("strategy", CLASSIC)
def test_strangers_lie_beyond_and_known_faces_mostly_within(face, strategy):
    faces, numbers = faces_of(face, range(12), range(6))
    limit = unknown_distance(strategy, faces, numbers, 0.02)
    gallery = Gallery.trained(strategy, faces, numbers)
    strangers, _ = faces_of(face, range(20, 40), range(3))
    known, whose = faces_of(face, range(12), range(50, 53))
    named_strangers = np.mean([gallery.nearest(one).distance <= limit for one in strangers])
    answers = [gallery.nearest(one) for one in known]
    named = np.mean([a.distance <= limit and a.number == w for a, w in zip(answers, whose, strict=True)])
    assert named_strangers <= 0.15
    assert named >= 0.3
    assert named > 3 * named_strangers


def test_more_false_accepts_allow_a_larger_distance(face):
    faces, numbers = faces_of(face, range(8), range(4))
    limits = [unknown_distance("lbp", faces, numbers, rate) for rate in (0.0, 0.2, 0.9)]
    assert limits == sorted(limits)
    assert limits[0] < limits[2]


def test_too_few_people_to_leave_some_out(face):
    faces, numbers = faces_of(face, range(2), range(3))
    assert unknown_distance("fischer", faces, numbers, 0.01) is None
    assert unknown_distance("eigen", faces, numbers, 0.01) > 0
    assert unknown_distance("lbp", faces, numbers, 0.01) > 0
    assert unknown_distance("lbp", faces[:3], numbers[:3], 0.01) is None
