"""`export OUTPUT FILE --format FORMAT`: what the index knows, for other programs."""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, BinaryIO

from pipeline.errors import ExitCode, UsageError
from pipeline.files.outputerrors import output_errors
from pipeline.files.outputs import replace_file
from pipeline.text import escaped, printable
from search.commands.arguments import add_backend, add_command, add_output
from search.commands.backends import open_index
from search.conditions import TermKind
from search.documents import Document
from search.exports import folders, streams
from search.exports.boxes import class_names
from search.place import index_path, output_folder
from search.question import understand

_Stream = Callable[[BinaryIO, Iterable[Document], Sequence[tuple[TermKind, str]]], None]

_STREAMS: dict[str, _Stream] = {
    "jsonl": streams.write_jsonl,
    "csv": streams.write_csv,
    "coco": streams.write_coco,
    "megadetector": streams.write_megadetector,
    "geojson": streams.write_geojson,
}
_FOLDERS: dict[str, folders.FolderWriter] = {
    "yolo": folders.write_yolo,
    "labelme": folders.write_labelme,
    "voc": folders.write_voc,
}
_WITH_NAMES = frozenset({"jsonl", "csv", "geojson"})
"""Formats that always hold names too. The others, for training and evaluating detectors, need `--names`."""


def add_to(commands: Any) -> None:
    """Declare the subcommand."""
    parser = add_command(
        commands,
        "export",
        run,
        short="write what was found in the format of another program",
        long="Write what was found in the photos and videos, or in those that a query finds, sorted by "
        "path. coco, megadetector, csv, jsonl and geojson write a file (- for standard output; an existing "
        "file is replaced); yolo, labelme and voc write a file for each photo into an empty folder.",
        example="export ~/photos-mined dogs.json --format coco --query label:dog",
    )
    add_output(parser)
    add_backend(parser)
    parser.add_argument(
        "file", metavar="FILE", help="the file to write; for yolo, labelme and voc the folder"
    )
    parser.add_argument("--format", required=True, choices=(*_STREAMS, *_FOLDERS), help="the format to write")
    parser.add_argument(
        "--query", metavar="QUERY", default="", help="export only the files that this query finds"
    )
    parser.add_argument(
        "--names",
        action="store_true",
        help="export names from recognizers too, in formats that otherwise hold only labels",
    )


def run(options: argparse.Namespace) -> ExitCode:
    """Do what the subcommand says."""
    path = index_path(output_folder(options.output), options.index)
    with contextlib.closing(open_index(path, options.backend)) as index:
        question = understand(options.query, index)
        for note in question.notes:
            print(f"note: {escaped(note)}", file=sys.stderr)
        documents = index.iter_documents(question.condition)
        classes = class_names(index.vocabulary(), _kinds(options))
        if options.format in _FOLDERS:
            _FOLDERS[options.format](_empty_folder(options.file), documents, classes)
        elif options.file == "-":
            _STREAMS[options.format](sys.stdout.buffer, documents, classes)
            sys.stdout.buffer.flush()
        else:
            target = Path(options.file).absolute()
            with replace_file(target) as stream, output_errors(target):
                _STREAMS[options.format](stream, documents, classes)
    return ExitCode.OK


def _kinds(options: argparse.Namespace) -> tuple[TermKind, ...]:
    if options.names or options.format in _WITH_NAMES:
        return (TermKind.LABEL, TermKind.NAME)
    return (TermKind.LABEL,)


def _empty_folder(name: str) -> Path:
    """The folder to export into, empty or not there yet.

    Raises: UsageError: it is not empty, or not a folder.
    """
    folder = Path(name).absolute()
    try:
        if os.listdir(folder):
            raise UsageError(f"{printable(name)}: the folder is not empty; name an empty or a new one")
    except FileNotFoundError:
        pass
    except NotADirectoryError:
        raise UsageError(f"{printable(name)}: is not a folder; name an empty or a new one") from None
    return folder
