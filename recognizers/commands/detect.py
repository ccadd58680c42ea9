"""`detect IMG CASCADE OUTIMG`: draws the detections of a cascade into a copy of a picture."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from annotators.drawing import draw_detections
from pipeline.detections import Detection
from pipeline.errors import UsageError
from pipeline.files.outputs import write_file
from pipeline.frame import Frame
from pipeline.text import printable
from recognizers.commands.arguments import Lines, add_command, plural
from recognizers.commands.finding import face_finder
from recognizers.faces.pictures import can_write, encode_as, frame_of, source_of

_MIN_NEIGHBORS = 4
"""As in 2017."""


def add_to(commands: Any) -> None:
    """Add the subcommand to the parser."""
    parser = add_command(
        commands,
        "detect",
        run,
        short="draw the detections of yunet or a cascade in a picture",
        long="Find faces with yunet, or the objects that a cascade is made for, in IMG, print their boxes as "
        "x1, y1, x2, y2, and draw them into OUTIMG.",
        example="detect party.jpg yunet party-faces.jpg",
    )
    add_picture(parser)
    add_outimg(parser)


def add_picture(parser: argparse.ArgumentParser) -> None:
    """Add the arguments IMG and CASCADE."""
    parser.add_argument("img", metavar="IMG", help="a photo")
    parser.add_argument("cascade", metavar="CASCADE", help="yunet, or a cascade's file name or path")


def add_outimg(parser: argparse.ArgumentParser) -> None:
    """Add the argument OUTIMG."""
    parser.add_argument("outimg", metavar="OUTIMG", help="the annotated copy: .png, .jpg, .webp ...")


def run(options: argparse.Namespace) -> Lines:
    """Run the subcommand."""
    check_outimg(options)
    find = face_finder(options.cascade, min_neighbors=_MIN_NEIGHBORS, min_size=None)
    frame = frame_of(source_of(options.img))
    boxes = find(frame)
    for box in boxes:
        yield f"{box.x1}, {box.y1}, {box.x2}, {box.y2}"
    write_annotated(options.outimg, frame, [Detection(box, ()) for box in boxes])
    yield f"{plural(len(boxes), 'hit')}, drawn into {printable(options.outimg)}"
    return None


def check_outimg(options: argparse.Namespace) -> None:
    """Make sure, before any work is done, that OUTIMG can be written.

    Raises: UsageError: its ending is no picture's, or it is IMG itself.
    """
    if not can_write(options.outimg, gray=False):
        raise UsageError(f"{printable(options.outimg)}: give a name that ends in .png or .jpg")
    output, picture = Path(options.outimg), Path(options.img)
    if output.exists() and picture.exists() and output.samefile(picture):
        raise UsageError(f"{printable(options.outimg)}: is IMG itself; give the copy another name")


def write_annotated(path: str, frame: Frame, detections: list[Detection]) -> None:
    """Write a copy of a frame with boxes and labels.

    Raises: OutputError: it cannot be written.
    """
    drawn = draw_detections(frame.rgb(), detections, frame.size_wh)
    write_file(Path(path), encode_as(path, drawn))
