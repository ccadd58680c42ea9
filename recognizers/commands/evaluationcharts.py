"""The charts of `test --plot`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from pipeline.frame import RgbArray
from recognizers.commands.charts import Series, bar_charts, matrix_chart
from recognizers.model.strategies import TITLES
from recognizers.teaching.evaluation import VOTE, Evaluation

_BINS = 40


def charts_of(evaluation: Evaluation, limits: Mapping[str, float]) -> Iterator[tuple[str, RgbArray]]:
    """Yield a confusion matrix and a histogram of distances for each strategy.

    Args:
        evaluation: the answers.
        limits: strategy -> the unknown distance, where the model has one.
    Returns: file names that end in .png, and pictures.
    """
    for strategy in evaluation.asked if evaluation.known else ():
        yield f"confusion-{strategy}.png", _confusion_chart(evaluation, strategy)
    for strategy in evaluation.strategies:
        yield f"distances-{strategy}.png", _distance_chart(evaluation, strategy, limits.get(strategy))


def _confusion_chart(evaluation: Evaluation, strategy: str) -> RgbArray:
    confusion = evaluation.confusion(strategy)
    rows = sorted({right for right, _ in confusion})
    columns = rows + sorted({answer for _, answer in confusion} - set(rows))
    counts = np.array([[confusion[row, column] for column in columns] for row in rows])
    title = "The vote" if strategy == VOTE else TITLES[strategy]
    accuracy = evaluation.accuracy(strategy)
    return matrix_chart(
        f"{title}: rows are people, columns are answers; {accuracy:.3f} right", rows, columns, counts
    )


def _distance_chart(evaluation: Evaluation, strategy: str, limit: float | None) -> RgbArray:
    groups = dict(zip(("right", "wrong", "strangers"), evaluation.distances(strategy), strict=True))
    most = max([*(distance for group in groups.values() for distance in group), limit or 0.0]) or 1.0
    edges = np.linspace(0.0, most * 1.02, _BINS + 1)
    counts = {
        name: np.asarray(np.histogram(distances, edges)[0], dtype=np.int64)
        for name, distances in groups.items()
        if distances or name != "strangers"
    }
    lines = {} if limit is None else {"unknown beyond": limit}
    return bar_charts(
        [Series(f"{TITLES[strategy]}: distance to the nearest known face", edges, counts, lines)]
    )
