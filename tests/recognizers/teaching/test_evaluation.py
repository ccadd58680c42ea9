from __future__ import annotations

from pipeline.detections import Label
from recognizers.faces.dataset import Example
from recognizers.teaching.evaluation import NO_MAJORITY, VOTE, Answer, Evaluation, Shares

LIMITS = {"eigen": 10.0, "fischer": 10.0, "lbp": 10.0}


def answer(right: str, **said: tuple[str, float]) -> Answer:
    nearest = {method: Label(text, method=method, distance=far) for method, (text, far) in said.items()}
    return Answer(Example(f"/{right}.png", right, 0), nearest, LIMITS)


ANSWERS = [
    answer("ann", eigen=("ann", 1.0), fischer=("ann", 2.0), lbp=("ann", 3.0)),
    answer("ann", eigen=("ann", 11.0), fischer=("ann", 12.0), lbp=("bob", 3.0)),
    answer("bob", eigen=("ann", 4.0), fischer=("cid", 5.0), lbp=("bob", 6.0)),
    answer("bob", eigen=("ann", 4.0), fischer=("ann", 5.0), lbp=("bob", 60.0)),
    answer("eve", eigen=("ann", 40.0), fischer=("ann", 50.0), lbp=("bob", 6.0)),
    answer("eve", eigen=("ann", 4.0), fischer=("ann", 5.0), lbp=("bob", 60.0)),
]
EVALUATION = Evaluation(ANSWERS, ("eigen", "fischer", "lbp"), ("ann", "bob", "cid"))


def test_accuracy_is_of_the_nearest_face_and_of_known_people():
    assert EVALUATION.accuracy("eigen") == 0.5
    assert EVALUATION.accuracy("lbp") == 0.75
    assert EVALUATION.accuracy(VOTE) == 0.5
    assert EVALUATION.undecided() == 1


def test_what_a_pipeline_would_make_of_them():
    assert EVALUATION.shares("eigen") == Shares(right=0.25, wrong=0.5, unknown=0.25, undecided=0.0)
    assert EVALUATION.shares(VOTE) == Shares(right=0.25, wrong=0.25, unknown=0.25, undecided=0.25)
    assert EVALUATION.strangers_named("eigen") == 0.5
    assert EVALUATION.strangers_named("lbp") == 0.5
    assert EVALUATION.strangers_named(VOTE) == 0.5


def test_by_person_and_by_pair():
    assert EVALUATION.by_person(VOTE) == {"ann": (2, 2), "bob": (0, 2)}
    assert EVALUATION.confusion(VOTE) == {("ann", "ann"): 2, ("bob", NO_MAJORITY): 1, ("bob", "ann"): 1}
    assert EVALUATION.confusion("lbp") == {("ann", "ann"): 1, ("ann", "bob"): 1, ("bob", "bob"): 2}


def test_distances_of_right_and_wrong_answers_and_of_strangers():
    assert EVALUATION.distances("eigen") == ([1.0, 11.0], [4.0, 4.0], [40.0, 4.0])


def test_one_strategy_has_no_vote_and_no_limits_call_nobody_unknown():
    alone = Evaluation(
        [Answer(a.example, {"lbp": a.nearest["lbp"]}, {}) for a in ANSWERS], ("lbp",), ("ann", "bob", "cid")
    )
    assert alone.asked == ("lbp",)
    assert alone.shares("lbp").unknown == 0.0
    assert alone.strangers_named("lbp") == 1.0


def test_nobody_known_was_asked_about():
    strangers = Evaluation(ANSWERS, ("lbp",), ())
    assert strangers.accuracy("lbp") == 0.0
    assert len(strangers.strangers) == 6
