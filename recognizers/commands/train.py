"""`train CSV PERCENT TESTCSV MODELDIR EIGEN FISCHER LBPH`: a face model from labelled pictures."""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pipeline.outputs import check_writable, printable
from recognizers.commands.arguments import (
    Lines,
    add_command,
    add_strategies,
    chosen_strategies,
    plural,
    quoted,
    share,
    whole,
)
from recognizers.dataset import check_present, read_examples, write_examples
from recognizers.facemodel import Method
from recognizers.gallery import Gallery
from recognizers.modelswap import replace_model
from recognizers.splitting import split_examples
from recognizers.strategies import TITLES
from recognizers.training import (
    Faces,
    check_teachable,
    model_record,
    read_faces,
    same_picture_twice,
    train_strategy,
)

DEFAULT_FALSE_ACCEPT_RATE = 0.01


def add_to(commands: Any) -> None:
    """Declare the subcommand."""
    parser = add_command(
        commands,
        "train",
        run,
        short="teach a model from a list of pictures",
        long="Teach a face model with PERCENT of each label's pictures in CSV and list the others in "
        "TESTCSV. The model also learns, from people whom it is made not to know, beyond which distance a "
        "face is a stranger's. An old model in MODELDIR is replaced when the new one is complete.",
        example="train dataset.csv 80 testset.csv familymodel --no-fischer",
    )
    parser.add_argument("csv", metavar="CSV", help="list of pictures, made by the csv command")
    parser.add_argument(
        "percent", metavar="PERCENT", type=percentage, help="share to teach with, more than 0, less than 100"
    )
    parser.add_argument("testcsv", metavar="TESTCSV", help="file to write the list of the other pictures to")
    parser.add_argument("modeldir", metavar="MODELDIR", help="folder for the model; made if it is missing")
    add_strategies(parser, "train")
    parser.add_argument("--seed", type=whole, default=0, help="another number, another split (default: 0)")
    parser.add_argument(
        "--false-accept-rate",
        type=share,
        default=DEFAULT_FALSE_ACCEPT_RATE,
        metavar="RATE",
        help="share of strangers that each strategy may take for somebody; less of it calls more known "
        "faces unknown (default: %(default)g)",
    )
    parser.add_argument(
        "--equalized",
        action=argparse.BooleanOptionalAction,
        default=None,
        help="whether the pictures were equalized (default: as the resize command noted, or by their looks)",
    )


def percentage(text: str) -> float:
    """A word of the command line as a percentage; its range is checked where it is used."""
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f'expected a number from 0 to 100, got "{text}"') from None


def run(options: argparse.Namespace) -> Lines:
    """Do what the subcommand says."""
    strategies = chosen_strategies(options)
    examples = read_examples(options.csv)
    check_present(examples)
    split = split_examples(examples, options.percent, options.seed)
    for label in split.left_out:
        yield f'left out: label "{printable(label)}" has one picture only'
    check_teachable(split.training, strategies)
    for folder in (options.modeldir, os.path.dirname(os.path.abspath(options.testcsv))):
        check_writable(Path(folder))  # now, not after minutes of training
    faces = read_faces(split.training, equalized=options.equalized)
    yield from _introduction(faces)
    galleries: list[Gallery] = []
    methods: dict[str, Method] = {}
    for strategy in strategies:
        yield f"{TITLES[strategy]} ..."
        began = time.monotonic()
        gallery, methods[strategy] = train_strategy(faces, strategy, options.false_accept_rate)
        galleries.append(gallery)
        yield f"{TITLES[strategy]} done in {time.monotonic() - began:.1f} s; {_limit(methods[strategy])}"
    model = model_record(faces, methods, options.false_accept_rate)
    replace_model(options.modeldir, model, galleries)
    write_examples(options.testcsv, split.testing)
    yield f"model of {plural(len(model.labels), 'label')} in {printable(options.modeldir)}"
    yield f"{plural(len(split.testing), 'picture')} to test with in {printable(options.testcsv)}"
    flags = " ".join("1" if strategy in strategies else "0" for strategy in TITLES)
    yield f"next: facerec_train.py test {quoted(options.testcsv)} {quoted(options.modeldir)} {flags}"
    return None


def _introduction(faces: Faces) -> Iterator[str]:
    width, height = faces.size_wh
    looks = "equalized" if faces.equalized else "not equalized"
    people = len(set(faces.numbers))
    yield (
        f"training on {plural(len(faces.pixels), 'picture')} of {plural(people, 'label')}, "
        f"{width}x{height}, {looks}"
    )
    yield from (f"warning: {sentence}" for sentence in same_picture_twice(faces))


def _limit(method: Method) -> str:
    if method.unknown_distance is None:
        return "too few people to tell strangers, so none will be called unknown"
    return f"a face farther than {method.unknown_distance:.1f} is unknown"
