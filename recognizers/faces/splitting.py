"""Splitting pictures into a training and a test set: the same share of each label, random but repeatable."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from pipeline.errors import UsageError
from recognizers.faces.dataset import Example


@dataclass(frozen=True, slots=True)
class Split:
    """Pictures in two sets.

    Args:
        training: at least one picture of each label, in the order given.
        testing: the others, at least one of each label that has two; none at 100 percent.
        untested: labels with a single picture, which is in `training`.
    """

    training: tuple[Example, ...]
    testing: tuple[Example, ...]
    untested: tuple[str, ...]


def split_examples(examples: Iterable[Example], percent: float, seed: int) -> Split:
    """Split the pictures of each label by the same percentage.

    Args:
        examples: in any order, on which the result depends.
        percent: share of a label's pictures for training, more than 0 and at most 100; rounded, but below
            100 each set gets at least one of a label's pictures if there are two.
        seed: of the random choice.
    Raises: UsageError: the percentage is out of range.
    """
    if not 0 < percent <= 100:
        raise UsageError(
            f"PERCENT is {percent:g}; give a number above 0 and up to 100, such as 80, which keeps "
            "20 percent for testing"
        )
    by_number: dict[int, list[Example]] = defaultdict(list)
    for example in examples:
        by_number[example.number].append(example)
    training: list[Example] = []
    testing: list[Example] = []
    untested = []
    chance = random.Random(seed)  # noqa: S311 - nothing secret
    for _, own in sorted(by_number.items()):
        if len(own) == 1:
            untested.append(own[0].label)
        most = len(own) if percent == 100 or len(own) == 1 else len(own) - 1
        count = min(max(round(len(own) * percent / 100), 1), most)
        taught = set(chance.sample(range(len(own)), count))
        for index, example in enumerate(own):
            (training if index in taught else testing).append(example)
    return Split(tuple(training), tuple(testing), tuple(untested))
