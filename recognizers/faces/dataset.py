"""Labelled pictures of faces: folders named after people, and CSV files that list them."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import UsageError
from pipeline.files.outputs import write_file
from pipeline.files.walk import iter_sources
from pipeline.source import Source, SourceKind
from pipeline.text import Spellings, printable
from recognizers.faces.folderrecord import RECORD_FILE

SET_ASIDE = (".", "_")
"""A folder whose name begins so is no person's."""

_LAYOUT = "a folder for each person, named so, with that person's pictures in it"
_MAKE = "make it with the csv command"


@dataclass(frozen=True, slots=True)
class Example:
    """One labelled picture.

    Args:
        path: absolute, as `os.fsdecode` gives it.
        label: whose face it is.
        number: the label's number in a gallery.
    """

    path: str
    label: str
    number: int


@dataclass(frozen=True, slots=True)
class FaceFolder:
    """What a folder of labelled pictures holds.

    Args:
        sources: label -> its pictures, in the order of names; labels are sorted. Folders whose names differ
            in nothing but their Unicode form are one label, spelled as the first of them.
        passed_over: a sentence for each file that is not one, `PATH: why`.
        unreadable: a sentence for each picture that cannot be read.
    """

    sources: dict[str, tuple[Source, ...]]
    passed_over: tuple[str, ...]
    unreadable: tuple[str, ...]

    def examples(self) -> list[Example]:
        """Every picture with its label and number; numbers count the sorted labels from 0."""
        return [
            Example(source.path, label, number)
            for number, (label, sources) in enumerate(self.sources.items())
            for source in sources
        ]


def list_face_folder(top: str) -> FaceFolder:
    """The pictures in `TOP/<label>/`, at any depth below.

    A picture is told by its first bytes, not by its name.

    Raises: UsageError: no such folder, or no picture in it where one is expected.
    """
    if not os.path.isdir(top):
        what = "is not a folder" if os.path.exists(top) else "does not exist"
        raise UsageError(f"{printable(top)}: {what}; give {_LAYOUT}")
    sources: dict[str, list[Source]] = {}
    spellings = Spellings()
    passed_over: list[str] = []
    unreadable: list[str] = []
    set_aside: set[str] = set()
    for found in iter_sources(top):
        shown = printable(found.path)
        folder, _, rest = found.relative.partition(os.sep)
        if rest and folder.startswith(SET_ASIDE):
            if folder not in set_aside:
                set_aside.add(folder)
                passed_over.append(f"{printable(os.path.join(top, folder))}: nobody's folder, by its name")
        elif not isinstance(found, Source):
            if os.path.basename(found.path) != RECORD_FILE:
                (unreadable if found.failed else passed_over).append(f"{shown}: {found.sentence}")
        elif found.kind is not SourceKind.PHOTO:
            passed_over.append(f"{shown}: a video; save frames of it as pictures")
        elif not rest:
            passed_over.append(f"{shown}: in no person's folder; expected {_LAYOUT}")
        else:
            sources.setdefault(spellings.first(label_of_folder(folder)), []).append(found)
    if not sources:
        reason = f" ({unreadable[0]})" if unreadable else ""
        raise UsageError(f"{printable(top)}: holds no pictures in folders of people{reason}; make {_LAYOUT}")
    in_order = {label: tuple(sources[label]) for label in sorted(sources)}
    return FaceFolder(in_order, tuple(passed_over), tuple(unreadable))


def label_of_folder(name: str) -> str:
    """A folder's name as a label: bytes that are not UTF-8 as U+FFFD, since reports are UTF-8."""
    return os.fsencode(name).decode("utf-8", "replace")


def write_examples(csv_path: str, examples: Iterable[Example]) -> None:
    """Write a CSV file of path, label and label number, without a heading, whole or not at all.

    Raises: OutputError: it cannot be written.
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerows((example.path, example.label, example.number) for example in examples)
    write_file(Path(csv_path), text.getvalue().encode("utf-8", "surrogateescape"))


def read_examples(csv_path: str) -> list[Example]:
    """The labelled pictures of a CSV file; that the pictures are there is not checked.

    Raises: UsageError: not such a file; names the line.
    """
    shown = printable(csv_path)
    try:
        with open(csv_path, encoding="utf-8-sig", errors="surrogateescape", newline="") as stream:
            reader = csv.reader(stream, strict=True)
            examples = [_parse_row(row, f"{shown}:{reader.line_num}") for row in reader if row]
    except OSError as error:
        raise UsageError(f"{shown}: cannot be read ({error.strerror}); {_MAKE}") from None
    except csv.Error as error:
        raise UsageError(f"{shown}: is not a CSV file ({error}); {_MAKE}") from None
    if not examples:
        raise UsageError(f"{shown}: lists no pictures; {_MAKE}")
    return _one_number_a_person(examples, shown)


def check_present(examples: Sequence[Example]) -> None:
    """Make sure that every picture of a list is still there.

    Raises: UsageError: says how many are not, and names one.
    """
    missing = [example.path for example in examples if not os.path.exists(example.path)]
    if missing:
        raise UsageError(
            f"{printable(missing[0])}: there is no such file, as for {len(missing)} of the {len(examples)} "
            "pictures listed; make the list again with the csv command"
        )


def _parse_row(row: list[str], where: str) -> Example:
    if len(row) != 3 or not row[2].strip().isdecimal() or not (row[0] and row[1]):
        raise UsageError(f"{where}: expected path,label,number, found {len(row)} fields; use the csv command")
    path, label, number = row
    if len(number.strip()) > 9:
        raise UsageError(f"{where}: label number {number[:20]} is too large; use the csv command")
    return Example(os.path.abspath(path), label_of_folder(label), int(number))


def _one_number_a_person(examples: Iterable[Example], shown: str) -> list[Example]:
    """Give every spelling of a name as the first one, and with the first one's number.

    Raises: UsageError: a number stands for two names.
    """
    names: dict[int, str] = {}
    numbers: dict[str, int] = {}
    spellings = Spellings()
    united = []
    for example in examples:
        label = spellings.first(example.label)
        if names.setdefault(example.number, label) != label:
            raise UsageError(
                f'{shown}: number {example.number} stands for "{printable(names[example.number])}" and for '
                f'"{printable(example.label)}"; make the file again with the csv command'
            )
        united.append(Example(example.path, label, numbers.setdefault(label, example.number)))
    return united
