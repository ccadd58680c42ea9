"""`train CSV PERCENT TESTCSV MODELDIR EIGEN FISHER LBPH`: trains a face model from labelled pictures."""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from pipeline.errors import ModelError, UsageError
from pipeline.files.outputs import check_writable
from pipeline.models.catalog import DEFAULT
from pipeline.text import printable
from recognizers.commands.arguments import (
    TYPED,
    Lines,
    add_classic_strategies,
    add_command,
    classic_flags,
    plural,
    quoted,
    share,
    shown_distance,
    whole,
)
from recognizers.commands.inspection import (
    check_places,
    findings_before_training,
    findings_of_descriptors,
    named_examples,
    report_findings,
)
from recognizers.commands.trainembedding import DEFAULT_FALSE_ACCEPT_RATE, add_people, describe
from recognizers.commands.wholephotos import check_cropped
from recognizers.corrections.store import CorrectionStore, store_beside
from recognizers.faces.dataset import Example, check_present, read_examples, write_examples
from recognizers.faces.folderrecord import common_record
from recognizers.faces.splitting import split_examples
from recognizers.model.facemodel import Method
from recognizers.model.strategies import CLASSIC, EMBEDDING, TITLES
from recognizers.model.swap import TrainedGallery, replace_model
from recognizers.networks.base import FaceNetwork
from recognizers.networks.facenetwork import (
    DLIB,
    SFACE,
    chosen_network,
    load_network,
    network_named,
    network_record,
)
from recognizers.teaching.corrected import obey_corrections
from recognizers.teaching.impostors import impostor_threshold
from recognizers.teaching.training import (
    Faces,
    Pictures,
    check_teachable,
    model_record,
    read_faces,
    read_pictures,
    train_strategy,
)


def add_to(commands: Any) -> None:
    """Add the subcommand to the parser."""
    parser = add_command(
        commands,
        "train",
        run,
        short="train a model with a list of pictures",
        long="Train a face model with PERCENT of each label's pictures in CSV and list the others in "
        "TESTCSV. The distance beyond which a face is a stranger's is measured too, by leaving people out. "
        "An old model in MODELDIR is replaced when the new one is complete.",
        example="train dataset.csv 80 testset.csv familymodel --embedding",
    )
    parser.add_argument("csv", metavar="CSV", help="list of pictures, made by the csv command")
    parser.add_argument(
        "percent",
        metavar="PERCENT",
        type=percentage,
        help="share of the pictures for training, more than 0; 100 keeps none for testing",
    )
    parser.add_argument("testcsv", metavar="TESTCSV", help="file for the list of the other pictures")
    parser.add_argument("modeldir", metavar="MODELDIR", help="folder for the model; made if it is missing")
    add_classic_strategies(parser, "train", "yes, but no for aligned faces and with --embedding")
    parser.add_argument(
        "--classic", action="store_true", help="train Eigenfaces, Fisherfaces and LBPH, as 1 1 1 does"
    )
    parser.add_argument(
        "--embedding",
        nargs="?",
        const=DEFAULT,
        type=_network,
        metavar="NETWORK",
        help=f"describe faces by a network and keep the descriptors: {SFACE}, which needs aligned faces, "
        f"{DLIB}, or the path of an .onnx file that takes faces of 112 x 112 pixels (without a name, and "
        "for aligned faces: the first of those two that is installed and fits)",
    )
    parser.add_argument(
        "--add",
        action="store_true",
        help="add people, or pictures of them, to an existing model of embedding",
    )
    parser.add_argument(
        "--strict",
        action="store_true",
        help="refuse to train if a picture seems to be in a wrong folder or is a whole photo, if two people "
        "share a picture or a folder, or if a folder has the name of a group (default: a warning)",
    )
    parser.add_argument("--seed", type=whole, default=0, help="of the random split (default: 0)")
    parser.add_argument(
        "--false-accept-rate",
        type=share,
        metavar="RATE",
        help="share of strangers that may get a name from each strategy; with smaller shares more known "
        f"faces stay unknown (default: {DEFAULT_FALSE_ACCEPT_RATE:g}, with --add that of the model)",
    )
    parser.add_argument(
        "--equalized",
        action=argparse.BooleanOptionalAction,
        default=None,
        help="whether the pictures were equalized (default: as the resize command recorded, or estimated)",
    )


def _network(word: str) -> str:
    try:
        return network_named(word)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{error} (or put --embedding last)") from None


def percentage(text: str) -> float:
    """Parse a percentage; its range is checked where it is used."""
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f'expected a number from 0 to 100, got "{text}"') from None


def run(options: argparse.Namespace) -> Lines:
    """Run the subcommand."""
    examples = read_examples(options.csv)
    check_present(examples)
    check_cropped(options.csv, examples)
    check_places(options.csv, options.testcsv, options.modeldir, examples)
    corrected = obey_corrections(
        examples,
        CorrectionStore(store_beside(options.modeldir)),
        with_added=_learns_corrections(options, examples),
    )
    yield from corrected.sentences
    named, findings = named_examples(corrected.examples)
    yield from report_findings(options, findings)
    if not (named or corrected.added):
        raise UsageError(f"{printable(options.csv)}: corrections leave none of its pictures")
    split = split_examples(named, options.percent, options.seed)
    if split.testing:
        for label in split.untested:
            yield f'label "{printable(label)}" has one picture only, which is not tested'
    if corrected.added:
        yield f"{plural(len(corrected.added), 'corrected face')} of mined photos are trained too"
    everything = read_pictures([*named, *corrected.added])
    pictures = everything.only([*split.training, *corrected.added])
    yield from _choose_network(options, aligned=pictures.record.aligned)
    strategies = _strategies(options)
    check_teachable(pictures.examples, strategies)
    for folder in (options.modeldir, os.path.dirname(os.path.abspath(options.testcsv))):
        check_writable(Path(folder))  # before minutes of training
    if options.add:
        yield from add_people(options, pictures)
    else:
        yield from _teach(options, everything, pictures, strategies)
    if not split.testing:
        yield f"no picture is left for testing, and {printable(options.testcsv)} is not written"
        yield f"next: {TYPED} recognizemany PHOTO yunet {quoted(options.modeldir)} PHOTO-names.jpg"
        return None
    write_examples(options.testcsv, split.testing)
    yield f"{plural(len(split.testing), 'picture')} for testing in {printable(options.testcsv)}"
    flags = "".join(f" {int(strategy in strategies)}" for strategy in CLASSIC)
    flags = "" if EMBEDDING in strategies else flags  # by default `test` uses all strategies of the model
    yield f"next: {TYPED} test {quoted(options.testcsv)} {quoted(options.modeldir)}{flags}"
    return None


def _learns_corrections(options: argparse.Namespace, examples: Sequence[Example]) -> bool:
    """Return whether pictures of corrected faces can be added: if no strategy needs pictures of one size."""
    if options.classic or any(classic_flags(options).values()):
        return False
    return options.add or options.embedding is not None or common_record(e.path for e in examples).aligned


def _choose_network(options: argparse.Namespace, *, aligned: bool) -> Iterator[str]:
    """Choose a network for aligned faces if the user names no strategy, and say so."""
    named = (
        options.classic
        or options.embedding is not None
        or any(asked is not None for asked in classic_flags(options).values())
    )
    if named or options.add or not aligned:
        return
    try:
        options.embedding = chosen_network(DEFAULT, aligned=True)
    except ModelError as error:
        yield f"the classic strategies are trained; a network would name people much better: {error}"
    else:
        yield f"the faces are aligned and are described by {options.embedding}; use --classic for the others"


def _strategies(options: argparse.Namespace) -> tuple[str, ...]:
    """Return the strategies to train.

    Raises: UsageError: there are none, or a classic one is given with --add.
    """
    flags = classic_flags(options)
    if options.classic:
        flags = {strategy: asked is not False for strategy, asked in flags.items()}
    if options.add:
        if any(flags.values()):
            raise UsageError("--add works with embedding only; leave EIGEN, FISHER and LBPH out")
        return (EMBEDDING,)
    by_default = options.embedding is None
    chosen = [strategy for strategy, asked in flags.items() if (by_default if asked is None else asked)]
    if options.embedding is not None:
        chosen.append(EMBEDDING)
    if not chosen:
        raise UsageError("all strategies are switched off; switch one on")
    return tuple(chosen)


def _teach(
    options: argparse.Namespace, everything: Pictures, pictures: Pictures, strategies: tuple[str, ...]
) -> Iterator[str]:
    """Train a new model in MODELDIR.

    Args:
        everything: the pictures of both sets, which are inspected.
        pictures: the training set.
    """
    rate = DEFAULT_FALSE_ACCEPT_RATE if options.false_accept_rate is None else options.false_accept_rate
    record, network = None, None
    if EMBEDDING in strategies:
        record = network_record(chosen_network(options.embedding, aligned=pictures.record.aligned))
        network = load_network(record)
    faces = read_faces(pictures, equalized=options.equalized) if strategies != (EMBEDDING,) else None
    yield from _introduction(pictures, faces, network)
    yield from report_findings(options, findings_before_training(everything))
    galleries: list[TrainedGallery] = []
    methods: dict[str, Method] = {}
    for strategy in strategies:
        by = f", by {printable(record.name)}" if strategy == EMBEDDING and record is not None else ""
        yield f"{TITLES[strategy]}{by} ..."
        began = time.monotonic()
        gallery: TrainedGallery
        if faces is not None and strategy != EMBEDDING:
            gallery, methods[strategy] = train_strategy(faces, strategy, rate)
        else:
            assert network is not None
            described = describe(everything, network)
            labels = {example.number: example.label for example in everything.examples}
            findings = findings_of_descriptors(everything, described, labels, network)
            yield from report_findings(options, findings)
            gallery = described.only(everything.places(pictures))
            limit = impostor_threshold(gallery.descriptors, gallery.numbers, rate, network.impostors)
            methods[strategy] = Method(unknown_distance=limit)
        galleries.append(gallery)
        yield f"{TITLES[strategy]} done in {time.monotonic() - began:.1f} s; {_limit(methods[strategy])}"
    side_px = 0 if network is None else network.side_px
    model = model_record(pictures, methods, rate, faces=faces, network=record, side_px=side_px)
    replace_model(options.modeldir, model, galleries)
    yield f"model of {plural(len(model.labels), 'label')} in {printable(options.modeldir)}"


def _introduction(pictures: Pictures, faces: Faces | None, network: FaceNetwork | None) -> Iterator[str]:
    looks = ""
    if faces is not None:
        width, height = faces.size_wh
        looks = f", {width}x{height}, {'equalized' if faces.equalized else 'not equalized'}"
    people = len(set(pictures.numbers))
    aligned = ", aligned" if pictures.record.aligned else ""
    count = plural(len(pictures.examples), "picture")
    yield f"training on {count} of {plural(people, 'label')}{looks}{aligned}"
    if network is not None and not (network.aligns_itself or pictures.record.aligned):
        yield (
            "warning: the pictures are not aligned, as this network needs them to be accurate; crop "
            "the photos with --detector yunet"
        )


def _limit(method: Method) -> str:
    if method.unknown_distance is None:
        return "too few people to measure an unknown distance, so strangers will get names"
    return f"a face farther than {shown_distance(method.unknown_distance)} is unknown"
