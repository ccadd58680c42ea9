"""How well a model answers: on labelled pictures, with each strategy alone and by their vote."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from pipeline.detections import Label
from pipeline.text import Spellings
from recognizers.faces.dataset import Example
from recognizers.model.strategies import UNKNOWN
from recognizers.model.voting import elect

T = TypeVar("T")

VOTE = "vote"
"""Stands for the strategies' vote where a strategy's name is expected."""

NO_MAJORITY = "(no majority)"
"""The vote's answer where the strategies disagree; never a person's name."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the strategies say of one labelled picture.

    Args:
        example: the picture and the right answer.
        nearest: strategy -> the nearest known face, however far.
        limits: strategy -> the unknown distance, where the model has one.
    """

    example: Example
    nearest: dict[str, Label]
    limits: dict[str, float]

    def named(self, strategy: str) -> str:
        """The nearest face's name, or the vote's; no distance is too far."""
        if strategy != VOTE:
            return self.nearest[strategy].text
        return _elected(list(self.nearest.values()))

    def judged(self, strategy: str) -> str:
        """The same as a pipeline answers: a face beyond the unknown distance is `unknown`."""
        if strategy == VOTE:
            votes = [
                Label(self.judged(method), method=method, distance=label.distance)
                for method, label in self.nearest.items()
            ]
            return _elected(votes)
        label = self.nearest[strategy]
        limit = self.limits.get(strategy)
        return UNKNOWN if limit is not None and (label.distance or 0.0) > limit else label.text


def _spelled(answer: Answer, names: Spellings) -> Answer:
    """The answer with the right label spelled as the model spells it."""
    return replace(answer, example=replace(answer.example, label=names.first(answer.example.label)))


def _elected(votes: Sequence[Label]) -> str:
    elected = elect(votes)
    return elected[0].text if len(elected) == 1 else NO_MAJORITY


@dataclass(frozen=True, slots=True)
class Shares:
    """What became of pictures, as shares of all of them that add up to 1.

    Args:
        right: got the right name.
        wrong: got a wrong name.
        unknown: were called unknown.
        undecided: got several names, no one of them with a majority.
    """

    right: float
    wrong: float
    unknown: float
    undecided: float


class Evaluation:
    """The answers to a set of labelled pictures, and what they add up to.

    Args:
        answers: one a picture.
        strategies: those that answered, in order.
        known_labels: the names that the model knows; pictures of others are strangers'.
    """

    def __init__(
        self, answers: Sequence[Answer], strategies: Sequence[str], known_labels: Iterable[str]
    ) -> None:
        names = Spellings(known_labels)
        self.strategies = tuple(strategies)
        self.known = [_spelled(answer, names) for answer in answers if answer.example.label in names]
        self.strangers = [answer for answer in answers if answer.example.label not in names]

    @property
    def asked(self) -> tuple[str, ...]:
        """The strategies and, where there are several, the vote."""
        return (*self.strategies, VOTE) if len(self.strategies) > 1 else self.strategies

    def accuracy(self, strategy: str) -> float:
        """Share of the known people's pictures whose nearest face is the right person's."""
        return _share(self.known, lambda answer: answer.named(strategy) == answer.example.label)

    def undecided(self) -> int:
        """In how many of the known people's pictures the vote had no majority."""
        return sum(answer.named(VOTE) == NO_MAJORITY for answer in self.known)

    def shares(self, strategy: str) -> Shares:
        """What a pipeline would make of the known people's pictures."""
        judged = [(answer.judged(strategy), answer.example.label) for answer in self.known]
        return Shares(
            right=_share(judged, lambda pair: pair[0] == pair[1]),
            wrong=_share(judged, lambda pair: pair[0] not in (pair[1], UNKNOWN, NO_MAJORITY)),
            unknown=_share(judged, lambda pair: pair[0] == UNKNOWN),
            undecided=_share(judged, lambda pair: pair[0] == NO_MAJORITY),
        )

    def strangers_named(self, strategy: str) -> float:
        """Share of the strangers' pictures that a pipeline would give a name, or several."""
        return _share(self.strangers, lambda answer: answer.judged(strategy) != UNKNOWN)

    def by_person(self, strategy: str) -> dict[str, tuple[int, int]]:
        """Label -> how many of its pictures are named rightly, of how many."""
        people: dict[str, tuple[int, int]] = {}
        for answer in self.known:
            label = answer.example.label
            right, count = people.get(label, (0, 0))
            people[label] = (right + (answer.named(strategy) == label), count + 1)
        return people

    def confusion(self, strategy: str) -> Counter[tuple[str, str]]:
        """(Right label, answer) -> how many pictures, of known people."""
        return Counter((answer.example.label, answer.named(strategy)) for answer in self.known)

    def distances(self, strategy: str) -> tuple[list[float], list[float], list[float]]:
        """Distances of the right answers, of the wrong ones, and of strangers to whom they are nearest."""
        right: list[float] = []
        wrong: list[float] = []
        for answer in self.known:
            distance = answer.nearest[strategy].distance or 0.0
            (right if answer.named(strategy) == answer.example.label else wrong).append(distance)
        return right, wrong, [answer.nearest[strategy].distance or 0.0 for answer in self.strangers]


def _share(items: Sequence[T], holds: Callable[[T], bool]) -> float:
    """Share of the items for which something holds; 0 where there are none."""
    return sum(map(holds, items)) / len(items) if items else 0.0
