from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from recognizers.faces.folderrecord import read_record
from recognizers.networks.base import ImpostorDistances
from recognizers.networks.facenetwork import load_network, network_record
from recognizers.teaching.describing import iter_descriptors
from recognizers.teaching.impostors import impostor_threshold

ORL = Path(__file__).parents[4] / "shared" / "data" / "orl_faces"
USUAL = ImpostorDistances(1.25, 0.08)


def people(count: int, pictures: int, seed: int = 0, numbers: int = 64) -> tuple[np.ndarray, np.ndarray]:
    """Descriptors of people as a good network gives them: chance directions, one person's near each other."""
    random = np.random.default_rng(seed)
    rows = np.repeat(random.normal(0, 1, (count, numbers)), pictures, axis=0)
    rows += random.normal(0, 0.45, rows.shape)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return rows.astype(np.float32), np.repeat(np.arange(count), pictures).astype(np.int32)


@pytest.mark.parametrize("rate", [0.01, 0.05])
@pytest.mark.parametrize("known", [1, 2, 5, 20])
def test_strangers_are_named_no_more_often_than_stated(known, rate):
    named, right = [], []
    for seed in range(10):
        rows, whose = people(known + 150, 4, seed)
        taught = (whose < known) & (np.arange(len(whose)) % 4 > 0)
        limit = impostor_threshold(rows[taught], whose[taught], rate, USUAL)
        nearest = np.linalg.norm(rows[:, None] - rows[taught][None], axis=2).min(axis=1)
        named.append((nearest[whose >= known] <= limit).mean())
        right.append((nearest[(whose < known) & ~taught] <= limit).mean())
    assert np.mean(named) <= rate
    assert np.mean(right) >= 0.9


def test_one_person_goes_by_what_is_known_of_the_network():
    rows, whose = people(1, 5)
    limit = impostor_threshold(rows, whose, 0.01, USUAL)
    assert 0.8 < limit < 1.1
    assert limit == impostor_threshold(rows[:1], whose[:1], 0.01, USUAL)


def test_a_larger_rate_and_more_distant_people_make_a_larger_limit():
    rows, whose = people(6, 4)
    limits = [impostor_threshold(rows, whose, rate, USUAL) for rate in (0.0, 0.001, 0.01, 0.1, 0.5, 1.0)]
    assert limits == sorted(limits)
    assert limits[0] > 0
    assert impostor_threshold(rows * 2, whose, 0.01, USUAL) > limits[2]


def test_the_same_face_under_two_names_breaks_nothing():
    rows = np.ones((4, 8), np.float32)
    limit = impostor_threshold(rows, np.array([0, 0, 1, 2], np.int32), 0.01, USUAL)
    assert 0 < limit < 1


@pytest.mark.slow
@pytest.mark.skipif(not ORL.is_dir(), reason="needs the ORL faces")
def test_of_real_strangers_as_many_are_named_as_stated_or_a_little_fewer(sface, yunet, facerec, tmp_path):
    """What the README promises of SFace; too much caution would cost known faces their names."""
    assert facerec("crop", ORL, tmp_path, "--detector", "yunet").code == 0
    paths = sorted(tmp_path.glob("s*/*.png"))
    labels = np.unique([path.parent.name for path in paths], return_inverse=True)[1].astype(np.int32)
    network = load_network(network_record(sface))
    rows = np.stack(
        list(iter_descriptors([str(path) for path in paths], read_record(str(tmp_path)), network))
    )
    apart = np.linalg.norm(rows[:, None] - rows[None], axis=2)
    for known in (1, 5, 30):
        named, kept = [], []
        for seed in range(100):
            random = np.random.default_rng(seed)
            here = np.isin(labels, random.permutation(40)[:known])
            taught = here & (random.random(len(labels)) < 0.8)
            limit = impostor_threshold(rows[taught], labels[taught], 0.01, network.impostors)
            nearest = apart[:, taught].min(axis=1)
            named.append((nearest[~here] <= limit).mean())
            kept.append((nearest[here & ~taught] <= limit).mean() if (here & ~taught).any() else 1.0)
        assert 0.003 < np.mean(named) <= 0.01
        assert np.mean(kept) > 0.99
