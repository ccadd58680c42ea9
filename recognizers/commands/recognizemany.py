"""`recognizemany IMG CASCADE MODELDIR OUTIMG ...`: draws the names of the faces into a copy of a photo."""

from __future__ import annotations

import argparse
from typing import Any

from pipeline.detections import Label
from pipeline.text import printable
from recognizers.commands.arguments import (
    Lines,
    add_command,
    add_flag,
    add_strategies,
    chosen_strategies,
    flag,
    plural,
    shown_distance,
)
from recognizers.commands.detect import add_outimg, add_picture, check_outimg, write_annotated
from recognizers.commands.finding import FACE, NAMES, built, component, face_component
from recognizers.faces.pictures import frame_of, source_of

_MIN_NEIGHBORS = 3
"""As in 2017, and as in a pipeline."""


def add_to(commands: Any) -> None:
    """Add the subcommand to the parser."""
    parser = add_command(
        commands,
        "recognizemany",
        run,
        short="draw the names of the faces in a photo",
        long="Find the faces in IMG with yunet or a cascade, name each as a pipeline would, print the names, "
        "and draw them into OUTIMG. Give yunet for a model of aligned faces.",
        example="recognizemany party.jpg yunet familymodel party-names.jpg",
    )
    add_picture(parser)
    parser.add_argument("modeldir", metavar="MODELDIR", help="folder with the model")
    add_outimg(parser)
    add_strategies(parser, "use")
    add_flag(
        parser,
        "equalize",
        default=None,
        help_="equalize the histogram of each face first (default: as the model was trained)",
    )


def run(options: argparse.Namespace) -> Lines:
    """Run the subcommand."""
    check_outimg(options)
    values = {
        "model": options.modeldir,
        "strategies": list(chosen_strategies(options)),
        "equalizehist": flag(options, "equalize"),
    }
    pipeline = built(
        [
            face_component(options.cascade, min_neighbors=_MIN_NEIGHBORS, min_size=None),
            component(NAMES, "recognizer", (FACE,), values),
        ]
    )
    frame = frame_of(source_of(options.img))
    named = pipeline.detect(frame).found[NAMES]
    for detection in named:
        box = detection.box
        labels = ", ".join(_shown(label) for label in detection.labels)
        yield f"{box.x1}, {box.y1}, {box.x2}, {box.y2}: {labels}"
    write_annotated(options.outimg, frame, list(named))
    yield f"{plural(len(named), 'face')}, drawn into {printable(options.outimg)}"
    return None


def _shown(label: Label) -> str:
    distance = "" if label.distance is None else f" at distance {shown_distance(label.distance)}"
    return f"{printable(label.text)} ({label.method}{distance})"
