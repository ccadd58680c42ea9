"""`split TOP TRAIN TEST PERCENT`: splits a folder of labelled pictures into two."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import Any

from pipeline.errors import ExitCode, UsageError
from pipeline.files.outputs import check_writable, write_file
from pipeline.text import printable
from recognizers.commands.arguments import Lines, add_command, plural, whole
from recognizers.commands.train import percentage
from recognizers.faces.dataset import Example, list_face_folder
from recognizers.faces.folderrecord import read_record, write_record
from recognizers.faces.splitting import split_examples


def add_to(commands: Any) -> None:
    """Add the subcommand to the parser."""
    parser = add_command(
        commands,
        "split",
        run,
        short="copy a share of the pictures into one folder, the others into another",
        long="Copy PERCENT of each person's pictures into TRAIN and the others into TEST, in folders named "
        "after the people. The train command splits by itself; this command is for other uses.",
        example="split resized training testing 80",
    )
    parser.add_argument("top", metavar="TOP", help="folder with a folder of pictures for each person")
    parser.add_argument("train", metavar="TRAIN", help="folder for the training pictures; must be new")
    parser.add_argument("test", metavar="TEST", help="folder for the test pictures; must be new")
    parser.add_argument("percent", metavar="PERCENT", type=percentage, help="share for TRAIN, 0 to 100")
    parser.add_argument("--seed", type=whole, default=0, help="of the random choice (default: 0)")


def run(options: argparse.Namespace) -> Lines:
    """Run the subcommand."""
    if options.percent == 100:
        raise UsageError("PERCENT is 100, which leaves TEST empty; give less")
    folder = list_face_folder(options.top)
    split = split_examples(folder.examples(), options.percent, options.seed)
    parts = {options.train: split.training, options.test: split.testing}
    if os.path.abspath(options.train) == os.path.abspath(options.test):
        raise UsageError(f"{printable(options.test)}: TRAIN and TEST are one folder; choose two")
    for target in parts:
        if os.path.isdir(target) and os.listdir(target):
            raise UsageError(f"{printable(target)}: is not empty; choose a new folder")
        check_writable(Path(target))
    for label in split.untested:
        yield f'label "{printable(label)}" has one picture only, which is in TRAIN'
    record = read_record(options.top)
    for target, examples in parts.items():
        for example in examples:
            _copy(example, options.top, target)
        if record is not None:
            write_record(target, record)
        yield f"{plural(len(examples), 'picture')} in {printable(target)}"
    for sentence in folder.unreadable:
        yield f"cannot be read: {sentence}"
    return ExitCode.SOME_FAILED if folder.unreadable else None


def _copy(example: Example, top: str, target: str) -> None:
    relative = os.path.relpath(example.path, os.path.abspath(top))
    try:
        with open(example.path, "rb") as stream:
            content = stream.read()
    except OSError as error:
        raise UsageError(f"{printable(example.path)}: cannot be read ({error.strerror})") from None
    write_file(Path(target, relative), content)
