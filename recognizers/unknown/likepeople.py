"""Groups of unknown faces that look like people who already have a folder."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

import numpy as np

from recognizers.faces.facekey import FaceKey
from recognizers.faces.foldername import SET_ASIDE, group_number
from recognizers.networks.base import DescriptorArray
from recognizers.unknown.folders import PlacedPicture
from recognizers.unknown.groupfile import GroupState
from recognizers.unknown.linkage import Node, distance_between


def groups_like_people(
    state: GroupState, pictures: Mapping[FaceKey, PlacedPicture], distance: float
) -> list[tuple[int, str]]:
    """Return the groups that may show a person who has a folder, the most alike first.

    Only pictures that came out of groups are compared, as their descriptors are remembered.

    Args:
        state: of the groups.
        pictures: in the user's folders.
        distance: largest root mean squared distance.
    Returns: number of the group and name of the folder; of several folders the most alike one.
    """
    groups: dict[int, dict[FaceKey, DescriptorArray]] = defaultdict(dict)
    people: dict[str, dict[FaceKey, DescriptorArray]] = defaultdict(dict)
    for face in state.faces:
        key, descriptor = FaceKey.parse(face.key), face.numbers
        if descriptor is None:
            continue
        folder = pictures[key].folder if key in pictures else ""
        if folder and not folder.startswith(SET_ASIDE) and group_number(folder) is None:
            people[folder][key] = descriptor
        elif face.group is not None:
            groups[face.group][key] = descriptor
    found = []
    for number, own in groups.items():
        near = [
            (distance_between(_node(own), _node(theirs)), folder)
            for folder, theirs in people.items()
            if not {key[:2] for key in own} & {key[:2] for key in theirs}
        ]
        best, folder = min(near, default=(np.inf, ""))
        if best <= distance:
            found.append((best, number, folder))
    return [(number, folder) for _, number, folder in sorted(found)]


def _node(faces: Mapping[FaceKey, DescriptorArray]) -> Node:
    return Node(np.stack(list(faces.values())), frozenset())
