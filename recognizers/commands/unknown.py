"""`unknown OUTPUT FACES`: cuts out the faces that a mined collection calls unknown, in numbered groups."""

from __future__ import annotations

import argparse
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pipeline.errors import ExitCode, ModelError, UsageError
from pipeline.files.outputs import check_writable
from pipeline.models.catalog import DEFAULT
from pipeline.text import printable
from recognizers.commands.arguments import TYPED, Lines, add_command, pixels, plural, positive, quoted
from recognizers.commands.contactsheet import write_contact_sheet
from recognizers.commands.progress import tracked
from recognizers.corrections.lookup import Corrections
from recognizers.faces.foldername import GROUPS_FILE, SINGLES_FOLDER, group_folder
from recognizers.model.facemodel import read_facemodel
from recognizers.networks.facenetwork import chosen_network
from recognizers.unknown.collection import LEAST_SIDE_PX, UnknownTracks, group_unknown, unknown_tracks
from recognizers.unknown.describing import DescribedFace, PixelDescriber
from recognizers.unknown.folders import (
    group_folders,
    move_out_of_singles,
    pictures_in,
    placed_by_people,
    write_new_faces,
)
from recognizers.unknown.groupfile import lock_groups, read_groups, write_groups
from recognizers.unknown.groups import Groups, usual_distance
from recognizers.unknown.keptdescribing import KeptDescriber
from recognizers.unknown.likepeople import groups_like_people
from recognizers.unknown.minedfaces import MinedFace, holds_reports
from recognizers.unknown.pictures import ALIGNED, cut_faces

DEFAULT_MODEL = "familymodel"
"""The model directory that people.yml names."""
_MOST_SHOWN = 10
_MOST_NAMES = 3
_FARTHEST = 2.0


def add_to(commands: Any) -> None:
    """Add the subcommand to the parser."""
    parser = add_command(
        commands,
        "unknown",
        run,
        short="cut out the unknown faces of a mined collection, sorted into groups",
        long="Read the reports in OUTPUT and cut the faces that have no name out of their photos and videos "
        "into FACES: likely equal faces into numbered folders, which you rename to the names of the people, "
        "single faces into _single. Later calls add new faces only, and the numbers of groups stay. "
        "FACES/groups.jpg shows all groups. Photos and reports are only read.",
        example="unknown mined faces",
    )
    parser.add_argument("output", metavar="OUTPUT", help="the OUTPUT folder of visualminer.py")
    parser.add_argument("faces", metavar="FACES", help="folder for the groups; made if it is missing")
    add_model(parser)
    parser.add_argument(
        "--min-size",
        type=pixels,
        default=LEAST_SIDE_PX,
        metavar="PX",
        help="smallest side of a face (default: %(default)s)",
    )
    parser.add_argument(
        "--group-distance",
        type=positive,
        metavar="D",
        help="larger values make fewer and larger groups, which may mix people (default: as crop --group)",
    )


def add_model(parser: argparse.ArgumentParser) -> None:
    """Add the option for the model whose corrections are used."""
    parser.add_argument(
        "--model",
        metavar="MODELDIR",
        help="the face model; corrections lie in MODELDIR-corrections beside it (default: "
        f"{DEFAULT_MODEL}, here or beside OUTPUT)",
    )


def model_directory(options: argparse.Namespace) -> str:
    """Return the model directory that the options name; it may not exist."""
    if options.model is not None:
        return str(options.model)
    beside = os.path.join(os.path.dirname(os.path.abspath(options.output)), DEFAULT_MODEL)
    return beside if os.path.isdir(beside) and not os.path.isdir(DEFAULT_MODEL) else DEFAULT_MODEL


def check_output(output: str) -> None:
    """Make sure that a folder with reports is given. Raises: UsageError: it is not."""
    if not os.path.isdir(output):
        what = "is not a folder" if os.path.exists(output) else "there is no such folder"
        raise UsageError(f"{printable(output)}: {what}; give the OUTPUT folder of a run of visualminer.py")
    if not holds_reports(Path(output)):
        raise UsageError(
            f"{printable(output)}: holds no reports; give the OUTPUT folder of a run of visualminer.py with "
            "a jsonreportwriter"
        )


def run(options: argparse.Namespace) -> Lines:
    """Run the subcommand."""
    check_output(options.output)
    top, problems = Path(options.faces), list[str]()
    _check_places(options)
    if options.group_distance is not None and options.group_distance > _FARTHEST:
        raise UsageError(f"--group-distance {options.group_distance:g}: no two faces are more than 2 apart")
    model = model_directory(options)
    check_writable(top)
    with lock_groups(top):
        return (yield from _group(options, model, problems))


def _group(options: argparse.Namespace, model: str, problems: list[str]) -> Lines:
    """Cut the new faces out while the lock of FACES is held."""
    top = Path(options.faces)
    corrections = Corrections.beside(model)
    state = read_groups(top / GROUPS_FILE)
    describer = KeptDescriber(Path(options.output), ALIGNED, _Shown(_network(model), problems))
    found = unknown_tracks(Path(options.output), corrections, problems, least_side_px=options.min_size)
    pictures = pictures_in(top)
    groups = group_unknown(
        found.tracks,
        describer,
        state,
        corrections,
        distance=options.group_distance,
        placed=placed_by_people(pictures),
    )
    new = [track.best for track in found.tracks if track.best.key in groups.uncut]
    facts = ALIGNED.model_copy(update={"network": describer.network.name})
    cut = tracked(cut_faces(new, facts, problems), len(new), "cutting faces")
    written = list(write_new_faces(cut, groups, top))
    move_out_of_singles(groups, pictures, top)
    write_groups(top / GROUPS_FILE, groups.state.with_cut({groups.uncut[key] for key, _ in written}))
    folders = group_folders(top)
    sheet = write_contact_sheet({group_folder(number): own for number, own in folders.items()}, top)
    for problem in problems[:_MOST_SHOWN]:
        yield f"left out: {problem}"
    if len(problems) > _MOST_SHOWN:
        yield f"left out: {len(problems) - _MOST_SHOWN} more like these"
    yield from _report(found, groups, len(written), options)
    distance = options.group_distance or usual_distance(describer.network.name)
    for number, folder in groups_like_people(groups.state, pictures, distance)[:_MOST_SHOWN]:
        yield f"{group_folder(number)} may show {printable(folder)}: put its faces into that folder if so"
    yield from _next(groups, sheet, options.faces, has_groups=bool(folders))
    return ExitCode.SOME_FAILED if problems else None


class _Shown(PixelDescriber):
    """Describes faces, with a progress bar."""

    def __init__(self, network: str, problems: list[str]) -> None:
        super().__init__(network, ALIGNED, problems)

    def descriptors_for(self, faces: Any) -> Iterator[DescribedFace]:
        """Yield every one of these faces once."""
        wanted: list[MinedFace] = list(faces)
        yield from tracked(super().descriptors_for(wanted), len(wanted), "comparing faces")


def _check_places(options: argparse.Namespace) -> None:
    """Make sure that FACES is not among the outputs. Raises: UsageError: it is."""
    output, faces = os.path.realpath(options.output), os.path.realpath(options.faces)
    if faces == output or faces.startswith(output + os.sep):
        raise UsageError(f"{printable(options.faces)}: lies in OUTPUT; choose another folder for the faces")


def _network(model: str) -> str:
    """Return the network that compares faces: that of the model, or the best that is installed.

    Raises: ModelError: none is installed, or the model cannot be read.
    """
    if os.path.isdir(model):
        record = read_facemodel(model)
        if record.network is not None and record.aligned:
            return record.network.name
    try:
        return chosen_network(DEFAULT, aligned=True)
    except ModelError as error:
        raise ModelError(f"faces cannot be compared: {error}") from None


def _report(found: UnknownTracks, groups: Groups, written: int, options: argparse.Namespace) -> Iterator[str]:
    yield (
        f"{plural(len(found.tracks), 'unknown face')}: {plural(len(groups.numbered), 'group')} of likely "
        f"equal faces, and {plural(len(groups.singles), 'single face')} in {SINGLES_FOLDER}/"
    )
    yield f"{plural(written, 'new picture')} in {printable(options.faces)}"
    if not (found.tracks or found.too_small):
        yield "no report shows a face without a name; faces are found by a facedetector of the pipeline file"
    if found.too_small:
        small = plural(found.too_small, "face")
        yield f"left out: {small} smaller than {options.min_size} pixels (--min-size)"
    without = sum(track.best.landmarks is None for track in groups.undescribed)
    if without:
        yield (
            f"left out: {plural(without, 'face')} without landmarks, which only a facedetector finds; "
            f"{TYPED} crop --group sorts such faces"
        )


def _next(groups: Groups, sheet: Path | None, faces: str, *, has_groups: bool) -> Iterator[str]:
    for number, tracks in sorted(groups.numbered.items()):
        names = Counter(track.best.named_elsewhere for track in tracks if track.best.named_elsewhere)
        if names:
            some = ", ".join(f'"{printable(name)}"' for name, _ in names.most_common(_MOST_NAMES))
            yield f"{group_folder(number)}: called {some} in another program"
    for first, second in groups.alike[:_MOST_SHOWN]:
        yield f"{group_folder(first)} and {group_folder(second)} may show one person: put them together if so"
    if sheet is not None:
        yield f"all groups at a glance: {printable(sheet)}"
    then = f"then: {TYPED} csv {quoted(faces)} dataset.csv"
    if has_groups:
        yield (
            "next: rename the folder of each person that you know to the person's name, delete what is not a "
            f"face, {then}"
        )
    elif groups.singles:
        yield (
            f"next: move the faces of people that you know from {SINGLES_FOLDER} into folders with their "
            f"names, {then}"
        )
