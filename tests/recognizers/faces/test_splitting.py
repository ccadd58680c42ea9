from __future__ import annotations

from collections import Counter

import pytest

from pipeline.errors import UsageError
from recognizers.faces.dataset import Example
from recognizers.faces.splitting import split_examples


def examples(**counts: int) -> list[Example]:
    return [
        Example(f"/{label}/{index}.png", label, number)
        for number, (label, count) in enumerate(counts.items())
        for index in range(count)
    ]


def test_each_label_is_split_alike():
    split = split_examples(examples(ann=10, bob=20, cid=5), 80, seed=0)
    assert Counter(e.label for e in split.training) == {"ann": 8, "bob": 16, "cid": 4}
    assert Counter(e.label for e in split.testing) == {"ann": 2, "bob": 4, "cid": 1}
    assert set(split.training) | set(split.testing) == set(examples(ann=10, bob=20, cid=5))
    assert not set(split.training) & set(split.testing)


def test_the_seed_decides():
    all_of = examples(ann=10, bob=10)
    assert split_examples(all_of, 50, seed=3) == split_examples(all_of, 50, seed=3)
    assert split_examples(all_of, 50, seed=3) != split_examples(all_of, 50, seed=4)


@pytest.mark.parametrize("percent", [0.1, 50, 99.9])
def test_both_parts_have_a_picture_of_every_label(percent):
    split = split_examples(examples(ann=2, bob=3, solo=1), percent, seed=1)
    assert {e.label for e in split.testing} == {"ann", "bob"}
    assert {e.label for e in split.training} == {"ann", "bob", "solo"}
    assert split.untested == ("solo",)


def test_all_for_training():
    split = split_examples(examples(ann=2, bob=3, solo=1), 100, seed=1)
    assert split.training == tuple(examples(ann=2, bob=3, solo=1))
    assert split.testing == ()


@pytest.mark.parametrize("percent", [0, -3, 120, float("nan")])
def test_percentages_out_of_range(percent):
    with pytest.raises(UsageError, match="give a number above 0 and up to 100"):
        split_examples(examples(ann=3), percent, seed=0)
