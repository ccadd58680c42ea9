"""Evaluation of a model on labelled pictures, for each strategy and for their vote."""

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
"""Name of the strategies' vote, used like that of a strategy."""

NO_MAJORITY = "(no majority)"
"""The vote's answer if the strategies disagree; no person can have this name."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The strategies' answers for one labelled picture.

    Args:
        example: the picture and the right label.
        nearest: strategy -> the nearest known face, at whatever distance.
        limits: strategy -> unknown distance, if the model has one.
    """

    example: Example
    nearest: dict[str, Label]
    limits: dict[str, float]

    def named(self, strategy: str) -> str:
        """Return the name of the nearest face, or the vote on these names, without regard to distance."""
        if strategy != VOTE:
            return self.nearest[strategy].text
        return _elected(list(self.nearest.values()))

    def judged(self, strategy: str) -> str:
        """Return the answer of a pipeline: a face beyond the unknown distance is `unknown`."""
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
    """Replace the right label by the model's spelling of it."""
    return replace(answer, example=replace(answer.example, label=names.first(answer.example.label)))


def _elected(votes: Sequence[Label]) -> str:
    elected = elect(votes)
    return elected[0].text if len(elected) == 1 else NO_MAJORITY


@dataclass(frozen=True, slots=True)
class Shares:
    """The outcomes of pictures, as shares of all of them; they add up to 1.

    Args:
        right: got the right name.
        wrong: got a wrong name.
        unknown: were called unknown.
        undecided: got several names without a majority.
    """

    right: float
    wrong: float
    unknown: float
    undecided: float


class Evaluation:
    """Statistics of the answers for a set of labelled pictures.

    Args:
        answers: one per picture.
        strategies: those that answered, in order.
        known_labels: the names of the model; all other people are strangers.
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
        """The strategies and, if there are several, the vote."""
        return (*self.strategies, VOTE) if len(self.strategies) > 1 else self.strategies

    def accuracy(self, strategy: str) -> float:
        """Return the share of known people's pictures whose nearest face is the right person's."""
        return _share(self.known, lambda answer: answer.named(strategy) == answer.example.label)

    def undecided(self) -> int:
        """Return the number of known people's pictures for which the vote had no majority."""
        return sum(answer.named(VOTE) == NO_MAJORITY for answer in self.known)

    def shares(self, strategy: str) -> Shares:
        """Return the outcomes that a pipeline would have for the known people's pictures."""
        judged = [(answer.judged(strategy), answer.example.label) for answer in self.known]
        return Shares(
            right=_share(judged, lambda pair: pair[0] == pair[1]),
            wrong=_share(judged, lambda pair: pair[0] not in (pair[1], UNKNOWN, NO_MAJORITY)),
            unknown=_share(judged, lambda pair: pair[0] == UNKNOWN),
            undecided=_share(judged, lambda pair: pair[0] == NO_MAJORITY),
        )

    def strangers_named(self, strategy: str) -> float:
        """Return the share of strangers' pictures that a pipeline would give a name, or several."""
        return _share(self.strangers, lambda answer: answer.judged(strategy) != UNKNOWN)

    def by_person(self, strategy: str) -> dict[str, tuple[int, int]]:
        """Return, for each label, how many of its pictures got the right name, and how many there are."""
        people: dict[str, tuple[int, int]] = {}
        for answer in self.known:
            label = answer.example.label
            right, count = people.get(label, (0, 0))
            people[label] = (right + (answer.named(strategy) == label), count + 1)
        return people

    def confusion(self, strategy: str) -> Counter[tuple[str, str]]:
        """Return (right label, answer) -> number of pictures, of known people."""
        return Counter((answer.example.label, answer.named(strategy)) for answer in self.known)

    def distances(self, strategy: str) -> tuple[list[float], list[float], list[float]]:
        """Return the distances to the nearest face: of right answers, of wrong answers, and of strangers."""
        right: list[float] = []
        wrong: list[float] = []
        for answer in self.known:
            distance = answer.nearest[strategy].distance or 0.0
            (right if answer.named(strategy) == answer.example.label else wrong).append(distance)
        return right, wrong, [answer.nearest[strategy].distance or 0.0 for answer in self.strangers]


def _share(items: Sequence[T], holds: Callable[[T], bool]) -> float:
    """Return the share of items for which a condition holds; 0 if there are none."""
    return sum(map(holds, items)) / len(items) if items else 0.0
