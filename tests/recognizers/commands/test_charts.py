from __future__ import annotations

import numpy as np

from recognizers.commands.charts import OTHER, RIGHT, WRONG, Series, bar_charts, matrix_chart


def amount(pixels, color) -> int:
    return int((pixels == color).all(axis=2).sum())


def test_bars_are_as_high_as_what_they_count():
    edges = np.linspace(0, 100, 11)
    counts = np.array([1, 0, 0, 0, 10, 0, 0, 0, 0, 5])
    chart = bar_charts([Series("width", edges, {"pictures": counts})])
    columns = (chart == RIGHT).all(axis=2).sum(axis=0)
    heights = [int(part.max()) for part in np.array_split(columns[70:870], 10)]
    assert heights[4] > 200
    assert abs(heights[9] / heights[4] - 0.5) < 0.03
    assert abs(heights[0] / heights[4] - 0.1) < 0.03
    assert heights[1] == 0


def test_several_things_counted_and_a_line():
    edges = np.linspace(0, 100, 11)
    ones = np.ones(10, dtype=np.int64)
    series = Series(
        "distance", edges, {"right": ones, "wrong": ones, "strangers": ones}, {"unknown beyond": 50.0}
    )
    chart = bar_charts([series, Series("empty", edges, {"right": 0 * ones})])
    assert chart.shape == (680, 900, 3)
    for color in (RIGHT, WRONG, OTHER):
        assert amount(chart, color) > 1000
    assert amount(chart[340:], RIGHT) == 0


def test_the_table_shows_right_and_wrong():
    chart = matrix_chart("who", ["ann", "bob"], ["ann", "bob", "猫"], np.array([[3, 0, 0], [0, 2, 2]]))
    assert amount(chart, RIGHT) > 400
    assert amount(chart, WRONG) == 0
    half = tuple(round(245 + (channel - 245) * 0.6) for channel in WRONG)
    assert amount(chart, half) > 200


def test_a_table_of_many_people_stays_a_picture():
    names = [f"person {index} with a rather long name" for index in range(150)]
    chart = matrix_chart("who", names, names, np.eye(150, dtype=int))
    assert max(chart.shape) < 2000
    assert amount(chart, RIGHT) > 150 * 20
