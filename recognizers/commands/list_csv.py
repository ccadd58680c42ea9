"""`csv DIR FILE`: lists the labelled pictures of a folder."""

from __future__ import annotations

import argparse
from typing import Any

from pipeline.errors import ExitCode
from pipeline.text import printable
from recognizers.commands.arguments import TYPED, Lines, add_command, plural, quoted
from recognizers.commands.wholephotos import check_cropped
from recognizers.faces.dataset import are_aligned, list_face_folder, write_examples


def add_to(commands: Any) -> None:
    """Add the subcommand to the parser."""
    parser = add_command(
        commands,
        "csv",
        run,
        short="list the pictures with their labels",
        long="Write a CSV file with a line for each picture in DIR/<label>/, or in DIR if it holds the "
        "cropped faces of one person: its absolute path, its label, and the label's number. Numbers follow "
        "the order of the names, so that they are the same each time.",
        example="csv resized dataset.csv",
    )
    parser.add_argument("dir", metavar="DIR", help="folder with a folder of pictures for each person")
    parser.add_argument("file", metavar="FILE", help="the CSV file to write")


def run(options: argparse.Namespace) -> Lines:
    """Run the subcommand."""
    folder = list_face_folder(options.dir)
    examples = folder.examples()
    check_cropped(options.dir, examples)
    write_examples(options.file, examples)
    for sentence in folder.passed_over:
        yield f"skipped: {sentence}"
    for sentence in folder.unreadable:
        yield f"cannot be read: {sentence}"
    labels = plural(len(folder.sources), "label")
    yield f"{plural(len(examples), 'picture')} of {labels} in {printable(options.file)}"
    how = "" if are_aligned(folder) else " 1 1 1"
    yield f"next: {TYPED} train {quoted(options.file)} 80 testset.csv MODELDIR{how}"
    return ExitCode.SOME_FAILED if folder.unreadable else None
