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
        testing: the rest, at least one of each label.
        left_out: labels with a single picture, which cannot be in both.
    """

    training: tuple[Example, ...]
    testing: tuple[Example, ...]
    left_out: tuple[str, ...]


def split_examples(examples: Iterable[Example], percent: float, seed: int) -> Split:
    """Split the pictures of each label by the same percentage.

    Args:
        examples: in any order, on which the result depends.
        percent: share of a label's pictures for training, more than 0 and less than 100; rounded, but each
            set gets at least one picture.
        seed: of the random choice.
    Raises: UsageError: the percentage leaves a set empty.
    """
    if not 0 < percent < 100:
        raise UsageError(
            f"PERCENT is {percent:g}; give a number between 0 and 100, such as 80, "
            "so that there are pictures for training and pictures for testing"
        )
    by_number: dict[int, list[Example]] = defaultdict(list)
    for example in examples:
        by_number[example.number].append(example)
    training: list[Example] = []
    testing: list[Example] = []
    left_out = []
    chance = random.Random(seed)  # noqa: S311 - nothing secret
    for _, own in sorted(by_number.items()):
        if len(own) == 1:
            left_out.append(own[0].label)
            continue
        count = min(max(round(len(own) * percent / 100), 1), len(own) - 1)
        taught = set(chance.sample(range(len(own)), count))
        for index, example in enumerate(own):
            (training if index in taught else testing).append(example)
    return Split(tuple(training), tuple(testing), tuple(left_out))
