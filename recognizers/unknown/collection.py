"""The unknown faces of a mined collection, grouped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from recognizers.corrections.lookup import Corrections
from recognizers.faces.facekey import FaceKey
from recognizers.unknown.describing import FaceDescriber
from recognizers.unknown.groupfile import GroupState
from recognizers.unknown.groups import Groups, group_tracks
from recognizers.unknown.minedfaces import iter_unknown_faces
from recognizers.unknown.tracks import Track, iter_tracks

LEAST_SIDE_PX = 40
"""Smaller faces show too little to be told apart by a network that looks at 112 pixels."""


class UnknownTracks(NamedTuple):
    """The unknown faces of a collection.

    Args:
        tracks: those that are large enough, one for each appearance in a video.
        too_small: the number of the others.
    """

    tracks: Sequence[Track]
    too_small: int


def unknown_tracks(
    output_root: Path,
    corrections: Corrections,
    problems: list[str],
    *,
    least_side_px: int = LEAST_SIDE_PX,
) -> UnknownTracks:
    """Return the unknown faces in an OUTPUT folder.

    Args:
        output_root: the folder.
        corrections: faces that people have named are left out.
        problems: gains a sentence for each report that cannot be read.
        least_side_px: smallest side of a face's box.
    Raises: OSError: the folder cannot be listed.
    """
    tracks = list(iter_tracks(iter_unknown_faces(output_root, corrections, problems)))
    large = [track for track in tracks if min(track.best.box.width, track.best.box.height) >= least_side_px]
    return UnknownTracks(large, len(tracks) - len(large))


def group_unknown(
    tracks: Sequence[Track],
    describer: FaceDescriber,
    state: GroupState,
    corrections: Corrections,
    *,
    distance: float | None = None,
    placed: Mapping[FaceKey, int] | None = None,
) -> Groups:
    """Group unknown faces as `recognizers.unknown.groups.group_tracks` does, and obey people's merges."""
    return group_tracks(tracks, describer, state, distance=distance, merges=corrections.merges, placed=placed)
