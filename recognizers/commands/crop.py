"""`crop PHOTOS OUT`: faces cut out of photos, by request sorted into groups of likely equal ones."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from pipeline.cores import usable_cores
from pipeline.errors import ExitCode, UsageError
from pipeline.outputs import check_writable, output_errors, printable
from recognizers.commands.arguments import Lines, add_command, pixels, plural, positive, quoted, share
from recognizers.commands.finding import Find, cascade_finder, pipeline_finder
from recognizers.commands.progress import tracked
from recognizers.cropping import Crop, crop_photos, list_photos
from recognizers.folderrecord import FolderRecord, write_record
from recognizers.grouping import DEFAULT_DISTANCE, group_faces

DEFAULT_CASCADE = "haarcascade_frontalface_default.xml"
_DEFAULT_MARGIN = 0.1
_MIN_NEIGHBORS = 5
"""More than a pipeline's 3: on 64 everyday photos that gives 9 faces and 7 things that are none, which
have to be thrown out by hand; 3 gives 11 faces and 16 such things."""

SINGLES_FOLDER = "_single"
"""Its name keeps it from being taken for a person's."""


def add_to(commands: Any) -> None:
    """Declare the subcommand."""
    parser = add_command(
        commands,
        "crop",
        run,
        short="cut the faces out of photos, to have something to teach",
        long="Find the faces in PHOTOS and write each into a picture of its own in OUT, whose name tells the "
        "photo: IMG_1.jpg-face-1.png. OUT mirrors the folders of PHOTOS, so photos in folders named after "
        "people give faces in such folders; with --group, likely equal faces come into numbered folders, "
        "to be named after people by hand.",
        example="crop photos faces --group",
    )
    parser.add_argument("photos", metavar="PHOTOS", help="a folder of photos, or one photo")
    parser.add_argument("out", metavar="OUT", help="folder for the faces; made if it is missing")
    finder = parser.add_mutually_exclusive_group()
    finder.add_argument(
        "--cascade",
        metavar="NAME",
        default=DEFAULT_CASCADE,
        help="find them with this cascade (default: %(default)s; for cats, "
        "haarcascade_frontalcatface_extended.xml with --min-neighbors 3)",
    )
    finder.add_argument("--pipeline", metavar="FILE", help="find them with a detector of this pipeline file")
    parser.add_argument(
        "--component", metavar="NAME", help="which detector of the pipeline file (default: its last)"
    )
    parser.add_argument(
        "--label", metavar="LABEL", action="append", help="only what that detector gives this label"
    )
    parser.add_argument(
        "--margin",
        type=share,
        default=_DEFAULT_MARGIN,
        help="how far to cut beyond what was found, as a share of its sides (default: %(default)g); the "
        "recognizer will look as far",
    )
    parser.add_argument(
        "--min-size",
        type=pixels,
        metavar="PX",
        help="least side of a face (default: 50, less in small photos)",
    )
    parser.add_argument(
        "--min-neighbors",
        type=int,
        choices=range(101),
        default=_MIN_NEIGHBORS,
        metavar="N",
        help="how many overlapping hits of a cascade make a face (default: %(default)d); less finds more "
        "faces, and more that are none",
    )
    parser.add_argument("--group", action="store_true", help="sort likely equal faces into numbered folders")
    parser.add_argument(
        "--group-distance",
        type=positive,
        default=DEFAULT_DISTANCE,
        metavar="D",
        help="more makes fewer and larger groups, in which people may get mixed (default: %(default)g)",
    )


def run(options: argparse.Namespace) -> Lines:
    """Do what the subcommand says."""
    make_finder = _finder_maker(options)
    make_finder()  # so that whatever is wrong with it shows before the first photo
    photos, failures = list_photos(options.photos, options.out)
    if options.group and os.path.isdir(options.out) and os.listdir(options.out):
        raise UsageError(f"{printable(options.out)}: is not empty; choose a new folder for the groups")
    check_writable(Path(options.out))
    crops: list[Crop] = []
    cropped = crop_photos(
        photos,
        options.out,
        make_finder,
        margin=options.margin,
        flat=options.group,
        threads=min(usable_cores(), len(photos)),
    )
    for photo in tracked(cropped, len(photos), "looking for faces"):
        crops += photo.crops
        if photo.failure is not None:
            failures.append(photo.failure)
    for failure in failures:
        yield f"left out: {failure}"
    write_record(options.out, FolderRecord(margin=options.margin))
    yield f"{plural(len(crops), 'face')} in {plural(len(photos), 'photo')}, in {printable(options.out)}"
    if options.group and crops:
        yield from _grouped(crops, options)
    elif crops:
        yield "next: put each face into a folder named after its person, and throw out what is no face"
    return ExitCode.SOME_FAILED if failures else None


def _finder_maker(options: argparse.Namespace) -> Callable[[], Find]:
    if options.pipeline is not None:
        return lambda: pipeline_finder(
            options.pipeline,
            component_name=options.component,
            labels=frozenset(options.label or ()),
            min_size=options.min_size,
        )
    if options.component is not None or options.label:
        raise UsageError("--component and --label choose from a pipeline file; give it with --pipeline")
    return lambda: cascade_finder(
        options.cascade, min_neighbors=options.min_neighbors, min_size=options.min_size
    )


def _grouped(crops: Sequence[Crop], options: argparse.Namespace) -> Lines:
    """Move the faces into the folders of their groups; faces that are like no other come into one."""
    groups = group_faces(
        [crop.gray for crop in crops], [crop.photo for crop in crops], options.group_distance
    )
    alone = sum(len(group) == 1 for group in groups)
    digits = max(3, len(str(len(groups))))
    with output_errors(Path(options.out)):
        for number, group in enumerate(groups, start=1):
            name = SINGLES_FOLDER if len(group) == 1 else f"group-{number:0{digits}}"
            folder = os.path.join(options.out, name)
            os.makedirs(folder, exist_ok=True)
            for index in group:
                os.rename(crops[index].path, os.path.join(folder, os.path.basename(crops[index].path)))
    together = plural(len(groups) - alone, "group")
    yield f"{together} of likely equal faces, and {plural(alone, 'face')} like no other in {SINGLES_FOLDER}/"
    yield (
        "next: name each folder after its person (put two folders of one person together), throw out what is "
        f"no face, then: facerec_train.py stats {quoted(options.out)}"
    )
    yield (
        f"if people are mixed, or one person is in many folders, try another --group-distance than "
        f"{options.group_distance:g}: less keeps more apart"
    )
    return None
