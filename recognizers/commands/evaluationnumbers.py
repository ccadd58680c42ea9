"""The numbers of `test --json`."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from recognizers.teaching.evaluation import VOTE, Evaluation


def numbers_of(evaluation: Evaluation, *, taught: int) -> dict[str, Any]:
    """Return all results of `test` as plain values.

    Args:
        evaluation: the answers.
        taught: how many of the pictures the model was taught with.
    """
    return {
        "pictures": len(evaluation.known),
        "strangers": len(evaluation.strangers),
        "taught": taught,
        "undecided": evaluation.undecided() if VOTE in evaluation.asked else 0,
        "strategies": {strategy: _of_strategy(evaluation, strategy) for strategy in evaluation.asked},
    }


def _of_strategy(evaluation: Evaluation, strategy: str) -> dict[str, Any]:
    numbers: dict[str, Any] = {
        "accuracy": evaluation.accuracy(strategy) if evaluation.known else None,
        "with_unknown_distance": asdict(evaluation.shares(strategy)) if evaluation.known else None,
        "strangers_named": evaluation.strangers_named(strategy) if evaluation.strangers else None,
        "people": {
            label: {"right": right, "pictures": count}
            for label, (right, count) in evaluation.by_person(strategy).items()
        },
        "confusion": [
            {"label": right, "answer": answer, "pictures": count}
            for (right, answer), count in sorted(evaluation.confusion(strategy).items())
        ],
    }
    if strategy != VOTE:
        right, wrong, strangers = evaluation.distances(strategy)
        numbers["distances"] = {"right": right, "wrong": wrong, "strangers": strangers}
    return numbers
