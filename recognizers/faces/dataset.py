"""Labelled pictures of faces: one folder for each person, and CSV files that list the pictures."""

from __future__ import annotations

import csv
import io
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import SourceError, UsageError
from pipeline.files.outputs import write_file
from pipeline.files.walk import iter_sources
from pipeline.host.command import program_name
from pipeline.source import Source, SourceKind
from pipeline.text import Spellings, printable
from recognizers.faces.foldername import GROUPS_FILE, SET_ASIDE, SINGLES_FOLDER
from recognizers.faces.folderrecord import RECORD_FILE, common_record, is_recorded
from recognizers.faces.pictures import frame_of

SHEET_FILE = "groups.jpg"
"""A picture of all groups, for people."""
UNKNOWN_FOLDER = "_unknown"
"""Where users put faces of people whom a model shall not know."""

_OWN_FILES = (GROUPS_FILE, SHEET_FILE)

_DATE = re.compile(r"(?:19|20)\d\d(?:[-_. ]?\d\d){0,2}", re.ASCII)

_LAYOUT = "a folder for each person, with the person's name, and that person's pictures in it"
_MAKE = "make it with the csv command"


@dataclass(frozen=True, slots=True)
class Example:
    """One labelled picture.

    Args:
        path: absolute, as `os.fsdecode` gives it.
        label: name of the person.
        number: the label's number in a gallery.
    """

    path: str
    label: str
    number: int


@dataclass(frozen=True, slots=True)
class FaceFolder:
    """The content of a folder of labelled pictures.

    Args:
        sources: label -> its pictures, sorted by name; the labels are sorted. Folders whose names differ only
            in their Unicode form are one label, spelled as the first of them.
        passed_over: a sentence for each file or folder that is skipped, `PATH: why`.
        unreadable: a sentence for each picture that cannot be read.
    """

    sources: dict[str, tuple[Source, ...]]
    passed_over: tuple[str, ...]
    unreadable: tuple[str, ...]

    def examples(self) -> list[Example]:
        """Return every picture with its label and number; numbers count the sorted labels from 0."""
        return [
            Example(source.path, label, number)
            for number, (label, sources) in enumerate(self.sources.items())
            for source in sources
        ]


def list_face_folder(top: str) -> FaceFolder:
    """List the pictures in `TOP/<label>/` and its subfolders.

    If the pictures lie in TOP itself or in folders named after dates, and `crop` made them all, they are one
    person's, with the name of TOP.
    A picture is recognized by its first bytes, not by its name.

    Raises: UsageError: the folder does not exist, or has no pictures in folders of people.
    """
    if not os.path.isdir(top):
        what = "is not a folder" if os.path.exists(top) else "does not exist"
        raise UsageError(f"{printable(top)}: {what}; give {_LAYOUT}")
    sources: dict[str, list[Source]] = {}
    spellings = Spellings()
    passed_over: list[str] = []
    unreadable: list[str] = []
    loose: list[Source] = []
    set_aside: set[str] = set()
    for found in iter_sources(top):
        shown = printable(found.path)
        folder, _, rest = found.relative.partition(os.sep)
        if found.relative in _OWN_FILES:
            continue
        if rest and folder.startswith(SET_ASIDE):
            if folder not in set_aside:
                set_aside.add(folder)
                passed_over.append(f"{printable(os.path.join(top, folder))}: its name begins with . or _")
        elif not isinstance(found, Source):
            if os.path.basename(found.path) != RECORD_FILE:
                (unreadable if found.failed else passed_over).append(f"{shown}: {found.sentence}")
        elif found.kind is not SourceKind.PHOTO:
            passed_over.append(f"{shown}: a video; save some of its frames as pictures")
        elif not rest:
            loose.append(found)
        else:
            sources.setdefault(spellings.first(label_of_folder(folder)), []).append(found)
    if _is_of_one_person(sources, loose):
        everything = [*loose, *(source for own in sources.values() for source in own)]
        sources = {label_of_folder(os.path.basename(os.path.abspath(top))): everything}
    else:
        passed_over += [
            f"{printable(found.path)}: not in the folder of a person; expected {_LAYOUT}" for found in loose
        ]
    if not sources and loose:
        raise UsageError(
            f"{printable(top)}: holds {len(loose)} pictures, but no folders of people; make {_LAYOUT}; crop "
            "--group sorts faces into such folders"
        )
    if not sources:
        reason = f" ({unreadable[0]})" if unreadable else ""
        raise UsageError(f"{printable(top)}: holds no pictures in folders of people{reason}; make {_LAYOUT}")
    in_order = {label: tuple(sources[label]) for label in sorted(sources)}
    return FaceFolder(in_order, tuple(passed_over), tuple(unreadable))


def _is_of_one_person(sources: Mapping[str, Sequence[Source]], loose: Sequence[Source]) -> bool:
    """Whether a folder that `crop` filled is that of one person: it has no subfolders, or only dates."""
    everything = [*loose, *(found for own in sources.values() for found in own)]
    has_people = any(not _DATE.fullmatch(label) for label in sources)
    return bool(everything) and not has_people and all(is_recorded(found.path) for found in everything)


def are_aligned(folder: FaceFolder) -> bool:
    """Return whether all pictures of a folder are aligned faces."""
    try:
        return common_record(example.path for example in folder.examples()).aligned
    except UsageError:  # not all of them
        return False


def label_of_folder(name: str) -> str:
    """Convert a folder's name to a label: bytes that are not UTF-8 become U+FFFD, as reports are UTF-8."""
    return os.fsencode(name).decode("utf-8", "replace")


def strangers_beside(examples: Iterable[Example]) -> list[Example]:
    """Return the readable pictures of strangers: in `_single` and `_unknown` beside the people's folders.

    Args:
        examples: pictures in folders of people.
    Returns: their label is the name of the folder, their number is -1.
    """
    strangers = []
    for top in sorted({os.path.dirname(os.path.dirname(example.path)) for example in examples}):
        for name in (SINGLES_FOLDER, UNKNOWN_FOLDER):
            folder = os.path.join(top, name)
            for found in iter_sources(folder) if os.path.isdir(folder) else ():
                if isinstance(found, Source) and found.kind is SourceKind.PHOTO and _is_readable(found):
                    strangers.append(Example(found.path, name, -1))
    return strangers


def _is_readable(source: Source) -> bool:
    try:
        frame_of(source).rgb()
    except SourceError:
        return False
    return True


def write_examples(csv_path: str, examples: Iterable[Example]) -> None:
    """Write a CSV file with path, label and label number, without a header, completely or not at all.

    Raises: OutputError: it cannot be written.
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerows((example.path, example.label, example.number) for example in examples)
    write_file(Path(csv_path), text.getvalue().encode("utf-8", "surrogateescape"))


def read_examples(csv_path: str) -> list[Example]:
    """Read the labelled pictures of a CSV file, without checking whether they exist.

    Raises: UsageError: the file is not such a list; names the line.
    """
    shown = printable(csv_path)
    try:
        with open(csv_path, encoding="utf-8-sig", errors="surrogateescape", newline="") as stream:
            reader = csv.reader(stream, strict=True)
            examples = [_parse_row(row, f"{shown}:{reader.line_num}") for row in reader if row]
    except IsADirectoryError:
        raise UsageError(
            f"{shown}: is a folder; list its pictures first: {program_name('facerec-train')} csv {shown} "
            "dataset.csv"
        ) from None
    except OSError as error:
        raise UsageError(f"{shown}: cannot be read ({error.strerror}); {_MAKE}") from None
    except csv.Error as error:
        raise UsageError(f"{shown}: is not a CSV file ({error}); {_MAKE}") from None
    if not examples:
        raise UsageError(f"{shown}: lists no pictures; {_MAKE}")
    return _one_number_a_person(examples, shown)


def check_present(examples: Sequence[Example]) -> None:
    """Make sure that every picture of a list exists.

    Raises: UsageError: some do not; says how many and names one.
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
    """Give all spellings of a name the form and the number of the first.

    Raises: UsageError: one number stands for two names.
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
