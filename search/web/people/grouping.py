"""A program that groups the unknown faces of a collection for the pages; the server starts it.

    python -m search.web.people.grouping OUTPUT FACES MODEL VIEW THUMBNAILS

It prints its progress as JSON objects, one a line. Groups keep their numbers through `FACES/groups.json`.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from pipeline.errors import MinerError
from pipeline.frame import RgbArray
from pipeline.host.libraries import configure
from recognizers.corrections.lookup import Corrections
from recognizers.faces.facekey import FaceKey
from recognizers.faces.foldername import GROUPS_FILE
from recognizers.networks.base import FaceNetworkRecord
from recognizers.unknown.collection import group_unknown, unknown_tracks
from recognizers.unknown.describing import DescribedFace, PixelDescriber
from recognizers.unknown.folders import PlacedPicture, pictures_in, placed_by_people
from recognizers.unknown.groupfile import lock_groups, read_groups, write_groups
from recognizers.unknown.keptdescribing import KeptDescriber
from recognizers.unknown.minedfaces import MinedFace
from recognizers.unknown.pictures import cut_faces, png_of
from search.web.facecrops import cached_at, facts_for
from search.web.people.facesview import write_view
from search.web.people.placing import UNDONE_FOLDER, placed_faces
from search.web.thumbnails import Thumbnails

_NICE = 5
SAMPLES = 6
"""Faces of a group on the page of all groups."""
_AHEAD = 24
"""Groups whose first faces are cut before the page asks for them."""
_MOST_PROBLEMS = 20


class ReportingDescriber:
    """Describes faces, prints how many there have been, and keeps their pictures for the pages.

    Args:
        output: OUTPUT, whose last run may have kept descriptors.
        model: directory of the face model, which says how faces are prepared.
        thumbnails: the cache.
        problems: gains a sentence for each file that cannot be read.
    Raises: ModelError: there is no network for faces.
    """

    def __init__(self, output: Path, model: Path, thumbnails: Thumbnails, problems: list[str]) -> None:
        self._facts = facts_for(model)
        self._thumbnails = thumbnails
        pixels = PixelDescriber("default", self._facts, problems, self._keep)
        self._describer = KeptDescriber(output, self._facts, pixels)

    @property
    def network(self) -> FaceNetworkRecord:
        """The network, with the hashes of its files."""
        return self._describer.network

    def descriptors_for(self, faces: Sequence[MinedFace]) -> Iterator[DescribedFace]:
        """Yield every one of these faces once."""
        for done, described in enumerate(self._describer.descriptors_for(faces), start=1):
            _report(done, len(faces))
            yield described

    def cut_ahead(self, faces: Sequence[MinedFace]) -> None:
        """Keep the pictures of faces that the first page shows, where they are not kept yet."""
        missing = [face for face in faces if not self._is_kept(face)]
        for cut in cut_faces(missing, self._facts, []):
            path = cached_at(self._thumbnails, cut.face, self._facts)
            if path is not None:
                self._thumbnails.keep(path, cut.png)

    def _is_kept(self, face: MinedFace) -> bool:
        path = cached_at(self._thumbnails, face, self._facts)
        return path is None or path.exists()

    def _keep(self, face: MinedFace, picture: RgbArray) -> None:
        path = cached_at(self._thumbnails, face, self._facts)
        if path is not None:
            self._thumbnails.keep(path, png_of(face, picture, self._facts))


def group(output: Path, faces: Path, model: Path, view: Path, thumbnails: Path) -> list[str]:
    """Group the unknown faces of OUTPUT, and write the groups and the view.

    Args:
        output: OUTPUT.
        faces: the folder of the user's that holds `groups.json`.
        model: directory of the face model; its corrections lie beside it.
        view: file for the pages.
        thumbnails: folder of the cache.
    Returns: a sentence for each file that could not be read.
    Raises: MinerError: the groups cannot be made or written.
    """
    problems: list[str] = []
    with lock_groups(faces):
        corrections = Corrections.beside(os.fspath(model))
        found = unknown_tracks(output, corrections, problems)
        describer = ReportingDescriber(output, model, Thumbnails(thumbnails), problems)
        state = read_groups(faces / GROUPS_FILE)
        pictures = pictures_in(faces)
        lying = {key: one for key, one in pictures.items() if _is_placed(key, one, corrections)}
        placed = placed_by_people(lying) | placed_faces(corrections)
        groups = group_unknown(found.tracks, describer, state, corrections, placed=placed)
        write_groups(faces / GROUPS_FILE, groups.state)
        view.parent.mkdir(parents=True, exist_ok=True)
        unaligned = [track for track in groups.undescribed if track.best.landmarks is None]
        facts = {
            "problems": len(problems),
            "undescribed": len(groups.undescribed) - len(unaligned),
            "too_small": found.too_small,
        }
        write_view(view, groups.numbered, [*groups.singles, *unaligned], groups.alike, facts)
    describer.cut_ahead(
        [track.best for own in list(groups.numbered.values())[:_AHEAD] for track in own[:SAMPLES]]
    )
    return problems


def _is_placed(key: FaceKey, picture: PlacedPicture, corrections: Corrections) -> bool:
    """Whether the place of a picture says where its face belongs.

    A face that was named on a page keeps the number of its group, in case the name is undone.
    """
    verdict = corrections.verdict(key)
    return picture.folder != UNDONE_FOLDER and (verdict is None or verdict.name is None)


def main(arguments: Sequence[str]) -> int:
    """Run the program; returns its exit status."""
    os.nice(_NICE)
    configure()
    try:
        problems = group(*map(Path, arguments))
    except MinerError as error:
        print(error)
        return 3
    for problem in problems[:_MOST_PROBLEMS]:
        print(problem)
    return 0


def _report(done: int, total: int) -> None:
    if done == total or done % 10 == 0:
        print(json.dumps({"done": done, "total": total}), flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
