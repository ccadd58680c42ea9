"""`crop PHOTOS OUT`: cuts faces out of photos, and sorts them into groups of likely equal ones on request."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from pipeline.errors import ExitCode, UsageError
from pipeline.files.outputs import check_writable
from pipeline.host.cores import usable_cores
from pipeline.models.catalog import YUNET
from pipeline.models.fetched import first_here
from pipeline.models.files import FETCH_COMMAND
from pipeline.text import printable
from recognizers.commands.arguments import TYPED, Lines, add_command, pixels, plural, positive, quoted, share
from recognizers.commands.finding import Finder, face_finder, is_yunet, pipeline_finder
from recognizers.commands.groups import grouper, sort_into_groups
from recognizers.commands.progress import tracked
from recognizers.faces.folderrecord import FaceFacts, FolderRecord, write_record
from recognizers.model.strategies import EMBEDDING, LBP
from recognizers.networks.alignment import ALIGNED_SIDE_PX
from recognizers.networks.base import DEFAULT_MARGIN
from recognizers.networks.facenetwork import DLIB, SFACE
from recognizers.teaching.cropping import Crop, crop_photos, list_photos
from recognizers.teaching.grouping import DESCRIPTOR_DISTANCES, LBP_DISTANCE

DEFAULT_CASCADE = "haarcascade_frontalface_default.xml"
"""Finds faces if YuNet is not installed."""
_MIN_NEIGHBORS = 5
"""More than a pipeline's 3: on 64 everyday photos it gives 9 faces and 7 false positives, which must be
deleted by hand; 3 gives 11 faces and 16 false positives."""


def add_to(commands: Any) -> None:
    """Add the subcommand to the parser."""
    parser = add_command(
        commands,
        "crop",
        run,
        short="cut the faces out of photos, for training",
        long="Find the faces in PHOTOS and write each to a picture in OUT that is named after its photo: "
        "IMG_1.jpg-face-1.png. OUT has the same folders as PHOTOS, so photos in folders named after people "
        "give faces in such folders. With --group, likely equal faces are put into numbered folders, which "
        "you rename to the names of the people.",
        example="crop photos faces --group",
    )
    parser.add_argument("photos", metavar="PHOTOS", help="a folder of photos, or one photo")
    parser.add_argument("out", metavar="OUT", help="folder for the faces; made if it is missing")
    _add_finding(parser)
    _add_cutting(parser)


def _add_finding(parser: argparse.ArgumentParser) -> None:
    finder = parser.add_mutually_exclusive_group()
    finder.add_argument(
        "--detector",
        "--cascade",
        dest="detector",
        metavar="NAME",
        help=f"detector: {YUNET}, the best for people's faces, or a cascade (default: {YUNET} if it is "
        f"installed, else {DEFAULT_CASCADE}; for cats, haarcascade_frontalcatface_extended.xml with "
        "--min-neighbors 3)",
    )
    finder.add_argument("--pipeline", metavar="FILE", help="use a detector of this pipeline file")
    parser.add_argument(
        "--component", metavar="NAME", help="which detector of the pipeline file (default: its last)"
    )
    parser.add_argument(
        "--label", metavar="LABEL", action="append", help="only detections of that detector with this label"
    )
    parser.add_argument(
        "--min-size",
        type=pixels,
        metavar="PX",
        help="smallest side of a face (default: 50, less in small photos)",
    )
    parser.add_argument(
        "--min-neighbors",
        type=int,
        choices=range(101),
        metavar="N",
        help=f"number of overlapping hits of a cascade that make a face (default: {_MIN_NEIGHBORS}); fewer "
        "find more faces and more false positives",
    )


def _add_cutting(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--align",
        action=argparse.BooleanOptionalAction,
        default=None,
        help=f"rotate and scale each face so that eyes and mouth come to the same place, in a picture of "
        f"{ALIGNED_SIDE_PX}x{ALIGNED_SIDE_PX} (default: if the detector finds landmarks, as yunet does)",
    )
    parser.add_argument(
        "--margin",
        type=share,
        default=DEFAULT_MARGIN,
        help="how far to cut beyond the found box, as a share of its sides (default: %(default)g); the "
        "recognizer will use the same margin",
    )
    parser.add_argument("--group", action="store_true", help="sort likely equal faces into numbered folders")
    parser.add_argument(
        "--group-by",
        choices=(EMBEDDING, LBP),
        help="how faces are compared: by a network, or by local binary patterns, which mix people up more "
        f"often (default: {EMBEDDING} if {SFACE}, for aligned faces, or {DLIB} is installed)",
    )
    parser.add_argument(
        "--group-distance",
        type=positive,
        metavar="D",
        help="larger values make fewer and larger groups, which may mix people (default: "
        f"{DESCRIPTOR_DISTANCES[SFACE]:g} by {SFACE}, {DESCRIPTOR_DISTANCES[DLIB]:g} by {DLIB}, "
        f"{LBP_DISTANCE:g} by {LBP})",
    )


def run(options: argparse.Namespace) -> Lines:
    """Run the subcommand."""
    detector = _detector(options)
    make_finder = _finder_maker(options, detector)
    finder = make_finder()  # so that whatever is wrong with it shows before the first photo
    if options.align and not finder.gives_landmarks:
        raise UsageError("--align needs landmarks; add --detector yunet, or leave it out")
    align = finder.gives_landmarks if options.align is None else options.align
    sort_by = grouper(options.group_by, options.group_distance, aligned=align) if options.group else None
    photos, failures = list_photos(options.photos, options.out)
    if options.group and os.path.isdir(options.out) and os.listdir(options.out):
        raise UsageError(f"{printable(options.out)}: is not empty; choose a new folder for the groups")
    check_writable(Path(options.out))
    yield from _introduction(options, detector)
    facts = FaceFacts(margin=options.margin, aligned=align, detector=detector or options.pipeline)
    crops: list[Crop] = []
    cropped = crop_photos(
        photos,
        options.out,
        make_finder,
        facts=facts,
        flat=options.group,
        threads=min(usable_cores(), len(photos)),
    )
    for photo in tracked(cropped, len(photos), "looking for faces"):
        crops += photo.crops
        if photo.failure is not None:
            failures.append(photo.failure)
    for failure in failures:
        yield f"left out: {failure}"
    record = FolderRecord(margin=options.margin, aligned=align)
    write_record(options.out, record)
    where = f"{plural(len(photos), 'photo')}, in {printable(options.out)}"
    yield f"{plural(len(crops), 'face')}{', aligned,' if align else ''} in {where}"
    if sort_by is not None and crops:
        yield from sort_into_groups(crops, record, options.out, sort_by)
    elif crops:
        example = os.path.join(options.out, "ann")
        yield (
            "next: delete the pictures that are not faces; if they show several people, put each person's "
            f"faces into a folder with the person's name, as in {printable(example)}; then: "
            f"{TYPED} csv {quoted(options.out)} dataset.csv"
        )
    return ExitCode.SOME_FAILED if failures else None


def _detector(options: argparse.Namespace) -> str | None:
    """Return the detector to use; None for that of a pipeline file.

    `--min-neighbors` without a detector means a cascade, as only cascades have it.
    """
    if options.pipeline is not None:
        return None
    if options.detector is not None:
        return str(options.detector)
    return YUNET if options.min_neighbors is None and first_here(YUNET) else DEFAULT_CASCADE


def _introduction(options: argparse.Namespace, detector: str | None) -> Iterator[str]:
    """Say which detector was chosen, if the user did not."""
    if options.detector is not None or detector is None:
        return
    if detector == YUNET:
        yield f"faces are found by {YUNET} and aligned; --detector {DEFAULT_CASCADE} finds them as in 2017"
    elif options.min_neighbors is None:
        yield (
            f"faces are found by {DEFAULT_CASCADE}; {YUNET} finds more of them, and aligned: type "
            f"{FETCH_COMMAND} {YUNET}"
        )


def _finder_maker(options: argparse.Namespace, detector: str | None) -> Callable[[], Finder]:
    if detector is None:
        return lambda: pipeline_finder(
            options.pipeline,
            component_name=options.component,
            labels=frozenset(options.label or ()),
            min_size=options.min_size,
        )
    if options.component is not None or options.label:
        raise UsageError("--component and --label choose from a pipeline file; give it with --pipeline")
    if options.min_neighbors is not None and is_yunet(detector):
        raise UsageError("--min-neighbors is for cascades; leave it out with yunet")
    neighbors = _MIN_NEIGHBORS if options.min_neighbors is None else options.min_neighbors
    return lambda: face_finder(detector, min_neighbors=neighbors, min_size=options.min_size)
