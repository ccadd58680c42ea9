"""`import-regions PHOTOS OUT`: faces that people have named in photo programs become training pictures."""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.errors import ExitCode, UsageError
from pipeline.files.outputs import check_writable
from pipeline.host.cores import usable_cores
from pipeline.models.catalog import YUNET
from pipeline.models.fetched import first_here
from pipeline.models.files import FETCH_COMMAND
from pipeline.text import escaped, printable
from recognizers.commands.arguments import Lines, add_command, plural, quoted, share
from recognizers.commands.finding import face_finder, is_yunet
from recognizers.commands.progress import tracked
from recognizers.faces.folderrecord import FaceFacts, FolderRecord, write_record
from recognizers.networks.base import DEFAULT_MARGIN
from recognizers.teaching.cropping import list_photos

if TYPE_CHECKING:
    from recognizers.teaching.importing import ImportedPhoto

_DETECTOR = "regions"
"""Stands in the pictures' notes for the detector: it was a person."""


def add_to(commands: Any) -> None:
    """Add the subcommand to the parser."""
    parser = add_command(
        commands,
        "import-regions",
        run,
        short="cut out the faces that you named in digiKam, Lightroom, Picasa or PhotoPrism",
        long="Read the names that photo programs wrote into PHOTOS or into their XMP sidecars (MWG and "
        "Microsoft regions) and write each face into a folder of OUT with the name of its person, for csv "
        "and train. Names that this program wrote itself are left out. PHOTOS are only read.",
        example="import-regions photos faces",
    )
    parser.add_argument("photos", metavar="PHOTOS", help="a folder of photos, or one photo")
    parser.add_argument("out", metavar="OUT", help="folder for the folders of people; made if it is missing")
    parser.add_argument(
        "--align",
        action=argparse.BooleanOptionalAction,
        default=None,
        help=f"find the eyes and mouth of each face and rotate and scale it (default: if {YUNET} is "
        "installed)",
    )
    parser.add_argument(
        "--detector",
        metavar="NAME",
        help=f"what finds eyes and mouth: {YUNET}, or a YuNet .onnx file (default: {YUNET})",
    )
    parser.add_argument(
        "--margin",
        type=share,
        default=DEFAULT_MARGIN,
        help="how far to cut beyond the region, or the found face, as a share of its sides (default: "
        "%(default)g); the recognizer will use the same margin",
    )


def run(options: argparse.Namespace) -> Lines:
    """Run the subcommand."""
    from recognizers.teaching.importing import import_faces  # lxml with it, which no other command needs

    detector = options.detector or YUNET
    if not is_yunet(detector) or (options.detector and options.align is False):
        raise UsageError("--detector is what aligns faces: a YuNet; leave it out to cut regions as they are")
    align = bool(options.detector or first_here(YUNET)) if options.align is None else options.align
    make_finder = (lambda: face_finder(detector, min_neighbors=0, min_size=None)) if align else None
    if make_finder is not None:
        make_finder()  # so that whatever is wrong with it shows before the first photo
    photos, failures = list_photos(options.photos, options.out)
    check_writable(Path(options.out))
    if options.align is None and not align:
        yield f"faces are cut as their regions are; {YUNET} would align them: type {FETCH_COMMAND} {YUNET}"
    facts = FaceFacts(margin=options.margin, aligned=align, detector=_DETECTOR)
    threads = min(usable_cores(), len(photos))
    imported = import_faces(photos, options.out, make_finder, facts=facts, threads=threads)
    results = list(tracked(imported, len(photos), "reading names"))
    failures += [one.failure for one in results if one.failure is not None]
    for failure in failures:
        yield f"left out: {failure}"
    write_record(options.out, FolderRecord(margin=options.margin, aligned=align))
    yield from _report(results, options.out, len(photos))
    return ExitCode.SOME_FAILED if failures else None


def _report(results: list[ImportedPhoto], out: str, photos: int) -> Iterator[str]:
    """Say what was taken, by name, and what was left out, by reason."""
    taken = Counter(name for result in results for name in result.written)
    for name, count in sorted(taken.items()):
        yield f"{escaped(name)}: {plural(count, 'face')}"
    reasons = Counter(reason for result in results for _, reason in result.left_out)
    for reason, count in sorted(reasons.items()):
        yield f"left out: {plural(count, 'named face')}: {reason}"
    people = "1 person" if len(taken) == 1 else f"{len(taken):,} people"
    yield f"{plural(taken.total(), 'face')} of {people} in {plural(photos, 'photo')}, in {printable(out)}"
    if taken:
        yield f"next: csv {quoted(out)} dataset.csv"
    else:
        yield "no photo or sidecar names a face; photo programs write names only if their settings say so"
