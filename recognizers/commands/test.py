"""`test TESTCSV MODELDIR EIGEN FISHER LBPH`: measures how well a model names pictures of a test set."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pipeline.files.outputs import check_writable, write_file
from pipeline.text import printable
from recognizers.commands.arguments import (
    TYPED,
    Lines,
    add_command,
    add_strategies,
    chosen_strategies,
    plural,
    quoted,
)
from recognizers.commands.evaluationcharts import charts_of
from recognizers.commands.evaluationnumbers import numbers_of
from recognizers.faces.dataset import UNKNOWN_FOLDER, check_present, read_examples, strangers_beside
from recognizers.faces.pictures import encode_as
from recognizers.model.strategies import EIGEN, EMBEDDING, FISCHER, LBP, TITLES, UNKNOWN
from recognizers.teaching.evaluation import VOTE, Evaluation
from recognizers.teaching.matching import FaceMatcher

_COLUMNS = {EIGEN: "eigen", FISCHER: "fischer", LBP: "lbph", EMBEDDING: "embedding"}
_MOST_COLUMNS = 12
"""Largest number of people whose confusion matrix fits on a terminal."""

_MANY_UNKNOWN = 0.4
_MANY_WRONG = 0.05
"""Shares of the known faces from which on `test` says what to do about it."""


def add_to(commands: Any) -> None:
    """Add the subcommand to the parser."""
    parser = add_command(
        commands,
        "test",
        run,
        short="measure how often a model is right",
        long="Name the pictures in TESTCSV with a model and compare the names with the labels. People whom "
        "the model does not know are strangers, as are the faces in the folders _single and _unknown beside "
        "the people's: none of their pictures should get a name.",
        example="test testset.csv familymodel --plot charts --json accuracy.json",
    )
    parser.add_argument("testcsv", metavar="TESTCSV", help="list of pictures, made by the train command")
    parser.add_argument("modeldir", metavar="MODELDIR", help="folder with the model")
    add_strategies(parser, "test")
    parser.add_argument("--plot", metavar="DIR", help="folder for charts of the confusions and distances")
    parser.add_argument("--json", metavar="FILE", help="write all numbers to this file")


def run(options: argparse.Namespace) -> Lines:
    """Run the subcommand."""
    strategies = chosen_strategies(options)
    examples = read_examples(options.testcsv)
    check_present(examples)
    matcher = FaceMatcher(options.modeldir, strategies)
    if options.plot is not None:
        check_writable(Path(options.plot))
    taught = matcher.taught(examples)
    answers = matcher.answer([*examples, *strangers_beside(examples)])
    evaluation = Evaluation(answers, matcher.strategies, matcher.model.labels.values())
    yield from _each_picture(evaluation)
    if taught:
        yield (
            f"warning: the model was trained with {len(taught)} of these "
            f"{plural(len(examples), 'picture')}, such as {printable(taught[0].path)}; its answers for them "
            "say nothing about new pictures"
        )
    if evaluation.known:
        yield from _accuracy(evaluation)
        yield from _people(evaluation)
        yield from _confusions(evaluation)
    yield from _with_limits(evaluation, matcher)
    yield from _in_words(evaluation, matcher, options.modeldir)
    if options.plot is not None:
        for name, chart in charts_of(evaluation, matcher.limits):
            write_file(Path(options.plot, name), encode_as(name, chart))
            yield f"chart: {printable(Path(options.plot, name))}"
    if options.json is not None:
        numbers = numbers_of(evaluation, taught=len(taught))
        write_file(Path(options.json), json.dumps(numbers, indent=2, ensure_ascii=False).encode() + b"\n")
        yield f"numbers: {printable(options.json)}"
    return None


def _each_picture(evaluation: Evaluation) -> Iterator[str]:
    """Yield the nearest name by each strategy, and whether a pipeline would accept it."""
    for answer in (*evaluation.known, *evaluation.strangers):
        answers = [f"{_COLUMNS[name]}={label.text}" for name, label in answer.nearest.items()]
        if VOTE in evaluation.asked:
            answers.append(f"vote={answer.named(VOTE)}")
        unknown = [_COLUMNS[name] for name in answer.nearest if answer.judged(name) == UNKNOWN]
        if unknown:
            answers.append(f"too far, so unknown: {', '.join(unknown)}")
        shown = " | ".join(printable(text) for text in answers)
        yield f"{printable(answer.example.path)}: expected={printable(answer.example.label)} | {shown}"


def _accuracy(evaluation: Evaluation) -> Iterator[str]:
    for strategy in evaluation.strategies:
        yield f"{TITLES[strategy]} accuracy:  {_number(evaluation.accuracy(strategy))}"
    if VOTE in evaluation.asked:
        yield (
            f"Vote accuracy:  {_number(evaluation.accuracy(VOTE))} "
            f"({evaluation.undecided()} of {len(evaluation.known)} had no majority)"
        )


def _people(evaluation: Evaluation) -> Iterator[str]:
    asked = evaluation.asked[-1]
    people = evaluation.by_person(asked)
    wide = max(len(printable(label)) for label in people)
    yield f"Accuracy a person ({'the vote' if asked == VOTE else TITLES[asked]}):"
    for label, (right, count) in people.items():
        yield f"  {printable(label):<{wide}}  {right:>4} of {count:<4}  {right / count:.3f}"


def _confusions(evaluation: Evaluation) -> Iterator[str]:
    """Yield the confusion matrix if it fits, else the wrong answers."""
    asked = evaluation.asked[-1]
    confusion = evaluation.confusion(asked)
    rows = sorted({right for right, _ in confusion})
    columns = sorted({answer for _, answer in confusion} | set(rows))
    wrong = {pair: count for pair, count in confusion.items() if pair[0] != pair[1]}
    yield "Confusion, right label -> answer:"
    if len(columns) <= _MOST_COLUMNS:
        shown = [printable(name)[:12] for name in columns]
        wide = max(len(printable(row)) for row in rows)
        yield f"  {'':<{wide}}  " + "  ".join(f"{name:>4}" for name in shown)
        for row in rows:
            cells = (
                f"{confusion[row, column] or '.':>{max(4, len(name))}}"
                for column, name in zip(columns, shown, strict=True)
            )
            yield f"  {printable(row):<{wide}}  " + "  ".join(cells)
    elif not wrong:
        yield "  none"
    else:
        for (right, answer), count in sorted(wrong.items(), key=lambda item: (-item[1], item[0])):
            yield f"  {printable(right)} -> {printable(answer)}: {count}"


def _with_limits(evaluation: Evaluation, matcher: FaceMatcher) -> Iterator[str]:
    """Yield the outcomes with the unknown distances, as in a pipeline."""
    if not matcher.limits:
        yield "The model has no unknown distances, so strangers will get names; train it again."
        return
    rate = matcher.model.false_accept_rate
    chosen = "" if rate is None else f", chosen for {100 * rate:g}% false accepts per strategy"
    yield f"With the model's unknown distances{chosen}:"
    for strategy in evaluation.asked:
        title = "Vote" if strategy == VOTE else TITLES[strategy]
        if evaluation.known:
            shares = evaluation.shares(strategy)
            undecided = f", undecided {shares.undecided:.3f}" if strategy == VOTE else ""
            yield (
                f"  {title}: of {plural(len(evaluation.known), 'known face')} right {shares.right:.3f}, "
                f"wrong {shares.wrong:.3f}, unknown {shares.unknown:.3f}{undecided}"
            )
        if evaluation.strangers:
            named = evaluation.strangers_named(strategy)
            yield f"  {title}: of {plural(len(evaluation.strangers), 'stranger')} named {named:.3f}"
    if evaluation.known and evaluation.shares(evaluation.asked[-1]).unknown > _MANY_UNKNOWN:
        larger_rate = min(1.0, max(0.05, 5 * (rate or 0.0)))
        yield (
            "Many known faces are called unknown: train with more pictures of each person, or accept more "
            f"strangers (train with --false-accept-rate {larger_rate:g}, or unknown: false in the pipeline "
            "file)."
        )


def _in_words(evaluation: Evaluation, matcher: FaceMatcher, modeldir: str) -> Iterator[str]:
    """Yield what the numbers mean for a collection of photos, and what to do next."""
    asked = evaluation.asked[-1]
    if evaluation.known:
        shares = evaluation.shares(asked)
        right, wrong = round(100 * shares.right), round(100 * shares.wrong)
        yield (
            f"In words: of 100 known faces, {right} get the right name, {wrong} a wrong one, and "
            f"{100 - right - wrong} stay unknown."
        )
    if evaluation.strangers:
        named = round(100 * evaluation.strangers_named(asked))
        count = plural(len(evaluation.strangers), "face")
        yield f"Of 100 strangers' faces, {named} get a name (measured with {count})."
    else:
        yield (
            f"How often strangers get a name is not measured: put faces of other people into a folder "
            f"{UNKNOWN_FOLDER} beside the folders of the people."
        )
    wrong_share = evaluation.shares(asked).wrong if evaluation.known else 0.0
    if wrong_share > _MANY_WRONG:
        yield "next: correct the folders of confused people, or add pictures, and train again"
        return
    finder = "yunet" if matcher.model.aligned else "CASCADE"
    yield (
        f"next: {TYPED} recognizemany PHOTO {finder} {quoted(modeldir)} PHOTO-names.jpg, or mine "
        "with a pipeline file that uses the model, such as people.yml"
    )


def _number(value: float) -> str:
    return f"{round(value, 6)}"
