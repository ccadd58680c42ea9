"""`crop --group`: sorts pictures of faces into numbered folders that probably show one person each."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from pipeline.errors import ModelError, UsageError
from pipeline.files.outputerrors import output_errors
from pipeline.files.outputs import write_file
from pipeline.models.catalog import DEFAULT
from pipeline.text import printable
from recognizers.commands.arguments import TYPED, plural, quoted
from recognizers.commands.contactsheet import write_contact_sheet
from recognizers.commands.progress import tracked
from recognizers.faces.foldername import SINGLES_FOLDER, group_folder
from recognizers.faces.folderrecord import FolderRecord, read_facts
from recognizers.model.strategies import EMBEDDING, LBP
from recognizers.networks.base import FaceNetwork
from recognizers.networks.facenetwork import chosen_network, load_network, network_record
from recognizers.teaching.cropping import Crop
from recognizers.teaching.describing import iter_descriptors
from recognizers.teaching.grouping import DESCRIPTOR_DISTANCES, LBP_DISTANCE, group_descriptors, group_faces
from recognizers.unknown.folders import group_folders

_FARTHEST = 2.0
"""The largest possible distance between descriptors of length 1."""


class Grouper(NamedTuple):
    """How faces are compared.

    Args:
        network: describes them; None: local binary patterns.
        distance: largest distance at which groups are merged.
        why_not: why no network is used although it could be; empty if one is used or none was wanted.
        name: of the network.
    """

    network: FaceNetwork | None
    distance: float
    why_not: str
    name: str | None = None


def grouper(by: str | None, distance: float | None, *, aligned: bool) -> Grouper:
    """Make the grouper that the options describe.

    Args:
        by: the strategy; None: embedding if a network for it is installed.
        distance: see `Grouper`; None: the default of the network or strategy.
        aligned: whether the faces are aligned.
    Raises: ModelError: a network is required and none is installed; UsageError: the distance is in the
        unit of another strategy.
    """
    network, name, usual, why_not = None, None, LBP_DISTANCE, ""
    if by != LBP:
        try:
            name = chosen_network(DEFAULT, aligned=aligned)
            network, usual = load_network(network_record(name)), DESCRIPTOR_DISTANCES[name]
        except ModelError as error:
            if by == EMBEDDING:
                raise
            why_not, name = str(error), None
    if network is not None and (distance or 0.0) > _FARTHEST:
        raise UsageError(
            f"--group-distance {distance:g} is in the unit of {LBP}; by {EMBEDDING} no two faces are more "
            f"than {_FARTHEST:g} apart: give one near {usual:g}, or add --group-by {LBP}"
        )
    return Grouper(network, usual if distance is None else distance, why_not, name)


def sort_into_groups(
    crops: Sequence[Crop], record: FolderRecord, out: str, sort_by: Grouper
) -> Iterator[str]:
    """Move the faces into folders of their groups, and single faces into one folder.

    Args:
        crops: at least one.
        record: how they were prepared.
        out: the folder that holds them.
        sort_by: how they are compared.
    Returns: lines for the user.
    """
    photos = [crop.photo for crop in crops]
    if sort_by.network is not None:
        described = iter_descriptors([crop.path for crop in crops], record, sort_by.network)
        rows = list(tracked(described, len(crops), "comparing faces"))
        groups = group_descriptors(rows, photos, sort_by.distance)
    else:
        groups = group_faces([crop.gray for crop in crops], photos, sort_by.distance)
    alone = sum(len(group) == 1 for group in groups)
    _move(crops, groups, out, sort_by.name)
    shown = {group_folder(number): pictures for number, pictures in group_folders(Path(out)).items()}
    sheet = write_contact_sheet(shown, Path(out))
    by = LBP if sort_by.network is None else EMBEDDING
    yield (
        f"{plural(len(groups) - alone, 'group')} of likely equal faces, by {by}, and "
        f"{plural(alone, 'single face')} in {SINGLES_FOLDER}/"
    )
    if sort_by.why_not:
        yield f"a network would compare faces much better: {sort_by.why_not}"
    if sheet is not None:
        yield f"all groups at a glance: {printable(sheet)}"
    then = f"csv {quoted(out)} dataset.csv" if record.aligned else f"stats {quoted(out)}"
    yield (
        "next: rename each folder to the name of its person (merge two folders of one person), delete what "
        f"is not a face, then: {TYPED} {then}"
    )
    yield (
        f"if people are mixed, or one person is in many folders, try another --group-distance than "
        f"{sort_by.distance:g}: smaller values make more groups"
    )


def _move(crops: Sequence[Crop], groups: Sequence[Sequence[int]], out: str, network: str | None) -> None:
    with output_errors(Path(out)):
        for number, group in enumerate(groups, start=1):
            name = SINGLES_FOLDER if len(group) == 1 else group_folder(number)
            folder = os.path.join(out, name)
            os.makedirs(folder, exist_ok=True)
            for index in group:
                target = Path(folder, os.path.basename(crops[index].path))
                os.rename(crops[index].path, target)
                if network is not None and (facts := read_facts(str(target))) is not None:
                    facts = facts.model_copy(update={"network": network})
                    write_file(target, facts.written_into(target.read_bytes()))
