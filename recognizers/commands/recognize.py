"""`recognize IMG LABEL MODELDIR EIGEN FISHER LBPH`: names the face in one picture."""

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
    """Add the subcommand to the parser."""
    parser = add_command(
        commands,
        "recognize",
        run,
        short="name the face in one picture",
        long="Print whose face IMG shows according to each strategy, and whether that is LABEL.",
        example="recognize faces/ann/7.png ann familymodel",
    )
    parser.add_argument("img", metavar="IMG", help="a picture that shows nothing but a face")
    parser.add_argument("label", metavar="LABEL", help="name of the person")
    parser.add_argument("modeldir", metavar="MODELDIR", help="folder with the model")
    add_strategies(parser, "use")
    add_flag(
        parser,
        "equalize",
        default=None,
        help_="equalize its histogram first (default: if the training faces were, and this one was not)",
    )


def run(options: argparse.Namespace) -> Lines:
    """Run the subcommand."""
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
        yield f"note: the model knows no person called {printable(options.label)}"
    return None
