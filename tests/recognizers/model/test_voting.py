from __future__ import annotations

from pipeline.detections import Label
from recognizers.model.voting import elect

EIGEN = Label("ann", method="eigen", distance=800.0)
FISCHER = Label("bob", method="fischer", distance=300.0)
LBP = Label("bob", method="lbp", distance=40.0)


def test_two_of_three_win_with_the_first_that_voted_so():
    assert elect([EIGEN, FISCHER, LBP]) == (FISCHER,)


def test_without_a_majority_all_are_output_in_order():
    three = (EIGEN, FISCHER, Label("cid", method="lbp", distance=41.0))
    assert elect(three) == three
    assert elect([EIGEN, FISCHER]) == (EIGEN, FISCHER)


def test_one_strategy_is_its_own_majority_and_unknown_votes_too():
    assert elect([EIGEN]) == (EIGEN,)
    unknown = [Label("unknown", method=method, distance=1.0) for method in ("eigen", "lbp")]
    assert elect([unknown[0], FISCHER, unknown[1]]) == (unknown[0],)


def test_nobody_votes():
    assert elect([]) == ()
