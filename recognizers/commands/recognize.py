"""`recognize IMG LABEL MODELDIR EIGEN FISCHER LBPH`: whose face is in one picture?"""

from __future__ import annotations

import argparse
from typing import Any

from pipeline.text import Spellings, name_key, printable
from recognizers.commands.arguments import (
    Lines,
    add_command,
    add_flag,
    add_strategies,
    chosen_strategies,
    flag,
    shown_distance,
)
from recognizers.faces.dataset import Example
from recognizers.model.strategies import TITLES
from recognizers.teaching.evaluation import NO_MAJORITY, VOTE, Answer
from recognizers.teaching.matching import FaceMatcher


def add_to(commands: Any) -> None:
    """Declare the subcommand."""
    parser = add_command(
        commands,
        "recognize",
        run,
        short="ask a model about one picture of a face",
        long="Say whose face IMG shows, by each strategy, and whether that is LABEL.",
        example="recognize resized/ann/7.png ann familymodel 1 1 1",
    )
    parser.add_argument("img", metavar="IMG", help="a picture of a face, nothing else in it")
    parser.add_argument("label", metavar="LABEL", help="whose face it is")
    parser.add_argument("modeldir", metavar="MODELDIR", help="folder with the model")
    add_strategies(parser, "ask")
    add_flag(
        parser,
        "equalize",
        default=None,
        help_="spread its shades evenly first (default: where the model's faces were and this one was not)",
    )


def run(options: argparse.Namespace) -> Lines:
    """Do what the subcommand says."""
    strategies = chosen_strategies(options)
    matcher = FaceMatcher(options.modeldir, strategies)
    nearest = matcher.nearest(options.img, equalize=flag(options, "equalize"))
    answer = Answer(Example(options.img, options.label, 0), nearest, matcher.limits)
    for strategy, label in answer.nearest.items():
        limit = matcher.limits.get(strategy)
        beyond = "" if limit is None else f", unknown beyond {shown_distance(limit)}"
        distance = shown_distance(label.distance or 0.0)
        yield f"{TITLES[strategy]}: {printable(label.text)} at distance {distance}{beyond}"
    asked = VOTE if len(matcher.strategies) > 1 else matcher.strategies[0]
    named, judged = answer.named(asked), answer.judged(asked)
    verdict = "right" if name_key(named) == name_key(options.label) else "wrong"
    if named == NO_MAJORITY:
        yield f"the strategies disagree; expected {printable(options.label)}"
    else:
        yield f"nearest: {printable(named)}, which is {verdict}; expected {printable(options.label)}"
    yield f"a pipeline would say: {printable(judged)}"
    if options.label not in Spellings(matcher.model.labels.values()):
        yield f"note: the model knows nobody called {printable(options.label)}"
    return None
