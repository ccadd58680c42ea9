"""`resize IN OUT W H GRAY EQUALIZE`: brings all pictures of a folder tree to one size."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from pipeline.errors import ExitCode
from pipeline.files.outputs import check_writable
from pipeline.text import printable
from recognizers.commands.arguments import TYPED, Lines, add_command, add_flag, flag, pixels, plural, quoted
from recognizers.commands.progress import tracked
from recognizers.faces import resizing
from recognizers.faces.fit import Fit


def add_to(commands: Any) -> None:
    """Add the subcommand to the parser."""
    parser = add_command(
        commands,
        "resize",
        run,
        short="bring all pictures to one size, for training",
        long="Write a copy of every picture under IN to the same path under OUT, all of one size. IN is "
        "not changed. Pictures keep their format if it can be written, others become .png.",
        example="resize faces resized 92 112 --grayscale --no-equalize --fit crop",
    )
    parser.add_argument("input", metavar="IN", help="folder of pictures, with subfolders")
    parser.add_argument("output", metavar="OUT", help="folder for the copies; made if it is missing")
    parser.add_argument("width", metavar="W", type=pixels, help="width of every copy, pixels")
    parser.add_argument("height", metavar="H", type=pixels, help="height of every copy, pixels")
    add_flag(parser, "grayscale", default=True, help_="make them gray, as face recognition needs")
    add_flag(parser, "equalize", default=False, help_="equalize their histograms, which helps dim pictures")
    parser.add_argument(
        "--fit",
        type=Fit,
        choices=list(Fit),
        default=Fit.STRETCH,
        help="a picture of another shape is stretched, cropped to its middle, or padded with black "
        "(default: stretch)",
    )


def run(options: argparse.Namespace) -> Lines:
    """Run the subcommand."""
    resize = resizing.Resize(
        (options.width, options.height),
        grayscale=bool(flag(options, "grayscale")),
        equalize=bool(flag(options, "equalize")),
        fit=options.fit,
    )
    tasks, failures = resizing.plan(options.input, options.output, resize)
    check_writable(Path(options.output))
    results = list(tracked(resizing.run(tasks, resize), len(tasks), "resizing"))
    failures += [sentence for sentence in results if sentence is not None]
    for failure in failures:
        yield f"left out: {failure}"
    done = sum(sentence is None for sentence in results)
    resizing.remember(options.input, options.output, tasks, resize)
    yield f"{plural(done, 'picture')} of {options.width}x{options.height} in {printable(options.output)}"
    yield f"next: {TYPED} csv {quoted(options.output)} dataset.csv"
    return ExitCode.SOME_FAILED if failures else None
